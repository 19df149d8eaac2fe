"""Solutions to the checked exercises of :doc:`/backpropagation`. Samples are in columns."""

import numpy as np

from nnbook.activations import softmax


def softmax_gradient(Z, Y):
    """Derivative of the mean cross-entropy by the scores Z, shape (K, m)."""
    m = Z.shape[1]
    return (softmax(Z, axis=0) - Y) / m


def backprop_two_layer(W1, b1, W2, b2, X, Y):
    """Gradients of the mean cross-entropy of softmax(W2 ReLU(W1 X + b1) + b2)."""
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.maximum(0, Z1)
    A2 = softmax(W2 @ A1 + b2, axis=0)

    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2


def numerical_gradient(loss, w, step):
    """Central differences of loss(w) along each entry of w, of any shape."""
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        above, below = w.copy(), w.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (loss(above) - loss(below)) / (2 * step)
    return gradient


def relative_error(analytic, numeric):
    """Largest distance of two entries, divided by the larger of them."""
    distance = np.abs(analytic - numeric)
    larger = np.maximum(np.abs(analytic), np.abs(numeric))
    return np.max(distance / np.where(larger == 0, 1, larger))
