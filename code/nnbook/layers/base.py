"""What all layers share.

Chapter: :doc:`/engine`.
"""

import inspect

import numpy as np


class Layer:
    """A step of a network: ``forward`` computes it, ``backward`` its derivatives.

    Samples stand in rows: a batch has shape (m, ...). A layer remembers what its last forward
    pass needs for the backward pass. ``backward`` takes the derivative of the loss with respect
    to the layer's output, fills `gradients`, and returns the derivative with respect to the
    input. Layers trust their input; the network checks it once, at its door.

    Attributes
    ----------
    parameters, gradients : dict of str to ndarray
        What training changes, and the derivatives of the loss: equal names and shapes.
    buffers : dict of str to ndarray
        What the layer has measured and keeps, such as the running mean of BatchNorm.
    rng : numpy.random.Generator
        Source of what is random in a forward pass.
    in_use : bool
        Whether the layer belongs to a network or to a block of layers.
    needs_input_gradient : bool
        Whether `backward` has to compute what it returns; a network clears it on its first
        layer with parameters, because in training nobody below needs the result.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    needs_input_gradient = True

    def __init__(self):
        self.parameters, self.gradients, self.buffers = {}, {}, {}
        self.rng, self.in_use = None, False

    def output_shape(self, shape):
        """Return the shape of one sample's output for an input of `shape`; None is unknown.

        Raises
        ------
        ValueError
            If the layer cannot take that shape: the message says what it expects.
        """
        return shape

    def build(self, shape, rng=None, dtype="float32"):
        """Draw the initial parameters for inputs of `shape`, one sample's, and return the layer.

        Parameters
        ----------
        shape : tuple of int or None
            None if unknown; the layer then has to know its size itself.
        rng : numpy.random.Generator, int or None
            Source of the weights and of what is random in a forward pass.
        dtype : {"float32", "float64"}
            Precision of the parameters.

        Raises
        ------
        ValueError
            If the layer cannot take that shape, or needs to know it and does not.
        """
        self.output_shape(shape)
        self.rng = np.random.default_rng(rng)
        initial = self.initial_parameters(shape)
        self.parameters = {name: array.astype(dtype) for name, array in initial.items()}
        self.gradients = {name: np.zeros_like(p) for name, p in self.parameters.items()}
        self.buffers = {name: b.astype(dtype) for name, b in self.initial_buffers().items()}
        return self

    def initial_parameters(self, shape):
        """Return the parameters before training, by name, in float64."""
        return {}

    def initial_buffers(self):
        """Return the buffers before training, by name, in float64."""
        return {}

    def forward(self, x, training=False):
        """Return the layer's output for the batch `x`."""
        raise NotImplementedError

    def backward(self, dy):
        """Return the derivative of the loss with respect to the last input."""
        raise NotImplementedError

    def config(self):
        """Return the arguments that make an equal layer, apart from its initializers."""
        names = inspect.signature(type(self)).parameters
        return {name: getattr(self, name) for name in names if not name.endswith("initializer")}

    def __getstate__(self):
        """Leave out of a copy or a pickle what the last forward pass has left behind."""
        arguments = inspect.signature(type(self)).parameters
        state = vars(self).items()
        return {k: v for k, v in state if k in arguments or not isinstance(v, np.ndarray)}

    def __repr__(self):
        arguments = []
        for name, value in self.config().items():
            default = inspect.signature(type(self)).parameters[name].default
            written = f"{value:g}" if isinstance(value, float) else str(value)
            if default is inspect.Parameter.empty:
                arguments.append(written)
            elif value != default:
                arguments.append(f"{name}={written}")
        return f"{type(self).__name__}({', '.join(arguments)})"


def expect_features(layer, shape, features):
    """Refuse samples that are not one row of so many `features`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if shape not in (None, (features,)):
        raise ValueError(f"{layer} expects {features} features")
