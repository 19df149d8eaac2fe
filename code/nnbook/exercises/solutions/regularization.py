"""Solutions to the checked exercises of :doc:`/regularization`. Samples are in rows."""

import numpy as np


def early_stopping(losses, patience):
    """Epoch after which training stops, and the epoch whose weights come back; from 1."""
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses), best


def shift_images(images, a, b):
    """Images of shape (m, rows, columns), moved a rows down and b columns to the right."""
    rows, columns = images.shape[1:]
    p = max(abs(a), abs(b))
    canvas = np.pad(images, ((0, 0), (p, p), (p, p)))
    return canvas[:, p - a : p - a + rows, p - b : p - b + columns]


def smoothed_cross_entropy(logits, y, alpha):
    """Mean smoothed cross-entropy of the labels y, (m,), and its derivative by the logits."""
    m, K = logits.shape
    q = np.full((m, K), alpha / K)
    q[np.arange(m), y] += 1 - alpha

    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(q * log_p).sum() / m, (np.exp(log_p) - q) / m
