r"""Calibration: do a network's probabilities mean what they say, and one number that mends them.

Chapter: :doc:`/training-well`.
"""

from typing import NamedTuple

import numpy as np

from nnbook.activations import softmax
from nnbook.validation import (
    check_count,
    check_labels,
    check_matrix,
    check_positive,
    check_probabilities,
)


class Reliability(NamedTuple):
    """What :func:`reliability` has counted, a number for each bin.

    Attributes
    ----------
    edges : ndarray of shape (bins + 1,)
        Where the bins begin and end.
    count : ndarray of int, shape (bins,)
        Samples in each bin.
    confidence, accuracy : ndarray of shape (bins,)
        Mean confidence and share of right answers; NaN where a bin is empty.

    Notes
    -----
    Chapter: :doc:`/training-well`.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def reliability(probabilities, y, bins=15):
    r"""Sort answers by their confidence into bins of equal width, and compare with the truth.

    The confidence of an answer is its probability, the largest of the row. Bin b of B holds the
    confidences in :math:`\left( \tfrac{b-1}{B}, \tfrac{b}{B} \right]`.

    Parameters
    ----------
    probabilities : array_like of shape (m, K)
        One distribution over the classes in each row, as ``predict_proba`` gives it.
    y : array_like of shape (m,)
        Integer labels from 0 to K - 1.
    bins : int, default 15
        Their number B.

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError, TypeError
        If a row is no distribution, `y` does not fit, or `bins` is below 1.

    Notes
    -----
    Chapter: :doc:`/training-well`.
    """
    P, y = _check_rows(probabilities, y)
    edges = np.linspace(0, 1, check_count("bins", bins) + 1)
    confidence, right = P.max(axis=1), P.argmax(axis=1) == y
    place = np.searchsorted(edges[1:-1], confidence)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 is what an empty bin has
        means = [np.bincount(place, values, bins) / count for values in (confidence, right)]
    return Reliability(edges, count, *means)


def expected_calibration_error(probabilities, y, bins=15):
    r"""Return the mean distance between confidence and accuracy, bins weighted by their samples.

    .. math:: \mathrm{ECE} = \sum_b \frac{m_b}{m} \,
              \bigl| \mathrm{accuracy}_b - \mathrm{confidence}_b \bigr|

    Parameters
    ----------
    probabilities, y, bins
        As in :func:`reliability`.

    Returns
    -------
    float
        From 0, where they agree in every bin, to 1.

    Raises
    ------
    ValueError, TypeError
        As :func:`reliability`.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On Calibration of Modern Neural Networks",
    ICML 2017, `arXiv:1706.04599 <https://arxiv.org/abs/1706.04599>`_, equation 3.

    Notes
    -----
    Chapter: :doc:`/training-well`.
    """
    found = reliability(probabilities, y, bins)
    gaps = np.nan_to_num(np.abs(found.accuracy - found.confidence))
    return float(np.average(gaps, weights=found.count))


def temperature_slope(logits, y, temperature):
    r"""Return the derivative of the cross-entropy of ``logits / temperature`` by the temperature.

    .. math:: \frac{\partial L}{\partial T} = \frac{1}{m\,T^2} \sum_{i=1}^{m}
              \Bigl( z_{y}^{(i)} - \sum_k p_k^{(i)} z_k^{(i)} \Bigr), \qquad
              p = \operatorname{softmax}(z / T)

    Parameters
    ----------
    logits : array_like of shape (m, K)
        One sample a row.
    y : array_like of shape (m,)
        Integer labels from 0 to K - 1.
    temperature : float
        The positive number T.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or does not fit.

    Notes
    -----
    Chapter: :doc:`/training-well`.
    """
    logits, y = _check_labelled("logits", check_matrix("logits", logits), y)
    temperature = check_positive("temperature", temperature)
    return -_slope(logits, y, 1 / temperature) / temperature**2


def fit_temperature(logits, y):
    r"""Return the temperature at which the cross-entropy of ``logits / temperature`` is lowest.

    As a function of :math:`\beta = 1/T` the loss is convex: its second derivative is the mean
    variance of the logits under the predicted probabilities. So its slope has one zero, which
    Brent's method finds.

    Parameters
    ----------
    logits : array_like of shape (m, K)
        Of samples that were not trained on, one a row.
    y : array_like of shape (m,)
        Integer labels from 0 to K - 1.

    Returns
    -------
    float
        Above 1 where the network is too sure of itself.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or no temperature is best: where every answer is right,
        colder is better without end, and where the logits tell nothing, hotter is.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On Calibration of Modern Neural Networks",
    ICML 2017, `arXiv:1706.04599 <https://arxiv.org/abs/1706.04599>`_, section 4.2.

    Notes
    -----
    Chapter: :doc:`/training-well`.
    """
    from scipy.optimize import brentq  # SciPy takes longer to import than all of nnbook

    logits, y = _check_labelled("logits", check_matrix("logits", logits), y)
    scale = np.abs(logits).max() or 1.0
    z = logits / scale
    z -= z.max(axis=1, keepdims=True)
    of_the_label = z[np.arange(len(y)), y]
    if z.mean() >= of_the_label.mean():
        raise ValueError("the logits are no better than equal ones: no temperature is best")
    if not of_the_label.any():
        raise ValueError("every answer is right, so the loss falls for ever as T goes to 0")
    low = high = 1.0
    while _slope(z, y, low) > 0:
        low /= 2
    while _slope(z, y, high) < 0:
        high *= 2
    root = low if low == high else brentq(lambda beta: _slope(z, y, beta), low, high, rtol=1e-12)
    return float(scale / root)


def _slope(logits, y, beta):
    """Return the derivative of the cross-entropy of ``beta * logits`` by beta."""
    expected = (softmax(beta * logits) * logits).sum(axis=1)
    return float(np.mean(expected - logits[np.arange(len(y)), y]))


def _check_rows(probabilities, y):
    P = check_probabilities("probabilities", probabilities)
    sums = P.sum(axis=1)
    worst = np.abs(sums - 1).argmax()
    if abs(sums[worst] - 1) > 1e-5:  # what ten numbers of float32 may lose
        raise ValueError(f"probabilities: row {worst} sums to {sums[worst]:g}, expected 1")
    return _check_labelled("probabilities", P, y)


def _check_labelled(name, matrix, y):
    y = check_labels("y", y, matrix.shape[1])
    if len(y) != len(matrix):
        raise ValueError(f"y has {len(y)} labels, expected {len(matrix)} (the rows of {name})")
    return matrix, y
