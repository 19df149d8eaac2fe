"""Solutions to the checked exercises of :doc:`/initialization`. Samples are in rows."""

import numpy as np


def signal_factors(sizes, stddevs):
    """Factors of the mean square over all layers, going forward and going backward."""
    n, k = np.array(sizes[:-1]), np.array(sizes[1:])  # inputs and outputs of each layer
    variances = np.array(stddevs) ** 2
    return np.prod(n * variances / 2), np.prod(k * variances / 2)


def batch_norm_forward(x, gamma, beta, mean, variance, momentum, epsilon, training):
    """Output (m, n) of a batch normalisation, and its running mean and variance (n,)."""
    mu, sigma2 = mean, variance
    if training:
        mu, sigma2 = x.mean(axis=0), x.var(axis=0)
        mean = momentum * mean + (1 - momentum) * mu
        variance = momentum * variance + (1 - momentum) * sigma2
    x_hat = (x - mu) / np.sqrt(sigma2 + epsilon)
    return gamma * x_hat + beta, mean, variance


def layer_norm_backward(dy, x, gamma, epsilon):
    """Gradients of a layer normalisation: dx (m, n), dgamma (n,), dbeta (n,)."""
    s = np.sqrt(x.var(axis=1, keepdims=True) + epsilon)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / s

    dx_hat = gamma * dy
    projected = x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - projected) / s
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def fold_batch_norm(W, b, gamma, beta, mean, variance, epsilon):
    """W (n, k) and b (k,) of one dense layer that does what dense and norm do in use."""
    scale = gamma / np.sqrt(variance + epsilon)
    return W * scale, (b - mean) * scale + beta
