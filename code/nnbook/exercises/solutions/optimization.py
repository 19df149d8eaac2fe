"""Solutions to the checked exercises of the chapter on optimisation."""

import math

import numpy as np


def best_momentum(A):
    """Rate and momentum that are best on w.T @ A @ w / 2; A is (n, n), symmetric."""
    curvatures = np.linalg.eigvalsh(A)
    flat, steep = np.sqrt(curvatures.min()), np.sqrt(curvatures.max())
    rate = 4 / (steep + flat) ** 2
    momentum = ((steep - flat) / (steep + flat)) ** 2
    return rate, momentum


def nesterov_step(w, u, gradient, rate, mu):
    """One step; w and u are arrays of one shape, gradient is a function of w."""
    ahead = w - rate * mu * u
    u = mu * u + gradient(ahead)
    return w - rate * u, u


def uncorrected_step(t, beta_1, beta_2):
    """Length of step t of Adam without corrections, for a constant gradient and rate 1."""
    return (1 - beta_1**t) / math.sqrt(1 - beta_2**t)


def warmup_cosine(step, peak, warmup, total):
    """Rate of a step, counted from 0: a line up to the peak, then half a cosine down to 0."""
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (total - warmup)
    return peak * (1 + math.cos(math.pi * share)) / 2
