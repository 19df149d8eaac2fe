r"""Initial weights: how large the random numbers are from which training starts.

Each function draws in float64 from `rng` and returns an array of `shape`. `fan_in` is the number
of inputs that each neuron sums, `fan_out` the number of neurons that each input feeds. A layer
takes one of them by name, ``Dense(784, 128, kernel_initializer="he_normal")``, or any other
function of the same four arguments.

Chapter: :doc:`/engine`.
"""

from functools import partial

import numpy as np

from nnbook.validation import check_positive


def he_normal(rng, shape, fan_in, fan_out):
    r"""Normal with variance :math:`2 / n_\text{in}`: keeps the scale of activations under ReLU.

    References
    ----------
    K. He et al., "Delving Deep into Rectifiers", ICCV 2015,
    `arXiv:1502.01852 <https://arxiv.org/abs/1502.01852>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.standard_normal(shape) * np.sqrt(2 / fan_in)


def he_uniform(rng, shape, fan_in, fan_out):
    r"""Uniform with variance :math:`2 / n_\text{in}`; see :func:`he_normal`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.uniform(-1, 1, shape) * np.sqrt(6 / fan_in)


def glorot_normal(rng, shape, fan_in, fan_out):
    r"""Normal with variance :math:`2 / (n_\text{in} + n_\text{out})`, made for tanh.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, `PMLR 9:249-256 <https://proceedings.mlr.press/v9/glorot10a.html>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.standard_normal(shape) * np.sqrt(2 / (fan_in + fan_out))


def glorot_uniform(rng, shape, fan_in, fan_out):
    r"""Uniform with variance :math:`2 / (n_\text{in} + n_\text{out})`: Keras's default.

    See :func:`glorot_normal`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.uniform(-1, 1, shape) * np.sqrt(6 / (fan_in + fan_out))


def lecun_normal(rng, shape, fan_in, fan_out):
    r"""Normal with variance :math:`1 / n_\text{in}`: a sum of inputs keeps their variance.

    References
    ----------
    Y. LeCun et al., "Efficient BackProp", 1998, section 4.6.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.standard_normal(shape) * np.sqrt(1 / fan_in)


def lecun_uniform(rng, shape, fan_in, fan_out):
    r"""Uniform with variance :math:`1 / n_\text{in}`; see :func:`lecun_normal`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.uniform(-1, 1, shape) * np.sqrt(3 / fan_in)


def pytorch_uniform(rng, shape, fan_in, fan_out):
    r"""Uniform from :math:`-1/\sqrt{n_\text{in}}` to :math:`1/\sqrt{n_\text{in}}`.

    The default of PyTorch's ``nn.Linear``, for weights and biases alike; its variance is
    :math:`1 / (3 n_\text{in})`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return rng.uniform(-1, 1, shape) / np.sqrt(fan_in)


def zeros(rng, shape, fan_in, fan_out):
    """All zero: right for biases; for weights a mistake, all neurons then learn the same.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return np.zeros(shape)


def constant_scale(stddev):
    """Return an initializer: normal with this standard deviation, however wide the layer.

    It ignores the number of inputs, and so activations grow or vanish with depth.

    Parameters
    ----------
    stddev : float
        Standard deviation of every weight.

    Raises
    ------
    ValueError, TypeError
        If `stddev` is no positive, finite number.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return partial(_normal, stddev=check_positive("stddev", stddev))


def _normal(rng, shape, fan_in, fan_out, stddev):
    return rng.standard_normal(shape) * stddev


INITIALIZERS = {
    initializer.__name__: initializer
    for initializer in (
        he_normal,
        he_uniform,
        glorot_normal,
        glorot_uniform,
        lecun_normal,
        lecun_uniform,
        pytorch_uniform,
        zeros,
    )
}


def get_initializer(name, initializer):
    """Return the initializer that the argument `name` gives, by its name or as a function.

    Raises
    ------
    ValueError, TypeError
        If `initializer` is an unknown name, or neither a string nor callable.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if callable(initializer):
        return initializer
    if not isinstance(initializer, str):
        raise TypeError(f"{name} is {initializer!r}, expected a name or a function")
    if initializer not in INITIALIZERS:
        known = ", ".join(INITIALIZERS)
        raise ValueError(f"{name} is {initializer!r}, expected one of {known}")
    return INITIALIZERS[initializer]
