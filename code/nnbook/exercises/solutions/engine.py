"""Solutions to the checked exercises of :doc:`/engine`. Samples are in rows."""

import numpy as np


def batch_norm_backward(dy, x, gamma, epsilon):
    """Gradients of a batch normalisation: dx (m, n), dgamma (n,), dbeta (n,)."""
    s = np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) / s

    dx_hat = gamma * dy
    projected = x_hat * (dx_hat * x_hat).mean(axis=0)
    dx = (dx_hat - dx_hat.mean(axis=0) - projected) / s
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def momentum_step(w, g, u, rate, mu):
    """One step with momentum; returns the weights w and the velocity u."""
    u = mu * u + g
    return w - rate * u, u


def lowest_smoothed_loss(alpha, K):
    """Smallest smoothed loss, and how far the true logit lies above the rest."""
    low = alpha / K
    high = 1 - alpha + alpha / K
    loss = -high * np.log(high) - (K - 1) * low * np.log(low)
    return loss, np.log(high / low)


def adam_step(w, g, m, v, t, rate, beta_1, beta_2, epsilon):
    """Step number t of Adam, from 1 on; returns w, m and v."""
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v
