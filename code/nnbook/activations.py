r"""Activation functions and their derivatives.

Every function works element by element on an array of any shape, keeps its floating-point dtype
(integers become float64) and stays finite and silent for inputs as large as ±10,000. ``softmax``
and its Jacobian alone mix elements: they take each vector along one axis as a whole.

Chapter: :doc:`/activations`.
"""

import numpy as np

from nnbook.validation import check_numeric


def sigmoid(z):
    r"""Squash every number into the interval from 0 to 1.

    .. math:: \sigma(z) = \frac{1}{1 + e^{-z}}

    Computed as :math:`1 / (1 + e^{-|z|})` for :math:`z \ge 0` and
    :math:`e^{-|z|} / (1 + e^{-|z|})` for :math:`z < 0`, so that the exponential never overflows.

    Parameters
    ----------
    z : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    z = check_numeric("z", z)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def sigmoid_derivative(z):
    r"""Slope of the sigmoid at `z`, at most 1/4.

    .. math:: \sigma'(z) = \sigma(z)\,(1 - \sigma(z)) = \frac{e^{-|z|}}{(1 + e^{-|z|})^2}

    The right-hand side keeps its precision where :math:`\sigma(z)` rounds to 1.

    Parameters
    ----------
    z : array_like
        Real numbers of any shape: the input of the sigmoid, not its output.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    e = np.exp(-np.abs(check_numeric("z", z)))
    return e / (1 + e) ** 2


def tanh(z):
    r"""Squash every number into the interval from -1 to 1.

    .. math:: \tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}} = 2\,\sigma(2z) - 1

    Parameters
    ----------
    z : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    return np.tanh(check_numeric("z", z))


def tanh_derivative(z):
    r"""Slope of tanh at `z`, at most 1.

    .. math:: \tanh'(z) = 1 - \tanh^2(z) = \frac{4\,e^{-2|z|}}{(1 + e^{-2|z|})^2}

    The right-hand side keeps its precision where :math:`\tanh^2(z)` rounds to 1.

    Parameters
    ----------
    z : array_like
        Real numbers of any shape: the input of tanh, not its output.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    e = np.exp(-2 * np.abs(check_numeric("z", z)))
    return 4 * e / (1 + e) ** 2


def relu(z):
    r"""Rectified linear unit: keep what is positive, set the rest to zero.

    .. math:: \operatorname{ReLU}(z) = \max(0, z)

    Parameters
    ----------
    z : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    return np.maximum(check_numeric("z", z), 0)


def relu_derivative(z):
    r"""Slope of the rectified linear unit: 1 where `z` is positive, otherwise 0.

    .. math:: \operatorname{ReLU}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}

    At the kink :math:`z = 0` no derivative exists; 0 is the value that Keras and PyTorch use.

    Parameters
    ----------
    z : array_like
        Real numbers of any shape: the input of the ReLU, not its output.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    z = check_numeric("z", z)
    return (z > 0).astype(z.dtype)


def softmax(z, axis=-1):
    r"""Turn each vector of scores along `axis` into probabilities that sum to 1.

    .. math:: \operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}
              = \frac{e^{z_i - \max z}}{\sum_j e^{z_j - \max z}}

    The largest score is subtracted first. That changes nothing, because softmax ignores a shift
    by a constant, and it keeps the exponential from overflowing.

    Parameters
    ----------
    z : array_like, at least 1-D
        Real scores (logits).
    axis : int, default -1
        The axis over which the result sums to 1.

    Returns
    -------
    ndarray
        Same shape and floating-point dtype as `z`.

    Raises
    ------
    ValueError
        If `z` has no axis, is empty along it, or its largest score there is not finite.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    z = check_numeric("z", z)
    if z.ndim == 0 or z.shape[axis] == 0:
        raise ValueError(f"z has shape {z.shape}, expected scores along axis {axis}")
    largest = z.max(axis=axis, keepdims=True)
    if not np.isfinite(largest).all():
        raise ValueError("z has a maximum of nan or infinity, expected a finite one")
    e = np.exp(z - largest)
    return e / e.sum(axis=axis, keepdims=True)


def softmax_jacobian(z):
    r"""Every derivative of softmax: how each probability moves with each score.

    .. math:: \frac{\partial p_i}{\partial z_j} = p_i\,(\delta_{ij} - p_j),
              \qquad p = \operatorname{softmax}(z)

    Parameters
    ----------
    z : array_like of shape (..., K)
        Real scores, the classes along the last axis.

    Returns
    -------
    ndarray of shape (..., K, K)
        A symmetric matrix for each vector of scores; its rows sum to 0.

    Raises
    ------
    ValueError
        As :func:`softmax`.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    p = softmax(z)
    identity = np.eye(p.shape[-1], dtype=p.dtype)
    return p[..., :, None] * (identity - p[..., None, :])


class ActivationFunctions:
    """The activation functions gathered under one name, as static methods.

    ``ActivationFunctions.relu(z)`` is :func:`relu`, and so on. ``softmax`` expects one sample a
    row and sums to 1 along the last axis.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """

    sigmoid = staticmethod(sigmoid)
    sigmoid_derivative = staticmethod(sigmoid_derivative)
    tanh = staticmethod(tanh)
    tanh_derivative = staticmethod(tanh_derivative)
    relu = staticmethod(relu)
    relu_derivative = staticmethod(relu_derivative)
    softmax = staticmethod(softmax)
    softmax_jacobian = staticmethod(softmax_jacobian)
