"""Solutions to the checked exercises of :doc:`/activations`."""

import numpy as np


def stable_sigmoid(z):
    """1 / (1 + e^-z) of every entry of z, without overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def slope_of_sigmoid(z):
    """Derivative of the sigmoid at every entry of z."""
    e = np.exp(-np.abs(z))
    a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    return a * (1 - a)


def slope_of_relu(z):
    """Derivative of ReLU at every entry of z."""
    return np.where(z > 0, 1.0, 0.0)


def softmax_of_columns(Z):
    """Softmax of every column of the scores Z, shape (K, m)."""
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=0)
