r"""Exhibit 4: a loss that adds 1e-8 to each probability, and a gradient that does not know it.

Chapter: :doc:`/bug-museum`.
"""

import numpy as np

from nnbook.activations import softmax


def lab_loss(z, y):
    r"""Mean of :math:`-\log(p_y + 10^{-8})`, a loss that never exceeds 18.4. Wrong.

    Parameters
    ----------
    z : ndarray of shape (m, K)
        Logits.
    y : ndarray of int, shape (m,)
        Labels.

    Returns
    -------
    float

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    p = softmax(z, axis=1)
    return -np.mean(np.log(p[np.arange(len(y)), y] + 1e-8))


def lab_gradient(z, y):
    """Gradient of the cross-entropy by the logits; beside :func:`lab_loss` it is wrong.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    p = softmax(z, axis=1)
    p[np.arange(len(y)), y] -= 1
    return p / len(y)


def own_gradient(z, y):
    r"""The gradient that :func:`lab_loss` does have, which autodiff would find.

    .. math:: \frac{\partial L}{\partial z} = \frac{1}{m} \, \frac{p_y}{p_y + 10^{-8}} \, (p - Y)

    It vanishes where the network is sure and wrong. Right for that loss, and of no use.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    p_true = softmax(z, axis=1)[np.arange(len(y)), y]
    return lab_gradient(z, y) * (p_true / (p_true + 1e-8))[:, None]


def mended_loss(z, y):
    r"""Mean of :math:`\log \sum_j e^{z_j} - z_y`, from the logits. Right, with `lab_gradient`.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    shifted = z - z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_sum - shifted[np.arange(len(y)), y])


def softmax_regression(gradient, x, y, rng, steps=150, rate=0.5, spread=3.0):
    """Train softmax regression from large random weights, all samples a step.

    Parameters
    ----------
    gradient : callable
        :func:`lab_gradient` or :func:`own_gradient`.
    x : ndarray of shape (m, n)
        Samples in rows.
    y : ndarray of int, shape (m,)
        Labels from 0 to 9.
    rng : numpy.random.Generator, int or None
        Source of the weights.
    steps : int, default 150
    rate : float, default 0.5
        The learning rate.
    spread : float, default 3
        Standard deviation of the first weights. At 3 the network starts sure and wrong.

    Returns
    -------
    ndarray of shape (n, 10)
        The weights.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    W = np.random.default_rng(rng).normal(scale=spread, size=(x.shape[1], 10))
    for _ in range(steps):
        W -= rate * x.T @ gradient(x @ W, y)
    return W
