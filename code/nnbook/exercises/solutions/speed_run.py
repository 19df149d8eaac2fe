"""Solutions to the checked exercises of :doc:`/speed-run`."""

import math

import numpy as np


def max_norm(W, limit):
    """Shorten each neuron's weights, a column of W, to the length `limit` where they are longer."""
    lengths = np.sqrt((W**2).sum(axis=0))
    return W * np.minimum(1, limit / lengths)


def one_cycle(step, total_steps, peak):
    """Learning rate of a step, counted from 0: up in the first 30 %, then down to nearly 0."""
    first = peak / 25
    last = first / 10_000
    top, end = 0.3 * total_steps - 1, total_steps - 1
    if step <= top:
        before, after, share = first, peak, step / top
    else:
        before, after, share = peak, last, (step - top) / (end - top)
    return after + (before - after) * (1 + math.cos(math.pi * share)) / 2


def error_bar(wrong, images):
    """Share of wrong answers, and the standard error that so few images leave it with."""
    p = wrong / images
    return p, math.sqrt(p * (1 - p) / images)
