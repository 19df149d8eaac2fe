"""The checked exercises of :doc:`/bug-museum`: two exhibits to be mended."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import bug_museum as solutions

TUTORIAL = "bug-museum#exhibit-1-backward-through-dropout"
REGRESSION = "bug-museum#exhibit-9-a-regression"
RULES = "backpropagation#every-gradient-of-the-network"
DROPPED = "engine#activations-and-dropout"


# --- museum-backward -----------------------------------------------------------------------------


def dropped_networks(rng):
    """Return networks in which some neurons are dropped, and some of the kept ones closed."""
    sizes = [(5, 4, 6, 3, 0.2), (4, 3, 5, 2, 0.4), (3, 3, 3, 3, 0.25)]
    sources = [np.random.default_rng(0), rng, rng]
    return [dropped_network(*each) for each in zip(sources, sizes, strict=True)]


def dropped_network(rng, sizes):
    m, n, h, k, rate = sizes
    W1, W2, X = rng.normal(size=(n, h)), rng.normal(size=(h, k)), rng.normal(size=(m, n))
    mask = (rng.random((m, h)) >= rate).astype(float)
    mask[0, 0], mask[1, 1] = 0, 1
    X[1] *= -np.sign(X[1] @ W1[:, 1])  # kept, and closed
    return W1, W2, X, np.eye(k)[rng.integers(k, size=m)], mask, rate


def backward(
    slope=lambda Z, H: Z > 0,
    back=lambda mask, rate: mask / (1 - rate),
    forward=lambda mask, rate: mask / (1 - rate),
    scale=lambda m: 1,
):
    """Return an answer that takes ReLU's slope, the ways through dropout and the scale from it."""

    def answer(W1, W2, X, Y, mask, rate):
        Z = X @ W1
        H = np.maximum(0, Z) * forward(mask, rate)
        error = (H @ W2 - Y) * scale(len(X))
        dZ = error @ W2.T * back(mask, rate) * slope(Z, H)
        return X.T @ dZ, H.T @ error

    return answer


def always(Z, H):
    return H >= 0


def without_factor(mask, rate):
    return mask


def by_the_rate(mask, rate):
    return mask / rate


def twice(mask, rate):
    return 2 * mask


def undropped_input(W1, W2, X, Y, mask, rate):
    dW1, _ = solutions.dropout_relu_backward(W1, W2, X, Y, mask, rate)
    A = np.maximum(0, X @ W1)
    return dW1, A.T @ (A * mask / (1 - rate) @ W2 - Y)


MUSEUM_BACKWARD = Exercise(
    name="museum-backward",
    page="bug-museum",
    solution=solutions.dropout_relu_backward,
    returns=("dW1", "dW2"),
    cases=dropped_networks,
    tolerance=1e-5,  # so much float32 may lose in the sums
    hints=(
        "Keep Z, the input of the ReLU, on the way forward: the way back asks for its sign.",
        "What a neuron passed on was multiplied by mask / (1 - rate). Its gradient is, too.",
        "dH = error @ W2.T, and dZ = dH * mask / (1 - rate) * (Z > 0).",
    ),
    misconceptions=(
        Misconception(
            "as-published",
            backward(slope=always, back=without_factor),
            "These are the tutorial's gradients, with both of its defects: ReLU's slope is taken "
            "after the ReLU, where nothing is negative, and dropout's factor 1 / (1 - rate) is "
            "missing on the way back.",
            TUTORIAL,
        ),
        Misconception(
            "relu-mask-after-activation",
            backward(slope=always),
            "Closed neurons learn too: ReLU's slope is missing, or taken after the ReLU, where "
            "H >= 0 is always true. Ask where Z > 0.",
            TUTORIAL,
        ),
        Misconception(
            "dropout-factor-missing",
            backward(back=without_factor),
            "Dropout's factor 1 / (1 - rate) is missing on the way back. The kept neurons were "
            "scaled up, so the loss feels them that much more.",
            TUTORIAL,
        ),
        Misconception(
            "dropped-neurons-learn",
            backward(back=lambda mask, rate: 1 / (1 - rate)),
            "The mask is missing on the way back. What was dropped had no influence on the loss, "
            "and has no gradient.",
            DROPPED,
        ),
        Misconception(
            "no-dropout-on-the-way-back",
            backward(back=lambda mask, rate: 1),
            "Dropout is missing on the way back, mask and factor. The same numbers multiply "
            "forward and backward.",
            DROPPED,
        ),
        Misconception(
            "divided-by-the-rate",
            backward(back=by_the_rate, forward=by_the_rate),
            "You divide by the rate, the share that is dropped. Divide by 1 - rate, the share that "
            "is kept.",
            DROPPED,
        ),
        Misconception(
            "two-for-every-rate",
            backward(forward=twice, back=twice),
            "2 belongs to a rate of one half: it is 1 / (1 - rate).",
            DROPPED,
        ),
        Misconception(
            "not-scaled-at-all",
            backward(back=without_factor, forward=without_factor),
            "The factor 1 / (1 - rate) is missing both ways. Forward and backward agree, but this "
            "is another network: its sums shrink with the rate.",
            DROPPED,
        ),
        Misconception(
            "undropped-input-of-the-last-layer",
            undropped_input,
            "dW2 is taken with the hidden layer before dropout. What multiplied W2 is the layer "
            "after it.",
            RULES,
        ),
        Misconception(
            "mean-over-the-samples",
            backward(scale=lambda m: 1 / m),
            "You divide by the number of samples. The loss of this exercise is a sum.",
            RULES,
        ),
        Misconception(
            "half-forgotten",
            backward(scale=lambda m: 2),
            "There is a factor of 2 too many: the half in the loss cancels the 2 of the square.",
            RULES,
        ),
    ),
)


# --- museum-squared-error ------------------------------------------------------------------------


def columns_and_targets(rng):
    fixed = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 3.0, 0.0])
    return [fixed, *((rng.normal(size=(m, 1)), rng.normal(size=m)) for m in (2, 5, 8))]


def squared(loss=np.mean, gradient=lambda d: 2 * d / len(d)):
    """Return an answer whose loss is `loss` of the squares, and `gradient` of the distances."""

    def answer(outputs, targets):
        distance = outputs - targets[:, None]
        return loss(distance**2), gradient(distance)

    return answer


AS_A_MATRIX = (
    "(m, 1) minus (m,) is a matrix of m times m, and so is your gradient. Bring both to one shape "
    "first; a gradient has the shape of what it belongs to."
)


def all_pairs(outputs, targets):
    distance = outputs - targets
    return np.mean(distance**2), 2 * distance.mean(axis=1, keepdims=True) / len(outputs)


def all_pairs_as_matrix(outputs, targets):
    distance = outputs - targets
    return np.mean(distance**2), 2 * distance / distance.size


def all_pairs_by_m(outputs, targets):
    distance = outputs - targets
    return np.mean(distance**2), 2 * distance / len(distance)


MUSEUM_SQUARED_ERROR = Exercise(
    name="museum-squared-error",
    page="bug-museum",
    solution=solutions.squared_error,
    returns=("loss", "gradient"),
    cases=columns_and_targets,
    hints=(
        "Print the shape of outputs - targets before you square it.",
        "(m, 1) and (m,) are stretched to (m, m). Bring both to (m, 1) first.",
        "distance = outputs - targets.reshape(-1, 1); the gradient is 2 * distance / m.",
    ),
    misconceptions=(
        Misconception(
            "all-pairs",
            all_pairs,
            "(m, 1) minus (m,) is a matrix of m times m: each output meets each target. The "
            "gradient draws every output to the mean of all targets. Bring both to one shape.",
            REGRESSION,
        ),
        Misconception(
            "all-pairs-as-a-matrix",
            all_pairs_as_matrix,
            AS_A_MATRIX,
            REGRESSION,
        ),
        Misconception(
            "all-pairs-by-m",
            all_pairs_by_m,
            AS_A_MATRIX,
            REGRESSION,
        ),
        Misconception(
            "all-pairs-in-the-loss",
            lambda outputs, targets: (
                np.mean((outputs - targets) ** 2),
                solutions.squared_error(outputs, targets)[1],
            ),
            "The gradient is right, but the loss is that of all pairs: (m, 1) minus (m,) is a "
            "matrix. It is not 0 where every output is right.",
            REGRESSION,
        ),
        Misconception(
            "flat-gradient",
            squared(gradient=lambda d: (2 * d / len(d)).ravel()),
            "The numbers are right, but the gradient has the shape (m,). It belongs to outputs of "
            "shape (m, 1), and the next operation would stretch it to a matrix.",
            REGRESSION,
        ),
        Misconception(
            "factor-2-missing",
            squared(gradient=lambda d: d / len(d)),
            "The 2 of the square is missing in the gradient; the loss has no half that would "
            "cancel it.",
            RULES,
        ),
        Misconception(
            "half-in-the-loss",
            squared(loss=lambda squares: np.mean(squares) / 2, gradient=lambda d: d / len(d)),
            "You halve the mean. Exhibit 1 had a half; the mean squared error has none.",
            REGRESSION,
        ),
        Misconception(
            "mean-missing-in-the-gradient",
            squared(gradient=lambda d: 2 * d),
            "The loss is a mean over m samples, so the gradient carries 1 / m.",
            RULES,
        ),
        Misconception(
            "sum-over-the-samples",
            squared(loss=np.sum, gradient=lambda d: 2 * d),
            "You take the sum over the samples. The loss is their mean, or it grows with the "
            "batch.",
            RULES,
        ),
        Misconception(
            "sign-flipped",
            squared(gradient=lambda d: -2 * d / len(d)),
            "The sign of the gradient is flipped: the loss grows when an output that is too large "
            "grows.",
            RULES,
        ),
    ),
)


EXERCISES = (MUSEUM_BACKWARD, MUSEUM_SQUARED_ERROR)
