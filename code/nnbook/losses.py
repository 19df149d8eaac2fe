r"""Cross-entropy: how far predicted probabilities are from the labels.

Two forms. :func:`cross_entropy` takes probabilities and samples in columns, as the network of
Lab 1 does. :func:`softmax_cross_entropy` takes logits and samples in rows, as Keras and PyTorch
do, and is the exact one: no probability has to be computed, so none can underflow.

Chapter: :doc:`/network-from-scratch`; the gradient is derived in :doc:`/backpropagation`.
"""

import numpy as np

from nnbook.activations import softmax
from nnbook.validation import (
    check_distributions,
    check_finite,
    check_labels,
    check_numeric,
    check_probabilities,
)


def cross_entropy(Y, P):
    r"""Mean cross-entropy of the predicted probabilities `P` under the true distributions `Y`.

    .. math:: L = -\frac{1}{m} \sum_{i=1}^{m} \sum_{k=1}^{K} y_k^{(i)} \log p_k^{(i)}

    A probability that underflowed to 0 counts as the smallest normal number of float64, about
    2e-308, so the loss stays finite; every other probability enters exactly.

    Parameters
    ----------
    Y : array_like of shape (K, m)
        One distribution over the classes in each column; one-hot for hard labels.
    P : ndarray of shape (K, m)
        Predicted probabilities.

    Returns
    -------
    float
        The loss in nats, at least 0.

    Raises
    ------
    ValueError, TypeError
        If `P` is not a finite, non-empty matrix of numbers from 0 to 1, if a column of `Y` is no
        distribution, or if the shapes differ.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """
    P = check_probabilities("P", P)
    num_classes, m = P.shape
    Y = check_distributions("Y", Y, num_classes, m)
    return float(-np.sum(Y * np.log(np.maximum(P, np.finfo(np.float64).tiny))) / m)


def softmax_cross_entropy(logits, y):
    r"""Mean cross-entropy of the labels `y` under the softmax of `logits`.

    .. math:: L = \frac{1}{m} \sum_{i=1}^{m} \Big( \log \sum_j e^{z_j^{(i)}}
              - \sum_k y_k^{(i)} z_k^{(i)} \Big)

    The logarithm of the sum is computed from scores shifted by their maximum.

    Parameters
    ----------
    logits : array_like of shape (m, K)
        Real scores, one sample a row.
    y : array_like of shape (m,) or (m, K)
        Integer labels from 0 to K - 1, or one distribution over the classes in each row.

    Returns
    -------
    float
        The loss in nats, at least 0.

    Raises
    ------
    ValueError, TypeError
        If `logits` is not a finite, non-empty matrix or `y` does not fit it.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """
    logits, targets = _check(logits, y)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-np.sum(targets * log_p, where=targets > 0) / len(logits))


def softmax_cross_entropy_gradient(logits, y):
    r"""Derivative of :func:`softmax_cross_entropy` with respect to `logits`.

    .. math:: \frac{\partial L}{\partial z_k^{(i)}}
              = \frac{1}{m} \big( \operatorname{softmax}(z^{(i)})_k - y_k^{(i)} \big)

    Parameters
    ----------
    logits : array_like of shape (m, K)
        Real scores, one sample a row.
    y : array_like of shape (m,) or (m, K)
        Integer labels from 0 to K - 1, or one distribution over the classes in each row.

    Returns
    -------
    ndarray of shape (m, K)
        In the floating-point dtype of `logits`; each row sums to 0.

    Raises
    ------
    ValueError, TypeError
        As :func:`softmax_cross_entropy`.

    Notes
    -----
    Chapter: :doc:`/backpropagation`.
    """
    logits, targets = _check(logits, y)
    return (softmax(logits) - targets) / len(logits)


def _check(logits, y):
    """Return the logits, and the targets as one distribution a row in the same dtype."""
    logits = check_numeric("logits", logits)
    if logits.ndim != 2 or logits.size == 0:
        raise ValueError(f"logits has shape {logits.shape}, expected (samples, classes)")
    check_finite("logits", logits)
    m, num_classes = logits.shape
    if np.ndim(y) == 2:
        targets = check_distributions("y transposed", np.transpose(y), num_classes, m).T
    else:
        y = check_labels("y", y, num_classes)
        if len(y) != m:
            raise ValueError(f"y has {len(y)} labels, expected {m} (the rows of logits)")
        targets = np.eye(num_classes)[y]
    return logits, targets.astype(logits.dtype, copy=False)
