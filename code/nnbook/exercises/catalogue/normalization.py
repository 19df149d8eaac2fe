"""What the exercises on normalising backward share: batches, and gradients with a known mistake.

The exercises are those of :doc:`/engine` (over the samples) and :doc:`/initialization` (over the
features).
"""

import numpy as np


def batches(rng, sizes):
    """Return dy, x, gamma and epsilon for each (m, n, epsilon); the first does not vary."""
    sources = [np.random.default_rng(0), *[rng] * (len(sizes) - 1)]
    return [batch(*each) for each in zip(sources, sizes, strict=True)]


def batch(rng, sizes):
    m, n, epsilon = sizes
    return rng.normal(size=(m, n)), rng.normal(3, 2, size=(m, n)), rng.normal(size=n), epsilon


def root_of_sum(variance, epsilon):
    return np.sqrt(variance + epsilon)


def root_plus(variance, epsilon):
    return np.sqrt(variance) + epsilon


def plain_sums(dy, x, x_hat):
    return (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def norm_but(
    *, axis, terms="both", ddof=0, root=root_of_sum, sums=plain_sums, average=np.mean, late=False
):
    """Return the right gradients, with what a known mistake changes as arguments."""

    def wrong(dy, x, gamma, epsilon):
        s = root(x.var(axis=axis, ddof=ddof, keepdims=True), epsilon)
        x_hat = (x - x.mean(axis=axis, keepdims=True)) / s
        dx_hat = dx = dy if late else gamma * dy
        if terms in ("both", "mean"):
            dx = dx - average(dx_hat, axis=axis, keepdims=True)
        if terms in ("both", "projection"):
            dx = dx - x_hat * average(dx_hat * x_hat, axis=axis, keepdims=True)
        return (gamma * dx if late else dx) / s, *sums(dy, x, x_hat)

    return wrong
