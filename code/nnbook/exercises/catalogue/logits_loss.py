"""The checked exercise on a loss of logits in :doc:`/mnist-pytorch`."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import mnist_pytorch as solutions

NETWORK = "mnist-pytorch#define-the-network"
STABLE = "activations#it-ignores-a-shift"
SMALLEST = np.finfo(np.float64).tiny


def logits_and_labels(rng):
    """Return logits and labels; the second and third pair are far beyond what exp can hold."""
    shapes = [(4, 3), (5, 5), (8, 10)]
    return [
        (np.array([[2.0, 1.0, -1.0], [0.5, 0.0, 0.3]]), np.array([1, 0])),
        (np.array([[1000.0, -1000.0, 0.0], [-1000.0, 0.0, 1000.0]]), np.array([1, 2])),
        # Rows of unlike size, with no small probability in either.
        (np.array([[1000.0, 999.0, 998.0], [-1000.0, -1001.0, -999.0]]), np.array([1, 0])),
        *((3 * rng.normal(size=s), rng.integers(s[1], size=s[0])) for s in shapes),
    ]


def log_softmax(logits, axis=1):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def of_labels(log_p, y):
    return log_p[np.arange(len(y)), y]


def unshifted(logits, y):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.mean(np.log(of_labels(p, y)))


def one_hot(logits, y):
    return np.eye(logits.shape[1])[y]


def shifted_by_the_largest(logits, y):
    shifted = logits - logits.max()
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - of_labels(shifted, y))


CROSS_ENTROPY = Exercise(
    name="cross-entropy-from-logits",
    page="mnist-pytorch",
    solution=solutions.cross_entropy_from_logits,
    returns=("loss",),
    cases=logits_and_labels,
    hints=(
        "For one sample the loss is minus the logarithm of the true class's probability. Write "
        "it with logits and simplify before you compute.",
        "-log(exp(z_y) / sum(exp(z))) = log(sum(exp(z))) - z_y. No probability is needed.",
        "Subtract each row's maximum first: the loss does not change, and exp cannot overflow.",
    ),
    misconceptions=(
        Misconception(
            "softmax-twice",
            lambda logits, y: -np.mean(of_labels(log_softmax(softmax(logits)), y)),
            "The softmax is applied twice. However sure the network is, such a loss stays far "
            "above 0. Take the logits as they are.",
            NETWORK,
        ),
        Misconception(
            "overflow",
            unshifted,
            "Right for small logits, but exp(1000) overflows, and inf / inf is nan. Subtract each "
            "row's maximum first.",
            STABLE,
        ),
        Misconception(
            "log-of-zero",
            lambda logits, y: -np.mean(np.log(of_labels(softmax(logits), y))),
            "Your softmax is stable, but a small probability underflows to 0, and its logarithm "
            "is -inf. Simplify log(exp(z)) to z before you compute.",
            STABLE,
        ),
        Misconception(
            "overflow-in-the-sum",
            lambda logits, y: np.mean(np.log(np.exp(logits).sum(axis=1)) - of_labels(logits, y)),
            "Right for small logits, but exp(1000) in your sum overflows, and -1000 in all entries "
            "of a row makes the sum 0. Subtract each row's maximum first, and add it afterwards.",
            STABLE,
        ),
        Misconception(
            "shifted-by-the-largest-of-all",
            shifted_by_the_largest,
            "You subtract the largest of all logits. The exponentials of a row far below it "
            "underflow to zeros, and log(0) is -inf. Take each row's own maximum: axis=1.",
            STABLE,
        ),
        Misconception(
            "zero-times-infinity",
            lambda logits, y: -np.mean((one_hot(logits, y) * np.log(softmax(logits))).sum(axis=1)),
            "A small probability underflows to 0, its logarithm is -inf, and times a 0 of the "
            "one-hot label that is nan. Simplify log(exp(z)) to z before you compute.",
            STABLE,
        ),
        Misconception(
            "clipped-before-the-log",
            lambda logits, y: -np.mean(np.log(np.maximum(of_labels(softmax(logits), y), SMALLEST))),
            "You raise small probabilities to the smallest normal float, so no answer costs more "
            "than 708.4. Simplify log(exp(z)) to z: from the logits the loss needs no such bound.",
            STABLE,
        ),
        Misconception(
            "columns-of-all-rows",
            lambda logits, y: -np.mean(log_softmax(logits)[:, y]),
            "log_p[:, y] takes the columns y of every row, m times m numbers. Each row has one "
            "label: log_p[np.arange(m), y].",
            NETWORK,
        ),
        Misconception(
            "epsilon-in-the-log",
            lambda logits, y: -np.mean(np.log(of_labels(softmax(logits), y) + 1e-8)),
            "This is the loss of p + 1e-8. It never exceeds 18.4, however wrong the network is, "
            "and is flat there. From the logits no epsilon is needed.",
            "network-from-scratch#the-loss",
        ),
        Misconception(
            "sum-over-the-samples",
            lambda logits, y: -np.sum(of_labels(log_softmax(logits), y)),
            "You take the sum over the samples. The loss is their mean, or it grows with the "
            "batch.",
            NETWORK,
        ),
        Misconception(
            "mean-over-the-classes-too",
            lambda logits, y: -np.sum(of_labels(log_softmax(logits), y)) / logits.size,
            "You divide by the number of all entries. Only the true class of a sample counts, so "
            "divide by the number of samples.",
            NETWORK,
        ),
        Misconception(
            "sign-flipped",
            lambda logits, y: np.mean(of_labels(log_softmax(logits), y)),
            "The sign is flipped: logarithms of probabilities are negative, and a loss is minus "
            "them.",
            NETWORK,
        ),
        Misconception(
            "softmax-over-the-samples",
            lambda logits, y: -np.mean(of_labels(log_softmax(logits, axis=0), y)),
            "Your softmax runs over the samples. They stand in rows here, so the classes lie "
            "along axis=1.",
            NETWORK,
        ),
        Misconception(
            "all-classes-as-true",
            lambda logits, y: -np.mean(log_softmax(logits).sum(axis=1)),
            "You add up the logarithms of all classes. Pick that of the label: "
            "log_p[np.arange(m), y].",
            NETWORK,
        ),
    ),
)
