"""Solutions to the checked exercises of :doc:`/neuron`."""

import numpy as np

from nnbook.activations import sigmoid


def neuron_by_hand(x, w, b):
    """Output of a sigmoid neuron for one sample x, shape (n,)."""
    z = np.sum(w * x) + b
    return sigmoid(z)


def neuron_loss(z, y):
    """Mean cross-entropy of sigmoid(z) under labels y, both (m,)."""
    return np.mean(np.logaddexp(0, z) - y * z)


def neuron_gradient(X, y, w, b):
    """Gradients dw, shape (n,), and db of the mean loss; X is (n, m)."""
    dz = (sigmoid(w @ X + b) - y) / len(y)
    return X @ dz, dz.sum()
