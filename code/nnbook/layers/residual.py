r"""A block of layers whose output is added to its input.

Chapter: :doc:`/deep-architectures`.
"""

from collections.abc import MutableMapping

import numpy as np

from nnbook.layers.base import Layer
from nnbook.layers.stack import chain_shapes, check_layers, describe_shape


class Residual(Layer):
    r"""Add what some layers compute of the input to the input itself.

    .. math:: y = x + f(x), \qquad
              \mathrm{d}x = \mathrm{d}y + \Big(\frac{\partial f}{\partial x}\Big)^\top \mathrm{d}y

    The first summand of :math:`\mathrm{d}x` passes by the layers, whatever they do. Their
    parameters, gradients and buffers are the block's, named by the layer's number in the block:
    ``"0.W"``.

    Parameters
    ----------
    layers : list of Layer
        The layers of f, in the order in which they work. X, Y and f(X) have one shape.

    Raises
    ------
    ValueError, TypeError
        If there is no layer, an argument is no layer, or one is in use already. When the block is
        built: if its layers do not fit each other, or give another shape than they get.

    References
    ----------
    K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016,
    `arXiv:1512.03385 <https://arxiv.org/abs/1512.03385>`_.

    Notes
    -----
    Chapter: :doc:`/deep-architectures`.
    """

    def __init__(self, layers):
        self.layers = check_layers(layers)
        super().__init__()
        self.parameters = _Arrays(self.layers, "parameters")
        self.gradients = _Arrays(self.layers, "gradients")
        self.buffers = _Arrays(self.layers, "buffers")
        for layer in self.layers:
            layer.in_use = True

    def output_shape(self, shape):
        try:
            # Unknown, it is what the layers give: the sum needs both alike.
            expected = chain_shapes(self.layers, None)[-1] if shape is None else shape
            given = chain_shapes(self.layers, expected)[-1]
        except ValueError as error:
            raise ValueError(f"{self}: {error}") from None
        if given != expected:
            x, f = describe_shape(expected), describe_shape(given)
            raise ValueError(f"{self} adds its input to its output: x has {x}, f(x) has {f}")
        return given

    def build(self, shape, rng=None, dtype="float32"):
        shape, rng = self.output_shape(shape), np.random.default_rng(rng)
        for layer, before in zip(self.layers, chain_shapes(self.layers, shape), strict=False):
            layer.build(before, rng, dtype)
        return self

    def forward(self, x, training=False):
        y = x
        for layer in self.layers:
            y = layer.forward(y, training)
        return x + y

    def backward(self, dy):
        dx = dy
        for layer in reversed(self.layers):
            dx = layer.backward(dx)
            if not layer.needs_input_gradient:
                return None
        return dy + dx

    @property
    def rng(self):
        """Source of what is random in the layers; setting it reaches each of them."""
        return self.layers[0].rng

    @rng.setter
    def rng(self, rng):
        for layer in self.layers:
            layer.rng = rng

    @property
    def needs_input_gradient(self):
        """Whether `backward` has to compute dx; if not, the first layer with parameters need not.

        Below it nobody needs a derivative, inside the block and outside.
        """
        return all(layer.needs_input_gradient for layer in self.layers)

    @needs_input_gradient.setter
    def needs_input_gradient(self, needed):
        trainable = [layer for layer in self.layers if layer.parameters]
        for layer in self.layers:
            layer.needs_input_gradient = needed or layer not in trainable[:1]


class _Arrays(MutableMapping):
    """The arrays of one kind of several layers under one roof: reads and writes reach theirs."""

    def __init__(self, layers, kind):
        self.layers, self.kind = layers, kind

    def _places(self):
        """Return, for each name, the layer's own dictionary and the name in there."""
        owned = [(i, getattr(layer, self.kind)) for i, layer in enumerate(self.layers)]
        return {f"{i}.{name}": (arrays, name) for i, arrays in owned for name in arrays}

    def __getitem__(self, name):
        arrays, own_name = self._places()[name]
        return arrays[own_name]

    def __setitem__(self, name, array):
        arrays, own_name = self._places()[name]
        arrays[own_name] = array

    def __delitem__(self, name):
        raise TypeError(f"{name} belongs to a layer of the block, and stays there")

    def __iter__(self):
        return iter(self._places())

    def __len__(self):
        return len(self._places())
