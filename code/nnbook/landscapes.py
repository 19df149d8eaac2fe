r"""Losses to look at: functions of two numbers, and the loss of a network.

A landscape gives a height and a gradient for every point `w`, a vector. On a vector every optimizer
of :mod:`nnbook.optimizers` can step: :mod:`nnbook.paths` walks over a bowl and trains a network in
the same few lines.

Chapter: :doc:`/optimization`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnbook.validation import check_matrix, check_positive


@dataclass(frozen=True)
class Landscape:
    """A function of a vector, and its gradient.

    Parameters
    ----------
    value : callable
        Takes an array of shape (n,) and returns a float, the height.
    gradient : callable
        Takes the same and returns a new array of shape (n,).

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """

    value: Callable
    gradient: Callable


# --- Functions of two numbers --------------------------------------------------------------------


def bowl(A):
    r"""Return the quadratic with the curvatures of a matrix; its minimum is 0, at the origin.

    .. math:: f(w) = \tfrac12\, w^\top A\, w, \qquad \nabla f = A\, w

    Parameters
    ----------
    A : array_like of shape (n, n)
        Symmetric. Its eigenvalues are the curvatures along its eigenvectors.

    Returns
    -------
    Landscape

    Raises
    ------
    ValueError, TypeError
        If `A` is no symmetric matrix of finite numbers.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    A = check_matrix("A", A)
    if A.shape[0] != A.shape[1] or not np.allclose(A, A.T):
        raise ValueError(f"A is no symmetric matrix: shape {A.shape}, expected A equal to A.T")
    return Landscape(lambda w: float(w @ A @ w / 2), lambda w: A @ w)


def rosenbrock(steepness=100.0):
    r"""Return Rosenbrock's curved ravine; its minimum is 0, at (1, 1).

    .. math:: f(x, y) = (1 - x)^2 + s\, (y - x^2)^2

    Parameters
    ----------
    steepness : float, default 100
        How steep the walls are, s.

    Returns
    -------
    Landscape

    References
    ----------
    H. H. Rosenbrock, "An Automatic Method for Finding the Greatest or Least Value of a Function",
    The Computer Journal 3 (1960), `doi:10.1093/comjnl/3.3.175
    <https://doi.org/10.1093/comjnl/3.3.175>`_.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    s = check_positive("steepness", steepness)

    def gradient(w):
        x, y = w
        across = y - x**2
        return np.array([-2 * (1 - x) - 4 * s * x * across, 2 * s * across])

    return Landscape(lambda w: float((1 - w[0]) ** 2 + s * (w[1] - w[0] ** 2) ** 2), gradient)


def _saddle_gradient(w):
    x, y = w
    return np.array([x, y**3 - y])


def _beale(w):
    x, y = w
    return sum((c - x * (1 - y**k)) ** 2 for k, c in enumerate((1.5, 2.25, 2.625), start=1))


def _beale_gradient(w):
    x, y = w
    slope = np.zeros(2)
    for k, c in enumerate((1.5, 2.25, 2.625), start=1):
        left = c - x * (1 - y**k)
        slope += 2 * left * np.array([y**k - 1, k * x * y ** (k - 1)])
    return slope


#: A saddle at (0, 0) between two minima at (0, ±1): :math:`\frac{x^2 - y^2}{2} + \frac{y^4}{4}`.
SADDLE = Landscape(lambda w: float((w[0] ** 2 - w[1] ** 2) / 2 + w[1] ** 4 / 4), _saddle_gradient)
#: A plain between walls with its minimum at (3, 0.5), Beale's:
#: :math:`\sum_{k=1}^3 (c_k - x (1 - y^k))^2` with :math:`c = (1.5, 2.25, 2.625)`.
BEALE = Landscape(lambda w: float(_beale(w)), _beale_gradient)


# --- The loss of a network -----------------------------------------------------------------------


def network_landscape(network, x, y):
    """Return the loss of a network on some samples, as a function of all its parameters.

    Parameters
    ----------
    network : Network
        Afterwards it has the parameters of the last point that was asked for.
    x, y : ndarray
        The samples and labels, all of which take part in each value and gradient.

    Returns
    -------
    Landscape
        Of vectors like ``network.parameters``, in use and not in training: nothing is dropped.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """

    def value(w):
        network.parameters[:] = w
        return network.compute_loss(x, y, training=False)

    def gradient(w):
        network.parameters[:] = w
        network.compute_gradients(x, y, training=False)
        return network.gradients.copy()

    return Landscape(value, gradient)


# --- Curvature -----------------------------------------------------------------------------------


def hessian(landscape, w, step=1e-4):
    r"""Estimate the second derivatives by central differences of the gradient.

    .. math:: H e_j \approx \frac{\nabla f(w + s e_j) - \nabla f(w - s e_j)}{2s}

    Parameters
    ----------
    landscape : Landscape
        Its gradient is asked for 2n times.
    w : array_like of shape (n,)
        Where; float64.
    step : float, default 1e-4
        The step s.

    Returns
    -------
    ndarray of shape (n, n)
        Made symmetric: the mean of what was found and its transpose.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    w, gradient = np.asarray(w, dtype=np.float64), landscape.gradient
    shifts = check_positive("step", step) * np.eye(len(w))
    columns = np.array([gradient(w + s) - gradient(w - s) for s in shifts]) / (2 * step)
    return (columns + columns.T) / 2
