"""The checked exercises of :doc:`/takeaways`."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import takeaways as solutions

NOTHING_KNOWN = "takeaways#test-yourself"
COUNTS = "takeaways#a-difference-counts"


# --- first-loss ----------------------------------------------------------------------------------


def class_counts(rng):
    return [(10,), (2,), (1000,), (int(rng.integers(3, 500)),)]


FIRST_LOSS = Exercise(
    name="first-loss",
    page="takeaways",
    solution=solutions.first_loss,
    returns=("loss",),
    cases=class_counts,
    hints=(
        "A network that knows nothing gives each of the K classes the same probability. Which?",
        "The cross-entropy of a sample is minus the logarithm of its true class's probability.",
        "-log(1 / K) = log(K), with the natural logarithm: np.log.",
    ),
    misconceptions=(
        Misconception(
            "logarithm-to-base-10",
            np.log10,
            "From scratch, in Keras and in PyTorch the logarithm is the natural one: np.log, not "
            "np.log10.",
            NOTHING_KNOWN,
        ),
        Misconception(
            "logarithm-to-base-2",
            np.log2,
            "This counts bits. The cross-entropy of networks takes the natural logarithm: np.log.",
            NOTHING_KNOWN,
        ),
        Misconception(
            "probability-instead-of-loss",
            lambda num_classes: 1 / num_classes,
            "This is the probability of each class. The loss is minus its logarithm.",
            NOTHING_KNOWN,
        ),
        Misconception(
            "sign-flipped",
            lambda num_classes: np.log(1 / num_classes),
            "This is the logarithm of the probability, which is negative. The loss is minus that.",
            NOTHING_KNOWN,
        ),
        Misconception(
            "share-of-errors",
            lambda num_classes: 1 - 1 / num_classes,
            "This is the share of wrong answers that guessing gives. The loss asks for "
            "probabilities: minus the logarithm of 1/K.",
            NOTHING_KNOWN,
        ),
        Misconception(
            "summed-over-the-classes",
            lambda num_classes: num_classes * np.log(num_classes),
            "You add up all classes. The label is 0 for all but the true one, so a single term "
            "is left.",
            NOTHING_KNOWN,
        ),
        Misconception(
            "averaged-over-the-classes",
            lambda num_classes: np.log(num_classes) / num_classes,
            "You take the mean over the classes. Cross-entropy sums over them, and all terms but "
            "that of the true class are 0.",
            NOTHING_KNOWN,
        ),
    ),
)


# --- standard-error ------------------------------------------------------------------------------


def accuracies(rng):
    """Return test accuracies of two networks, one a seed: first sets of unlike size, both ways."""
    better, worse = np.array([0.976, 0.978, 0.975, 0.979, 0.977]), np.array([0.971, 0.975, 0.973])
    sizes = [(5, 5), (10, 4), (6, 6)]
    drawn = [(runs(rng, n), runs(rng, k)) for n, k in sizes]
    return [(better, worse), (worse, better), *drawn]


def runs(rng, number):
    return 0.97 + 0.003 * rng.normal(size=number)


def with_error(error):
    return lambda a, b: (np.mean(a) - np.mean(b), error(a, b))


def per_run(values, ddof=1):
    return np.var(values, ddof=ddof) / len(values)


def pooled(a, b):
    return np.sqrt(per_run(np.concatenate([a, b])))


def one_spread(a, b):
    n, k = len(a), len(b)
    variance = ((n - 1) * np.var(a, ddof=1) + (k - 1) * np.var(b, ddof=1)) / (n + k - 2)
    return np.sqrt(variance * (1 / n + 1 / k))


STANDARD_ERROR = Exercise(
    name="standard-error",
    page="takeaways",
    solution=solutions.standard_error,
    returns=("difference", "error"),
    cases=accuracies,
    read=numbers,
    hints=(
        "How far does a mean of n runs scatter? Less than one run: its variance is s**2 / n.",
        "The variances of two independent means add up. np.var(a, ddof=1) is s**2.",
        "The error is the root of var(a, ddof=1) / len(a) + var(b, ddof=1) / len(b).",
    ),
    misconceptions=(
        Misconception(
            "spread-of-the-runs",
            with_error(lambda a, b: np.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1))),
            "This is the spread of single runs. The mean of n runs scatters less: divide each "
            "variance by its number of runs.",
            COUNTS,
        ),
        Misconception(
            "divided-by-n-instead-of-n-1",
            with_error(lambda a, b: np.sqrt(per_run(a, 0) + per_run(b, 0))),
            "Your variances divide by n. They are measured from the mean of the same few runs, "
            "which makes them too small: ddof=1 divides by n - 1.",
            COUNTS,
        ),
        Misconception(
            "sum-of-the-errors",
            with_error(lambda a, b: np.sqrt(per_run(a)) + np.sqrt(per_run(b))),
            "You add the two standard errors. Both means are seldom off in opposite directions by "
            "so much: their variances add up, and the root comes last.",
            COUNTS,
        ),
        Misconception(
            "root-missing",
            with_error(lambda a, b: per_run(a) + per_run(b)),
            "This is the variance of the difference. Its root is the standard error.",
            COUNTS,
        ),
        Misconception(
            "root-of-n-instead-of-n",
            with_error(
                lambda a, b: np.sqrt(
                    np.var(a, ddof=1) / np.sqrt(len(a)) + np.var(b, ddof=1) / np.sqrt(len(b))
                )
            ),
            "You divide the variances by the root of n. It is the spread that is divided by the "
            "root of n; its square, the variance, is divided by n.",
            COUNTS,
        ),
        Misconception(
            "one-pot-for-both",
            with_error(pooled),
            "You put the runs of both networks into one pot. Then the difference itself counts as "
            "spread. Take the variance of each network about its own mean.",
            COUNTS,
        ),
        Misconception(
            "variances-subtracted",
            with_error(lambda a, b: np.sqrt(np.abs(per_run(a) - per_run(b)))),
            "You subtract the variances because the means are subtracted. But the scatter of "
            "either makes the difference scatter, so the variances add up.",
            COUNTS,
        ),
        Misconception(
            "order-of-the-two",
            lambda a, b: (np.mean(b) - np.mean(a), solutions.standard_error(a, b)[1]),
            "The error is right, but the difference has the wrong sign: it is mean(a) - mean(b).",
            COUNTS,
        ),
        Misconception(
            "difference-without-its-sign",
            lambda a, b: (np.abs(np.mean(a) - np.mean(b)), solutions.standard_error(a, b)[1]),
            "The error is right, but the difference has lost its sign, which says which network is "
            "better: mean(a) - mean(b) may be negative.",
            COUNTS,
        ),
        Misconception(
            "equal-spread-assumed",
            with_error(one_spread),
            "You take one spread for both networks, as the t-test for equal variances does. Here "
            "each has its own: var(a) / len(a) + var(b) / len(b), then the root.",
            COUNTS,
        ),
    ),
)

EXERCISES = (FIRST_LOSS, STANDARD_ERROR)
