r"""Paths: where an optimizer was, step by step, and planes on which to draw that.

Chapter: :doc:`/optimization`.
"""

import numpy as np

from nnbook.validation import check_count, check_matrix, check_nonnegative


def trace(optimizer, landscape, start, steps, noise=0.0, rng=None):
    r"""Let an optimizer walk, and return where it was.

    Parameters
    ----------
    optimizer : Optimizer
        A fresh one with its arguments takes the steps; this one stays as it is.
    landscape : Landscape
        Where.
    start : array_like of shape (n,)
        The first point; float32 stays float32.
    steps : int
        How many.
    noise : float, default 0
        Standard deviation of normal noise that is added to each number of each gradient, as a
        mini-batch adds it.
    rng : numpy.random.Generator, int or None, default None
        Source of the noise.

    Returns
    -------
    ndarray of shape (steps + 1, n)

    Raises
    ------
    FloatingPointError
        If the path leaves the numbers that a float can hold.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    check_count("steps", steps)
    check_nonnegative("noise", noise)
    rng, optimizer = np.random.default_rng(rng), type(optimizer)(**optimizer.config())
    w = np.array(start, dtype=np.result_type(np.float32, np.asarray(start).dtype))
    path = [w.copy()]
    for step in range(1, steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = landscape.gradient(w)
            gradient += noise * rng.standard_normal(w.shape).astype(w.dtype)
            optimizer.step(w, gradient)
        if not np.isfinite(w).all():
            raise FloatingPointError(f"step {step} of {optimizer} leads to {w}")
        path.append(w.copy())
    return np.array(path)


def principal_directions(path):
    r"""Return the two directions in which a path extends most, seen from its end.

    Parameters
    ----------
    path : ndarray of shape (k, n)
        Points, at least three.

    Returns
    -------
    directions : ndarray of shape (2, n)
        Orthonormal: the first two right singular vectors of the points less the last point.
    share : float
        How much of the squared distances from the end they hold, from 0 to 1.

    References
    ----------
    H. Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018,
    `arXiv:1712.09913 <https://arxiv.org/abs/1712.09913>`_, section 7.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    path = check_matrix("path", path)
    if len(path) < 3:
        raise ValueError(f"path has {len(path)} points, expected at least 3")
    _, lengths, directions = np.linalg.svd(path - path[-1], full_matrices=False)
    return directions[:2], float((lengths[:2] ** 2).sum() / (lengths**2).sum())


def plane(landscape, across, up, origin=(0.0, 0.0), directions=((1.0, 0.0), (0.0, 1.0))):
    r"""Return the heights over a grid in the plane through `origin` along two directions.

    .. math:: f(w_0 + a\, d_1 + b\, d_2)

    Parameters
    ----------
    landscape : Landscape
        What is cut.
    across, up : array_like of shape (k,) and (l,)
        The values of a and of b.
    origin : array_like of shape (n,)
        The point :math:`w_0`; (0, 0) if left out.
    directions : array_like of shape (2, n)
        The directions :math:`d_1, d_2`; the axes of the plane if left out.

    Returns
    -------
    ndarray of shape (l, k)
        As Matplotlib's contour takes it.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    origin, (first, second) = np.asarray(origin), np.asarray(directions)
    rows = [[origin + a * first + b * second for a in across] for b in up]
    return np.array([[landscape.value(w) for w in row] for row in rows])
