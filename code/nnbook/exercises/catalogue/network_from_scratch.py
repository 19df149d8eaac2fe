"""The checked exercises of :doc:`/network-from-scratch`."""

import numpy as np

from nnbook.activations import relu, sigmoid, softmax
from nnbook.exercises.catalogue.network_training import CROSS_ENTROPY, STANDARDISE
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import network_from_scratch as solutions

START = "network-from-scratch#where-the-weights-start"
FORWARD = "network-from-scratch#the-forward-pass"


# --- he-init -------------------------------------------------------------------------------------


def sizes(rng):
    # So many weights that chance moves none of the measures over a rounding step.
    shapes = (128, 128), (32, 512), (512, 2 ** rng.integers(5, 9)), (2 ** rng.integers(5, 9), 512)
    seeds = 0, *rng.integers(2**32, size=3)
    pairs = zip(shapes, seeds, strict=True)
    return [(int(n), int(h), np.random.default_rng(seed)) for (n, h), seed in pairs]


def statistics(case, W, b):
    """Return what all right draws have in common, in steps that chance does not cross."""
    rms, size = np.sqrt(np.mean(W**2)), np.abs(W).mean()
    return {
        "the spread of W over the right one": rounded_ratio(rms / np.sqrt(2 / case[0])),
        "the mean of W over its spread": round_to(0.25, W.mean() / rms),
        "the mean absolute value of W over its spread": round_to(0.05, size / rms),
        "the share of neurons with a first weight of their own": len({*W[:, 0]}) / len(W),
        "the share of biases that are not 0": np.mean(b != 0),
        "the share of neurons with a bias of their own": round(len({*b[:, 0]}) / len(b), 1),
    }


def rounded_ratio(ratio):
    """Round a ratio to the nearest power of the fourth root of 2."""
    return 2 ** round_to(1 / 4, np.log2(ratio))


def round_to(step, number):
    return np.round(number / step) * step


def drawn(variance, b=lambda h, rng: np.zeros((h, 1))):
    """Return normal draws of a variance that depends on n and h, and biases."""

    def start(n, h, rng):
        return rng.standard_normal((h, n)) * np.sqrt(variance(n, h)), b(h, rng)

    return start


def uniform(n, h, rng):
    return rng.uniform(-1, 1, (h, n)) * np.sqrt(6 / n), np.zeros((h, 1))


def never_negative(n, h, rng):
    return rng.random((h, n)) * np.sqrt(2 / n), np.zeros((h, 1))


def one_draw_for_all(n, h, rng):
    return np.tile(rng.standard_normal(n) * np.sqrt(2 / n), (h, 1)), np.zeros((h, 1))


HE_INIT = Exercise(
    name="he-init",
    page="network-from-scratch",
    solution=solutions.he_init,
    returns=("W", "b"),
    cases=sizes,
    measure=statistics,
    hints=(
        "What is the variance of the weights that keeps E[a^2] as it was, and what its root?",
        "rng.standard_normal((h, n)) has the variance 1. A factor c makes it c^2.",
        "The factor is np.sqrt(2 / n). The biases are zeros, in a column.",
    ),
    misconceptions=(
        Misconception(
            "variance-as-deviation",
            drawn(lambda n, h: (2 / n) ** 2),
            "You multiply by 2/n. That is the variance He asks for; the factor of a draw is its "
            "root, the standard deviation.",
            START,
        ),
        Misconception(
            "factor-2-missing",
            drawn(lambda n, h: 1 / n),
            "The variance is 1/n. ReLU drops half of the mean square in every layer; the 2 in 2/n "
            "makes up for it.",
            START,
        ),
        Misconception(
            "fan-out",
            drawn(lambda n, h: 2 / h),
            "You divide by the number of neurons. The sum z runs over a neuron's n inputs, so its "
            "size depends on n: the variance is 2/n.",
            START,
        ),
        Misconception(
            "glorot",
            drawn(lambda n, h: 2 / (n + h)),
            "This is Glorot's variance, 2/(n + h), a compromise for activations like tanh. Before "
            "ReLU it is 2/n.",
            START,
        ),
        Misconception(
            "not-scaled",
            drawn(lambda n, h: 1),
            "These draws have the variance 1, whatever n is. A sum of n of them grows like the "
            "root of n; scale them.",
            START,
        ),
        Misconception(
            "uniform-draws",
            uniform,
            "The variance is right, but the draws are uniform. That is He's other form, "
            "he_uniform, and works as well; here the draws are normal.",
            START,
        ),
        Misconception(
            "never-negative",
            never_negative,
            "rng.random draws from 0 to 1, so all weights are positive. He's derivation needs "
            "weights that are symmetric about 0: rng.standard_normal.",
            START,
        ),
        Misconception(
            "all-zero",
            lambda n, h, rng: (np.zeros((h, n)), np.zeros((h, 1))),
            "The weights are zero. Then all neurons compute the same and stay equal; only the "
            "biases may start at zero.",
            START,
        ),
        Misconception(
            "neurons-equal",
            one_draw_for_all,
            "All neurons get the same draw. They compute the same, receive the same gradient and "
            "stay equal. Draw a matrix, not a row.",
            START,
        ),
        Misconception(
            "random-biases",
            drawn(lambda n, h: 2 / n, lambda h, rng: rng.standard_normal((h, 1))),
            "The weights are right, but the biases are random. They start at zero: the random "
            "weights make the neurons differ already.",
            START,
        ),
        Misconception(
            "constant-biases",
            drawn(lambda n, h: 2 / n, lambda h, rng: np.ones((h, 1))),
            "The weights are right, but the biases do not start at zero. He's derivation has no "
            "bias; let training find them.",
            START,
        ),
    ),
)


# --- forward-two-layer ---------------------------------------------------------------------------


def networks(rng):
    # Where all sizes are equal, a bias in a row and a transposed matrix raise no error.
    shapes = (3, 3, 3, 3), (5, 4, 3, 7), (1, 6, 2, 1), (4, 4, 4, 4)
    small, *others = (
        network(np.random.default_rng(0), 2, 3, 2, 4),
        *(network(rng, *s) for s in shapes),
    )
    W1, b1, W2, b2, X = network(rng, 2, 4, 3, 5)
    # Scores of 1000 and 999 in one column, of -1000 and -1001 in the other.
    W = 1000 * np.array([[1, -1], [1, -1]]) - [[0, 0], [1, 1]]
    apart = np.eye(2), np.zeros((2, 1)), W, np.zeros((2, 1)), np.eye(2)
    return [small, *others, (W1, b1, 1000 * W2, b2, X), apart]


def network(rng, n, h, K, m):
    first = rng.normal(size=(h, n)), rng.normal(size=(h, 1))
    second = rng.normal(size=(K, h)), rng.normal(size=(K, 1))
    return *first, *second, rng.normal(size=(n, m))


def forward(W1, b1, W2, b2, X, hidden=relu, output=None):
    """Return the right probabilities, with the steps that a known mistake changes as arguments."""
    Z2 = W2 @ hidden(W1 @ X + b1) + b2
    return output(Z2) if output else softmax(Z2, axis=0)


def but(**changed):
    return lambda *arguments: forward(*arguments, **changed)


def without_overflow_guard(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=0)


FORWARD_TWO_LAYER = Exercise(
    name="forward-two-layer",
    page="network-from-scratch",
    solution=solutions.forward_two_layer,
    returns=("A2",),
    cases=networks,
    hints=(
        "Four equations, four lines: Z1, A1, Z2, A2. Write the shape beside each.",
        "Z1 = W1 @ X + b1 and A1 = relu(Z1). The second layer reads A1 as the first reads X.",
        "The last is A2 = softmax(Z2, axis=0): a sample is a column.",
    ),
    misconceptions=(
        Misconception(
            "no-hidden-activation",
            but(hidden=lambda Z: Z),
            "The hidden layer has no ReLU. Without it the two layers are one linear layer.",
            "activations#why-not-a-straight-line",
        ),
        Misconception(
            "softmax-in-the-hidden-layer",
            but(hidden=lambda Z: softmax(Z, axis=0)),
            "The hidden layer has a softmax. Its neurons answer independently, with ReLU; only the "
            "classes compete.",
            FORWARD,
        ),
        Misconception(
            "sigmoid-in-the-hidden-layer",
            but(hidden=sigmoid),
            "The hidden layer has a sigmoid. That is a network too, but this chapter's has a ReLU "
            "there.",
            FORWARD,
        ),
        Misconception(
            "softmax-over-samples",
            but(output=lambda Z: softmax(Z, axis=1)),
            "Your rows sum to 1. A sample is a column, so softmax runs down the columns: axis=0. "
            "By default it takes the last axis.",
            FORWARD,
        ),
        Misconception(
            "scores-returned",
            but(output=lambda Z: Z),
            "You return the scores Z2. The probabilities are their softmax.",
            FORWARD,
        ),
        Misconception(
            "relu-on-the-scores",
            but(output=lambda Z: softmax(relu(Z), axis=0)),
            "There is a ReLU before the softmax. It makes all negative scores equal; the output "
            "layer's only activation is the softmax.",
            FORWARD,
        ),
        Misconception(
            "sigmoid-outputs",
            but(output=sigmoid),
            "The outputs are sigmoids, one yes or no for each class. Of exclusive classes the "
            "probabilities have to sum to 1: softmax.",
            FORWARD,
        ),
        Misconception(
            "softmax-twice",
            but(output=lambda Z: softmax(softmax(Z, axis=0), axis=0)),
            "Softmax is applied twice. The second one takes probabilities for scores and makes "
            "them nearly equal.",
            FORWARD,
        ),
        Misconception(
            "softmax-not-shifted",
            but(output=without_overflow_guard),
            "Your softmax overflows on large scores, and the answer is nan. Subtract the largest "
            "score first, or use nnbook's softmax.",
            "activations#it-ignores-a-shift",
        ),
        Misconception(
            "softmax-shifted-by-the-largest-of-all",
            but(output=lambda Z: without_overflow_guard(Z - Z.max())),
            "Your softmax shifts all columns by the largest score of the whole matrix. A column "
            "far below it underflows to zeros, and 0/0 is nan. Take each column's own: axis=0.",
            "activations#it-ignores-a-shift",
        ),
        Misconception(
            "biases-left-out",
            lambda W1, b1, W2, b2, X: forward(W1, 0, W2, 0, X),
            "The biases are left out. Each layer adds its own, a column, to every sample.",
            FORWARD,
        ),
        Misconception(
            "biases-in-a-row",
            lambda W1, b1, W2, b2, X: forward(W1, b1.ravel(), W2, b2.ravel(), X),
            "The biases are rows. NumPy adds a row to the samples instead of the neurons where the "
            "sizes happen to fit, and fails where they do not. Leave them in columns, (h, 1).",
            FORWARD,
        ),
        Misconception(
            "weights-transposed",
            lambda W1, b1, W2, b2, X: forward(W1.T, b1, W2.T, b2, X),
            "The weights are transposed. A weight matrix has a row for each neuron, so W @ X fits "
            "as it is; where it is square, W.T fits too and is wrong.",
            "network-from-scratch#the-shape-of-a-network",
        ),
    ),
)

EXERCISES = (HE_INIT, FORWARD_TWO_LAYER, CROSS_ENTROPY, STANDARDISE)
