r"""The network: layers in a row, and all their parameters in one vector.

Chapter: :doc:`/engine`.
"""

from contextlib import contextmanager

import numpy as np

from nnbook.layers.stack import chain_shapes, check_layers
from nnbook.losses import get_loss
from nnbook.validation import check_cast, check_choice, check_finite, check_numeric, require_finite

DTYPES = ("float32", "float64")


class Network:
    """Layers applied one after the other, and the loss that training minimises.

    :class:`nnbook.sequential.Sequential` adds training, saving and loading to it.

    Parameters
    ----------
    layers : list of Layer
        In the order in which they work.
    loss : str or Loss, default "softmax_cross_entropy"
        ``"softmax_cross_entropy"``, ``"binary_cross_entropy"``, ``"mean_squared_error"``, or one
        of the classes of :mod:`nnbook.losses`.
    rng : numpy.random.Generator, int or None, default None
        Source of the initial weights, then of all that is random in training.
    dtype : {"float32", "float64"}, default "float32"
        Precision of the parameters and of every computation.

    Attributes
    ----------
    parameters, gradients : ndarray of shape (n,)
        All parameters in one vector, and the derivatives that the last
        :meth:`compute_gradients` left. Every layer's arrays are views into them. Weights come
        first: the first `num_weights` numbers are what a weight decay shrinks.

    Raises
    ------
    ValueError, TypeError
        If there is no layer, an argument is no layer or stands twice, or two layers do not fit
        each other: the message names both.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, layers, loss="softmax_cross_entropy", rng=None, dtype="float32"):
        self.layers = check_layers(layers)
        self.loss = get_loss(loss)
        self.dtype = _check_dtype(dtype)
        self.rng = np.random.default_rng(rng)
        *shapes, last = chain_shapes(self.layers, None)
        for layer, shape in zip(self.layers, shapes, strict=True):
            layer.build(shape, self.rng, self.dtype)
        if last is None:
            raise ValueError("no layer knows its size, expected a Dense layer among layers")
        (self.num_outputs,) = last
        self._gather_parameters()
        for layer in self.layers:
            layer.in_use = True

    # --- Structure ---

    def _gather_parameters(self):
        """Move all parameters into one vector, weights first, and make the layers' arrays views."""
        named = [(layer, n, p) for layer in self.layers for n, p in layer.parameters.items()]
        named.sort(key=lambda entry: entry[2].ndim < 2)  # stable: weights first, else in order
        self.num_weights = sum(p.size for _, _, p in named if p.ndim >= 2)
        flat = [p.ravel() for _, _, p in named] or [[]]
        self.parameters = np.concatenate(flat, dtype=self.dtype)
        self.gradients = np.zeros_like(self.parameters)
        start = 0
        for layer, name, p in named:
            block = slice(start, start + p.size)
            layer.parameters[name] = self.parameters[block].reshape(p.shape)
            layer.gradients[name] = self.gradients[block].reshape(p.shape)
            start += p.size
        trainable = [layer for layer in self.layers if layer.parameters]
        for layer in self.layers:
            layer.needs_input_gradient = layer not in trainable[:1]

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._gather_parameters()  # a copy, or what pickle brings back, has no views any more

    def _named(self, attribute):
        return {
            f"{i}.{name}": array
            for i, layer in enumerate(self.layers)
            for name, array in getattr(layer, attribute).items()
        }

    def named_parameters(self):
        """Return every parameter by its layer's number and its name, such as ``"0.W"``.

        The arrays are the network's own, not copies.
        """
        return self._named("parameters")

    def named_gradients(self):
        """Return the gradients of the last :meth:`compute_gradients`, named like the parameters."""
        return self._named("gradients")

    def named_buffers(self):
        """Return what layers have measured, such as BatchNorm's running mean, by name."""
        return self._named("buffers")

    def set_rng(self, rng):
        """Take `rng`, a generator or a seed, as the source of all that is random from now on."""
        self.rng = rng = np.random.default_rng(rng)
        for layer in self.layers:
            layer.rng = rng

    def get_weights(self):
        """Return copies of all parameters and buffers, by name."""
        return {name: array.copy() for name, array in self._weights().items()}

    def set_weights(self, weights):
        """Take over the parameters and buffers that :meth:`get_weights` gave.

        Parameters
        ----------
        weights : dict of str to array_like
            With the names and shapes of this network's.

        Raises
        ------
        ValueError, TypeError
            If a name or shape differs, or a number is not finite; nothing has changed then.
        """
        if not isinstance(weights, dict):
            raise TypeError(f"weights is a {type(weights).__name__}, expected a dict")
        own = self._weights()
        if differing := own.keys() ^ weights.keys():
            name = min(differing)
            given = "lacks" if name in own else "has an unknown entry"
            raise ValueError(f"weights {given} {name}, expected {', '.join(own)}")
        arrays = {name: check_numeric(f"weights[{name!r}]", w) for name, w in weights.items()}
        for name, array in arrays.items():
            if array.shape != own[name].shape:
                raise ValueError(
                    f"weights[{name!r}] has shape {array.shape}, expected {own[name].shape}"
                )
            arrays[name] = check_cast(f"weights[{name!r}]", array, self.dtype)
        self._copy_in(arrays)

    def _weights(self):
        return self.named_parameters() | self.named_buffers()

    def _copy_in(self, weights):
        for name, array in self._weights().items():
            array[...] = weights[name]

    def summary(self):
        """Print a table of the layers, their output shapes and their numbers of parameters."""
        width = max(32, *(len(str(layer)) for layer in self.layers))
        print(f"{'layer':{width}}{'output shape':>16}{'parameters':>14}")
        for layer, shape in zip(self.layers, chain_shapes(self.layers, None)[1:], strict=True):
            written = "unknown" if shape is None else f"(m, {', '.join(map(str, shape))})"
            count = sum(p.size for p in layer.parameters.values())
            print(f"{layer!s:{width}}{written:>16}{count:>14,}")
        print(f"{'total':{width}}{self.parameters.size:>30,}")

    def __repr__(self):
        return f"{type(self).__name__}({self.layers})"

    # --- Passes ---

    def check_input(self, x):
        """Return `x` as an array of samples that the first layer takes, without copying it.

        Raises
        ------
        ValueError, TypeError
            If `x` holds no samples, anything but finite real numbers, or samples of a shape that
            does not fit.
        """
        x = np.asarray(x)
        if x.dtype.kind not in "biuf":
            raise TypeError(f"x has dtype {x.dtype}, expected real numbers")
        if x.ndim < 2 or x.size == 0:
            raise ValueError(f"x has shape {x.shape}, expected (samples, features)")
        chain_shapes(self.layers, x.shape[1:])
        if x.dtype.kind == "f":
            check_finite("x", x)
        return x

    def check_targets(self, y, num_samples):
        """Return `y` as targets in the network's precision, one for each of the samples.

        Raises
        ------
        ValueError, TypeError
            If there are more or fewer, or the loss cannot take them.
        """
        y = self.loss.check_targets("y", y, self.num_outputs)
        if len(y) != num_samples:
            raise ValueError(f"y has {len(y)} targets, expected {num_samples} (the samples of x)")
        return check_cast("y", y, self.dtype) if y.dtype.kind == "f" else y

    @np.errstate(over="ignore", invalid="ignore")
    def forward(self, x, training=False):
        """Return the outputs (logits) for the samples `x`.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row.
        training : bool, default False
            Whether dropout drops and batch normalisation takes the statistics of this batch.

        Returns
        -------
        ndarray of shape (m, K)

        Raises
        ------
        ValueError, TypeError
            As :meth:`check_input`.
        FloatingPointError
            If an output overflows.
        """
        return self._finite_outputs(self._forward(self.check_input(x), training))

    def _forward(self, x, training=False):
        x = x.astype(self.dtype, copy=False)
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def _backward(self, dy):
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
            if not layer.needs_input_gradient:
                return None
        return dy

    def _finite_outputs(self, outputs):
        require_finite(outputs=outputs)
        return outputs

    @np.errstate(over="ignore", invalid="ignore")
    def compute_loss(self, x, y, training=True):
        """Return the loss on a batch, and leave `gradients` alone.

        Parameters
        ----------
        x, y, training
            As in :meth:`compute_gradients`, whose derivatives belong to this very number.

        Returns
        -------
        float

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            If `x` or `y` does not fit, or an output overflows.
        """
        outputs = self.forward(x, training)
        return _finite(self.loss.forward(outputs, self.check_targets(y, len(outputs))))

    def compute_gradients(self, x, y, training=True):
        """Return the loss on a batch, and leave its derivatives in `gradients`.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row.
        y : array_like of shape (m,) or (m, K)
            Integer labels, or what the loss takes.
        training : bool, default True
            As in :meth:`forward`.

        Returns
        -------
        float

        Raises
        ------
        ValueError, TypeError
            If `x` or `y` does not fit.
        """
        x = self.check_input(x)
        return _finite(self._loss_and_gradients(x, self.check_targets(y, len(x)), training)[0])

    @np.errstate(over="ignore", invalid="ignore")  # who calls looks at the loss
    def _loss_and_gradients(self, x, y, training=True):
        outputs = self._forward(x, training)
        loss = self.loss.forward(outputs, y)
        self._backward(self.loss.backward())
        return loss, outputs

    @np.errstate(over="ignore", invalid="ignore")
    def input_gradient(self, x, y, training=False):
        r"""Return the derivative of each sample's loss with respect to its own input.

        .. math:: g^{(i)} = \frac{\partial L^{(i)}}{\partial x^{(i)}}, \qquad
                  L = \frac1m \textstyle\sum_i L^{(i)}

        In evaluation mode a sample's derivative does not depend on the others of the batch. In
        training mode batch normalisation mixes the samples: then it is the derivative of
        :math:`\sum_i L^{(i)}`. The array `gradients` stays as it was.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row.
        y : array_like of shape (m,) or (m, K)
            Integer labels, or what the loss takes.
        training : bool, default False
            As in :meth:`forward`.

        Returns
        -------
        ndarray of the shape of `x`
            In the network's precision.

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            If `x` or `y` does not fit, or a number overflows.

        References
        ----------
        K. Simonyan, A. Vedaldi and A. Zisserman, "Deep Inside Convolutional Networks", 2013,
        `arXiv:1312.6034 <https://arxiv.org/abs/1312.6034>`_.

        Notes
        -----
        Chapter: :doc:`/training-well`.
        """
        x = self.check_input(x)
        y = self.check_targets(y, len(x))
        _finite(self.loss.forward(self._forward(x, training), y))
        with self._down_to_the_input():
            gradient = self._backward(self.loss.backward() * len(x))
        require_finite(input_gradient=gradient)
        return gradient

    @contextmanager
    def _down_to_the_input(self):
        """Let no layer end the way back, and afterwards put back what that has changed."""
        ends = [layer for layer in self.layers if not layer.needs_input_gradient]
        gradients = self.gradients.copy()
        try:
            for layer in ends:
                layer.needs_input_gradient = True
            yield
        finally:
            for layer in ends:
                layer.needs_input_gradient = False
            self.gradients[...] = gradients

    # --- Use ---

    @np.errstate(over="ignore", invalid="ignore")
    def _outputs(self, x, batch_size=1000):
        """Return the outputs for all samples of `x`, so many at a time."""
        batches = [self._forward(x[i : i + batch_size]) for i in range(0, len(x), batch_size)]
        return self._finite_outputs(batches[0] if len(batches) == 1 else np.concatenate(batches))

    def predict(self, x):
        """Return the label, or with a regression loss the number, that the network gives.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row.

        Returns
        -------
        ndarray of shape (m,) or (m, K)

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            As :meth:`forward`.
        """
        return self.loss.predict(self._outputs(self.check_input(x)))

    def predict_proba(self, x):
        """Return the probability of every class; with binary cross-entropy, of a yes.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row.

        Returns
        -------
        ndarray of shape (m, K)

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            As :meth:`forward`; also if the loss knows no probabilities.
        """
        return self.loss.predict_proba(self._outputs(self.check_input(x)))

    def evaluate(self, x, y):
        """Return the loss and the metric of the network as it stands.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row.
        y : array_like of shape (m,) or (m, K)
            Integer labels, or what the loss takes.

        Returns
        -------
        loss, metric : float
            The metric is the accuracy; with a regression loss, the mean absolute error.

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            If `x` or `y` does not fit, or an output overflows.
        """
        x = self.check_input(x)
        y = self.check_targets(y, len(x))
        return self._evaluate(x, y)

    @np.errstate(over="ignore", invalid="ignore")
    def _evaluate(self, x, y):
        outputs = self._outputs(x)
        return _finite(self.loss.forward(outputs, y)), self.loss.score(outputs, y)


def _finite(loss):
    require_finite(loss=loss)
    return loss


def _check_dtype(dtype):
    try:
        name = dtype if dtype is None else np.dtype(dtype).name  # NumPy takes None for float64
    except TypeError:
        name = dtype
    return np.dtype(check_choice("dtype", name, DTYPES))
