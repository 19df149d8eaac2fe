"""Solutions to the checked exercises of the part Practice. Samples are in rows."""

import math

import numpy as np

from nnbook.activations import sigmoid


def activation_backward(name, z, da):
    """Gradient with respect to z, from da, that of the activation; both (m, n)."""
    if name == "tanh":
        return da * (1 - np.tanh(z) ** 2)
    if name == "sigmoid":
        a = sigmoid(z)
        return da * a * (1 - a)
    return da * (z > 0)


def width_for_budget(num_inputs, num_outputs, depth, budget):
    """Largest width of `depth` hidden layers, with at most `budget` parameters."""

    def count(width):
        first = (num_inputs + 1) * width
        between = (depth - 1) * (width + 1) * width
        last = (width + 1) * num_outputs
        return first + between + last

    width = 1
    while count(width + 1) <= budget:
        width += 1
    return width


def largest_learning_rate(A):
    """Gradient descent on w.T @ A @ w / 2 converges below it; A is (n, n)."""
    return 2 / np.linalg.eigvalsh(A).max()


def range_test_rates(low, high, steps):
    """Rates from low to high, by the same factor at every step; (steps,)."""
    factor = (high / low) ** (1 / (steps - 1))
    return low * factor ** np.arange(steps)


def steps_in_training(m, batch_size, epochs):
    """Number of steps for m samples; the last batch of an epoch may be smaller."""
    return epochs * math.ceil(m / batch_size)


def batch_gradient_spread(gradients, batch_size):
    """Standard deviation of the mean over a random batch; gradients is (m, n)."""
    return gradients.std(axis=0) / np.sqrt(batch_size)


def l2_step(W, b, dW, db, rate, l2):
    """One step on the loss plus l2 / 2 times the sum of all squared weights."""
    return W - rate * (dW + l2 * W), b - rate * db


def adamw_step(w, g, m, v, t, rate, decay):
    """Step number t of AdamW, with Adam's usual constants; returns w, m and v."""
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return (1 - rate * decay) * w - rate * step, m, v


def dropout(x, rate, training, rng):
    """Inverted dropout of x, shape (m, n); `rate` is the probability of a zero."""
    if not training:
        return x
    keep = rng.random(x.shape) >= rate
    return x * keep / (1 - rate)


def standardise_channels(train, test):
    """Mean 0 and deviation 1 a channel; images (m, height, width, channels)."""
    mean, std = train.mean(axis=(0, 1, 2)), train.std(axis=(0, 1, 2))
    return (train - mean) / std, (test - mean) / std


def weights_as_images(W, height, width):
    """One image for each of the n neurons, from W of shape (height * width, n)."""
    return W.T.reshape(-1, height, width)
