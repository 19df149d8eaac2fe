"""The checked exercises of :doc:`/speed-run`."""

import math

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import speed_run as solutions

BOUND = "speed-run#max-norm"
CYCLE = "speed-run#one-cycle"
ERROR = "speed-run#how-sure-is-a-test-error"


# --- max-norm ------------------------------------------------------------------------------------


def weights_and_limits(rng):
    """Return matrices with rows and columns on both sides of the limit."""
    fixed = np.array([[3.0, 0.3, -1.0], [4.0, 0.4, 1.0]]), 2.0
    shapes = [(3, 4), (4, 4), (5, 3)]
    return [fixed, *(stretched(rng, shape) for shape in shapes)]


def stretched(rng, shape):
    """Return a matrix whose columns are of length 0.4, 2.4, 0.6 and so on, and the limit 1."""
    W = rng.choice([-1, 1], shape) * rng.uniform(0.5, 1, shape)
    lengths = np.array([0.4, 2.4, 0.6, 3.6])[: shape[1]] * rng.uniform(0.9, 1.1)
    return W / np.linalg.norm(W, axis=0) * lengths, 1.0


def shortened(W, limit, length):
    return W * np.minimum(1, limit / length)


MAX_NORM = Exercise(
    name="max-norm",
    page="speed-run",
    solution=solutions.max_norm,
    returns=("W",),
    cases=weights_and_limits,
    hints=(
        "Where are the weights of one neuron: in a row of W, or in a column?",
        "Compute the length of every column. Which columns have to change, and by what factor?",
        "The factor is limit / length, but never above 1: np.minimum.",
    ),
    misconceptions=(
        Misconception(
            "rows",
            lambda W, limit: shortened(W, limit, np.linalg.norm(W, axis=1, keepdims=True)),
            "You bound the rows. A row holds what one input gives to all neurons; the weights of "
            "one neuron are a column.",
            BOUND,
        ),
        Misconception(
            "short-ones-stretched",
            lambda W, limit: W * limit / np.linalg.norm(W, axis=0),
            "Every column gets the length of the limit, the short ones too. It is a bound: what is "
            "shorter stays as it is.",
            BOUND,
        ),
        Misconception(
            "whole-matrix",
            lambda W, limit: shortened(W, limit, np.linalg.norm(W)),
            "You bound the length of the whole matrix, and shrink all neurons alike. Each neuron "
            "has a length and a factor of its own.",
            BOUND,
        ),
        Misconception(
            "longest-column",
            lambda W, limit: shortened(W, limit, np.linalg.norm(W, axis=0).max()),
            "All columns are shrunk by what the longest one needs. Shrink each by its own factor.",
            BOUND,
        ),
        Misconception(
            "entries-clipped",
            lambda W, limit: np.clip(W, -limit, limit),
            "You bound each weight. What is bounded is the length of a column, so its direction "
            "stays.",
            BOUND,
        ),
        Misconception(
            "root-missing",
            lambda W, limit: shortened(W, limit, np.sum(W**2, axis=0)),
            "You divide by the squared length. Take the root of the sum of squares.",
            BOUND,
        ),
        Misconception(
            "sum-of-absolutes",
            lambda W, limit: shortened(W, limit, np.abs(W).sum(axis=0)),
            "This is the sum of the absolute weights. The length is the root of the sum of "
            "squares.",
            BOUND,
        ),
        Misconception(
            "long-ones-removed",
            lambda W, limit: W * (np.linalg.norm(W, axis=0) <= limit),
            "Columns that are too long become 0, and their neurons have to learn anew. Shorten "
            "them to the limit.",
            BOUND,
        ),
    ),
)


# --- one-cycle-rate ------------------------------------------------------------------------------


def steps_of_a_training(rng):
    fixed = [(0, 100, 0.01), (15, 100, 0.01), (29, 100, 0.01), (99, 100, 0.01), (60, 100, 0.01)]
    total = rng.integers(50, 500, 4).tolist()
    share, peak = rng.uniform((0.1, 1e-3), (0.9, 0.1), (4, 2)).T.tolist()
    drawn = [(int(s * t), t, p) for s, t, p in zip(share, total, peak, strict=True)]
    return [*fixed, *drawn]


def cosine(start, end, share):
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def straight(start, end, share):
    return start + (end - start) * share


def cycle(between=cosine, first=1 / 25, last=1 / 250_000, rising=0.3, before=1):
    """Return a schedule; what a known mistake changes are the arguments."""

    def rate(step, total_steps, peak):
        top, end = rising * total_steps - before, total_steps - before
        if step <= top:
            return between(first * peak, peak, step / top)
        return between(peak, last * peak, (step - top) / (end - top))

    return rate


ONE_CYCLE_RATE = Exercise(
    name="one-cycle-rate",
    page="speed-run",
    solution=solutions.one_cycle,
    returns=("rate",),
    cases=steps_of_a_training,
    hints=(
        "Two pieces: a rise from peak / 25 to peak, and a fall to peak / 250,000. Where do they "
        "meet?",
        "The last step is total_steps - 1, and the peak is at 0.3 * total_steps - 1. In each piece "
        "compute which share s of the way is done.",
        "From a to b along half a cosine: b + (a - b) * (1 + cos(pi * s)) / 2.",
    ),
    misconceptions=(
        Misconception(
            "straight-lines",
            cycle(between=straight),
            "The pieces are straight lines. Along half a cosine the rate leaves its ends slowly "
            "and is fastest in the middle.",
            CYCLE,
        ),
        Misconception(
            "starts-at-zero",
            cycle(first=0.0),
            "The rate starts at 0, so the first step is none. It starts at peak / 25.",
            CYCLE,
        ),
        Misconception(
            "ends-at-zero",
            cycle(last=0.0),
            "The rate ends at 0. It ends at a ten-thousandth of the first one: peak / 250,000.",
            CYCLE,
        ),
        Misconception(
            "ends-where-it-started",
            cycle(last=1 / 25),
            "The rate ends at peak / 25. It falls ten thousand times further than it rose: the "
            "last steps hardly move, and the weights settle.",
            CYCLE,
        ),
        Misconception(
            "ends-at-peak-over-10000",
            cycle(last=1 / 10_000),
            "The last rate is the first one divided by 10,000, not the peak divided by 10,000: "
            "peak / 250,000.",
            CYCLE,
        ),
        Misconception(
            "no-rise",
            lambda step, total_steps, peak: cosine(peak, peak / 250_000, step / (total_steps - 1)),
            "The rate falls from the start. The first 30 % of the steps rise, from peak / 25.",
            CYCLE,
        ),
        Misconception(
            "peak-in-the-middle",
            cycle(rising=0.5),
            "The peak is in the middle. The rise takes 30 % of the steps, and the fall the rest.",
            CYCLE,
        ),
        Misconception(
            "off-by-one",
            cycle(before=0),
            "You count as if step total_steps were taken. Steps are counted from 0, so the last "
            "one is total_steps - 1 and the peak is at 0.3 * total_steps - 1.",
            CYCLE,
        ),
        Misconception(
            "never-falls",
            lambda step, total_steps, peak: (
                cycle()(step, total_steps, peak) if step < 0.3 * total_steps else peak
            ),
            "The rate rises and stays at its peak: this is a warm-up. The fall is missing.",
            CYCLE,
        ),
    ),
)


# --- error-bar -----------------------------------------------------------------------------------


def results(rng):
    images = rng.integers(200, 2000, 3).tolist()
    drawn = [(int(rng.integers(20, n // 2)), n) for n in images]
    return [(100, 10_000), (1, 4), (30, 100), *drawn]


def share_and(bar):
    """Return an answer with the right share, and `bar(p, n)`."""
    return lambda wrong, images: (wrong / images, bar(wrong / images, images))


ERROR_BAR = Exercise(
    name="error-bar",
    page="speed-run",
    solution=solutions.error_bar,
    returns=("share", "standard error"),
    cases=results,
    read=numbers,
    hints=(
        "Each image is a coin that falls on wrong with probability p. What is its variance?",
        "One coin has the variance p(1 - p). The mean of n independent ones has a variance n times "
        "smaller.",
        "The standard error is the square root of that: sqrt(p * (1 - p) / images).",
    ),
    misconceptions=(
        Misconception(
            "of-one-image",
            share_and(lambda p, n: math.sqrt(p * (1 - p))),
            "This is the standard deviation of a single image. The mean of n images varies less, "
            "by the square root of n.",
            ERROR,
        ),
        Misconception(
            "variance",
            share_and(lambda p, n: p * (1 - p) / n),
            "This is the variance. The standard error is its square root, in the unit of the "
            "share itself.",
            ERROR,
        ),
        Misconception(
            "divided-by-n",
            share_and(lambda p, n: math.sqrt(p * (1 - p)) / n),
            "You divide the standard deviation by n. The variance of a mean falls with n, so the "
            "standard deviation falls with its square root.",
            ERROR,
        ),
        Misconception(
            "of-the-count",
            share_and(lambda p, n: math.sqrt(n * p * (1 - p))),
            "This is the standard deviation of the number of wrong answers. Divide it by the "
            "number of images: the share is asked for.",
            ERROR,
        ),
        Misconception(
            "one-minus-p-missing",
            share_and(lambda p, n: math.sqrt(p / n)),
            "The factor 1 - p is missing. For rare errors it hardly matters, but at one half the "
            "bar would be wider by the square root of 2.",
            ERROR,
        ),
        Misconception(
            "worst-case",
            share_and(lambda p, n: 0.5 / math.sqrt(n)),
            "This is the bar of a coin that falls on either side equally often, the widest there "
            "is. Rare errors leave a narrower one: use p(1 - p).",
            ERROR,
        ),
        Misconception(
            "doubled",
            share_and(lambda p, n: 2 * math.sqrt(p * (1 - p) / n)),
            "This is twice the standard error, the half-width of an interval for about 95 in 100 "
            "cases. One standard error is asked for.",
            ERROR,
        ),
        Misconception(
            "accuracy-instead",
            lambda wrong, images: (
                1 - wrong / images,
                math.sqrt(wrong / images * (1 - wrong / images) / images),
            ),
            "The bar is right, and belongs to the accuracy as well. But the share of wrong answers "
            "is asked for, and you return that of the right ones.",
            ERROR,
        ),
    ),
)


EXERCISES = (MAX_NORM, ONE_CYCLE_RATE, ERROR_BAR)
