"""Checked exercises of the part Practice about training.

They belong to :doc:`/exercises`.
"""

import math

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import practice as solutions

BOWL = "learning-rate#a-checked-start"
RANGE_TEST = "engine#how-large-may-the-learning-rate-be"
SPREAD = "takeaways#a-difference-counts"
ROWS = "mnist-keras#preprocess"
STEPS = "batch-size#a-checked-start"


# --- largest-learning-rate -----------------------------------------------------------------------


def curvatures(rng):
    """Return symmetric matrices with positive eigenvalues."""
    bowl = np.array([[6.0, 2.0], [2.0, 3.0]])  # eigenvalues 7 and 2
    factors = [rng.normal(size=(n + 2, n)) for n in (2, 3, 5)]
    return [(bowl,), *((B.T @ B,) for B in factors)]


def eigenvalues(A):
    return np.linalg.eigvalsh(A)


LARGEST_LEARNING_RATE = Exercise(
    name="largest-learning-rate",
    page="learning-rate",
    solution=solutions.largest_learning_rate,
    returns=("bound",),
    cases=curvatures,
    hints=(
        "Along an eigenvector of A the loss is a parabola, and the directions do not mix.",
        "A step multiplies the part along an eigenvector by 1 - rate * eigenvalue. When does that "
        "shrink?",
        "The condition is |1 - rate * eigenvalue| < 1 for every eigenvalue; the largest decides.",
    ),
    misconceptions=(
        Misconception(
            "one-over-the-largest",
            lambda A: 1 / eigenvalues(A).max(),
            "1 over the largest eigenvalue reaches the bottom of the steepest direction in one "
            "step. Longer steps overshoot and still come closer, up to twice that.",
            BOWL,
        ),
        Misconception(
            "smallest-eigenvalue",
            lambda A: 2 / eigenvalues(A).min(),
            "You take the smallest eigenvalue, which is the flattest direction. The steepest "
            "direction diverges first, so the largest decides.",
            BOWL,
        ),
        Misconception(
            "fastest-rate",
            lambda A: 2 / (eigenvalues(A).min() + eigenvalues(A).max()),
            "This is the rate at which the slowest direction shrinks fastest. The question is up "
            "to which rate all directions shrink at all.",
            BOWL,
        ),
        Misconception(
            "trace",
            lambda A: 2 / np.trace(A),
            "The trace is the sum of all eigenvalues. Directions do not add up: the largest "
            "eigenvalue alone decides.",
            BOWL,
        ),
        Misconception(
            "mean-eigenvalue",
            lambda A: 2 / eigenvalues(A).mean(),
            "You take the mean of the eigenvalues. At that rate the steepest direction diverges "
            "already: the largest decides.",
            BOWL,
        ),
        Misconception(
            "largest-diagonal-entry",
            lambda A: 2 / np.diag(A).max(),
            "You take the largest entry of the diagonal. It is an eigenvalue only where A is "
            "diagonal; in general some oblique direction is steeper.",
            BOWL,
        ),
        Misconception(
            "frobenius-norm",
            lambda A: 2 / np.linalg.norm(A),
            "np.linalg.norm(A) is the root of the sum of all squared entries, which is above the "
            "largest eigenvalue. You mean np.linalg.norm(A, 2), or eigvalsh(A).max().",
            BOWL,
        ),
    ),
)


# --- range-test-rates ----------------------------------------------------------------------------


def ladders(rng):
    fixed = [(1e-5, 10.0, 7), (0.5, 1.0, 3)]
    return fixed + [(*(10 ** rng.uniform((-6, -2), (-3, 1))).tolist(), n) for n in (4, 9)]


def ladder(low, high, factor_steps, steps):
    return low * (high / low) ** (np.arange(steps) / factor_steps)


RANGE_TEST_RATES = Exercise(
    name="range-test-rates",
    page="learning-rate",
    solution=solutions.range_test_rates,
    returns=("rates",),
    cases=ladders,
    hints=(
        "Equal factors are equal distances of the logarithms.",
        "From the first of n rates to the last there are n - 1 factors.",
        "The factor is (high / low) ** (1 / (steps - 1)). NumPy's geomspace does it all.",
    ),
    misconceptions=(
        Misconception(
            "linear-ladder",
            np.linspace,
            "Your rates have equal distances, so nearly all of them are close to the highest. "
            "Learning rates differ by factors: multiply by the same number at every step.",
            RANGE_TEST,
        ),
        Misconception(
            "one-too-many",
            lambda low, high, steps: ladder(low, high, steps, steps + 1),
            "That is one rate too many: steps + 1. A rate belongs to each step, the first "
            "included.",
            RANGE_TEST,
        ),
        Misconception(
            "highest-not-reached",
            lambda low, high, steps: ladder(low, high, steps, steps),
            "The highest rate is not reached: from the first of n rates to the last there are "
            "n - 1 factors, not n.",
            RANGE_TEST,
        ),
        Misconception(
            "lowest-skipped",
            lambda low, high, steps: ladder(low, high, steps, steps + 1)[1:],
            "The first step is to have the lowest rate; yours has been multiplied already.",
            RANGE_TEST,
        ),
        Misconception(
            "rates-as-exponents",
            np.logspace,
            "np.logspace takes exponents of 10, and you give it the rates. np.geomspace takes the "
            "rates.",
            RANGE_TEST,
        ),
        Misconception(
            "natural-and-decimal-mixed",
            lambda low, high, steps: 10 ** np.linspace(np.log(low), np.log(high), steps),
            "np.log is the natural logarithm, and 10 ** x undoes the decimal one. Pair np.log with "
            "np.exp, or np.log10 with 10 ** x.",
            RANGE_TEST,
        ),
    ),
)


# --- steps-in-training ---------------------------------------------------------------------------


def trainings(rng):
    fixed = [(54_000, 128, 10), (100, 10, 3), (7, 100, 4)]
    low, high = (500, 7, 2), (5000, 90, 20)
    return fixed + [tuple(int(n) for n in rng.integers(low, high)) for _ in range(4)]


STEPS_IN_TRAINING = Exercise(
    name="steps-in-training",
    page="batch-size",
    solution=solutions.steps_in_training,
    returns=("steps",),
    cases=trainings,
    hints=(
        "Count the batches of one epoch first, the last and smaller one included.",
        "Every epoch deals the samples anew, so a rest does not wait for the next epoch.",
        "Round up once an epoch: epochs * ceil(m / batch_size).",
    ),
    misconceptions=(
        Misconception(
            "last-batch-dropped",
            lambda m, batch_size, epochs: epochs * (m // batch_size),
            "You round down, which drops the last, smaller batch of every epoch. It makes a step "
            "too.",
            STEPS,
        ),
        Misconception(
            "rounded-once",
            lambda m, batch_size, epochs: math.ceil(m * epochs / batch_size),
            "You round up once, at the end of the training. An epoch ends with a smaller batch, "
            "so round up in each of them.",
            STEPS,
        ),
        Misconception(
            "not-rounded",
            lambda m, batch_size, epochs: m * epochs / batch_size,
            "There are no parts of a step. The last, smaller batch of an epoch makes a whole one: "
            "round up.",
            STEPS,
        ),
        Misconception(
            "epochs-forgotten",
            lambda m, batch_size, epochs: math.ceil(m / batch_size),
            "These are the steps of one epoch.",
            STEPS,
        ),
        Misconception(
            "a-step-for-each-sample",
            lambda m, batch_size, epochs: m * epochs,
            "That would be a step for each sample. The samples of a batch share one.",
            STEPS,
        ),
        Misconception(
            "one-batch-too-many",
            lambda m, batch_size, epochs: epochs * (m // batch_size + 1),
            "m // batch_size + 1 is one too many where the batches come out even.",
            STEPS,
        ),
    ),
)


# --- batch-gradient-spread -----------------------------------------------------------------------


def sample_gradients(rng):
    fixed = np.array([[1.0, 0.0, 2.0], [3.0, 4.0, -2.0]]), 4
    return [fixed, *((rng.normal(1, 2, size=(m, n)), B) for m, n, B in [(3, 3, 9), (8, 2, 5)])]


BATCH_GRADIENT_SPREAD = Exercise(
    name="batch-gradient-spread",
    page="batch-size",
    solution=solutions.batch_gradient_spread,
    returns=("spread",),
    cases=sample_gradients,
    hints=(
        "How far does the mean of B independent draws spread, if one draw spreads by s?",
        "The variance of a mean is that of a single draw, divided by B. You want its root.",
        "The samples are all there is, so gradients.std(axis=0) is exact: divide it by sqrt(B).",
    ),
    misconceptions=(
        Misconception(
            "divided-by-the-batch-size",
            lambda gradients, B: gradients.std(axis=0) / B,
            "The variance falls as 1/B, and its root as 1/sqrt(B). Four times the batch halves the "
            "noise.",
            SPREAD,
        ),
        Misconception(
            "variance",
            lambda gradients, B: gradients.var(axis=0) / B,
            "This is the variance of the mean. The standard deviation is its square root.",
            SPREAD,
        ),
        Misconception(
            "one-sample",
            lambda gradients, B: gradients.std(axis=0),
            "This is the spread of a single sample's gradient. The mean of B samples spreads less.",
            SPREAD,
        ),
        Misconception(
            "divided-by-all-samples",
            lambda gradients, B: gradients.std(axis=0) / np.sqrt(len(gradients)),
            "You divide by the root of m, the number of all samples. The mean is over a batch.",
            SPREAD,
        ),
        Misconception(
            "over-the-parameters",
            lambda gradients, B: gradients.std(axis=1) / np.sqrt(B),
            "This is the spread over the parameters, one number a sample. A row is a sample, so "
            "take axis=0.",
            ROWS,
        ),
        Misconception(
            "all-in-one",
            lambda gradients, B: gradients.std() / np.sqrt(B),
            "This is one number for all parameters together. Each has its own spread: axis=0.",
            ROWS,
        ),
        Misconception(
            "m-minus-1",
            lambda gradients, B: gradients.std(axis=0, ddof=1) / np.sqrt(B),
            "ddof=1 estimates a spread from a part of the data. Here the batch is drawn from "
            "these m samples, so their own spread is exact.",
            SPREAD,
        ),
    ),
)


EXERCISES = (LARGEST_LEARNING_RATE, RANGE_TEST_RATES, STEPS_IN_TRAINING, BATCH_GRADIENT_SPREAD)
