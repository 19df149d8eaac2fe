r"""Exhibit 1: the training loop of NumPy's MNIST tutorial, as published and mended.

A network without biases, with dropout of one half, which is trained on one image at a time:

.. math:: z = x W_1, \qquad h = 2 \, d \odot \max(0, z), \qquad
          L = \tfrac12 \lVert h W_2 - y \rVert^2

with a mask :math:`d` of zeros and ones. All arrays of one image are vectors. Four backward passes
stand here: the published one, which is wrong twice, two with one defect mended, and the right one.

Chapter: :doc:`/bug-museum`.
"""

import numpy as np


def tutorial_loss(W1, W2, x, y, mask):
    """Half the sum of the squared errors of one image.

    Parameters
    ----------
    W1 : ndarray of shape (n, h)
        Weights of the hidden layer.
    W2 : ndarray of shape (h, K)
        Weights of the output layer.
    x : ndarray of shape (n,)
        The image.
    y : ndarray of shape (K,)
        Its one-hot label.
    mask : ndarray of int, shape (h,)
        1 for the hidden neurons that are kept, 0 for those that are dropped.

    Returns
    -------
    float

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    h = np.maximum(0, x @ W1) * mask * 2
    return 0.5 * np.sum((h @ W2 - y) ** 2)


def tutorial_backward(W1, W2, x, y, mask):
    """Gradients as the tutorial computes them: both defects. Wrong.

    Arguments as for :func:`tutorial_loss`; returns the gradients of W1 and W2.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    h = np.maximum(0, x @ W1)
    h *= mask * 2
    error = h @ W2 - y
    dh = (W2 @ error) * (h >= 0)
    dh *= mask
    return np.outer(x, dh), np.outer(h, error)


def slope_mended_backward(W1, W2, x, y, mask):
    """Gradients with ReLU's slope mended, and dropout's factor still missing. Wrong.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    z = x @ W1
    h = np.maximum(0, z) * mask * 2
    error = h @ W2 - y
    dz = (W2 @ error) * mask * (z > 0)
    return np.outer(x, dz), np.outer(h, error)


def factor_mended_backward(W1, W2, x, y, mask):
    """Gradients with dropout's factor mended, and ReLU's slope still 1 everywhere. Wrong.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    h = np.maximum(0, x @ W1) * mask * 2
    error = h @ W2 - y
    dz = (W2 @ error) * mask * 2 * (h >= 0)
    return np.outer(x, dz), np.outer(h, error)


def mended_backward(W1, W2, x, y, mask):
    """Gradients with both defects mended. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    z = x @ W1
    h = np.maximum(0, z) * mask * 2
    error = h @ W2 - y
    dh = (W2 @ error) * mask * 2
    dz = dh * (z > 0)
    return np.outer(x, dz), np.outer(h, error)


# The backward passes by what is mended in them.
VERSIONS = {
    "as published": tutorial_backward,
    "slope mended": slope_mended_backward,
    "factor mended": factor_mended_backward,
    "both mended": mended_backward,
}


def train_tutorial(backward, x, Y, epochs=20, rng=None, hidden=100, rate=0.005):
    """Train as the tutorial does: one image a step, in the order given, from uniform weights.

    Parameters
    ----------
    backward : callable
        One of the backward passes above.
    x : ndarray of shape (m, n)
        Images in rows, from 0 to 1.
    Y : ndarray of shape (m, K)
        One-hot labels in rows.
    epochs : int, default 20
        Passes over the images.
    rng : numpy.random.Generator, int or None
        Source of the weights and of the masks.
    hidden : int, default 100
        Neurons of the hidden layer.
    rate : float, default 0.005
        The learning rate.

    Returns
    -------
    W1, W2 : ndarray
        The weights.
    losses : list of float
        For each epoch the mean of :func:`tutorial_loss` before each step, doubled: the tutorial's
        training error.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    rng = np.random.default_rng(rng)
    W1 = 0.2 * rng.random((x.shape[1], hidden)) - 0.1
    W2 = 0.2 * rng.random((hidden, Y.shape[1])) - 0.1
    losses = []
    for _ in range(epochs):
        total = 0.0
        for image, label in zip(x, Y, strict=True):
            mask = rng.integers(2, size=hidden)
            total += 2 * tutorial_loss(W1, W2, image, label, mask)
            dW1, dW2 = backward(W1, W2, image, label, mask)
            W1 -= rate * dW1
            W2 -= rate * dW2
        losses.append(float(total / len(x)))
    return W1, W2, losses


def tutorial_accuracy(W1, W2, x, y):
    """Share of the labels `y`, shape (m,), that the network without dropout gets right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    return float(np.mean((np.maximum(0, x @ W1) @ W2).argmax(axis=1) == y))
