"""The checked exercises of :doc:`/backpropagation`."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import backpropagation as solutions
from nnbook.preprocessing import one_hot_encode

SCORES = "backpropagation#softmax-and-cross-entropy"
RULES = "backpropagation#every-gradient-of-the-network"


def labels(rng, num_classes, m):
    return one_hot_encode(rng.integers(num_classes, size=m), num_classes)


# --- softmax-gradient ----------------------------------------------------------------------------


def scores_and_labels(rng):
    confident_and_wrong = np.array([[30.0, 0.0], [0.0, 1.0], [0.0, 2.0]]), np.eye(3)[:, 1:]
    shapes = [(2, 1), (3, 4), (3, 3), (10, 6)]
    return [confident_and_wrong, *((rng.normal(size=s), labels(rng, *s)) for s in shapes)]


def epsilon_in_the_log(Z, Y):
    A = softmax(Z, axis=0)
    dA = -Y / (A + 1e-8) / Z.shape[1]
    return A * (dA - (A * dA).sum(axis=0))


def squared_error_slope(Z, Y):
    A = softmax(Z, axis=0)
    return (A - Y) * A * (1 - A)


SOFTMAX_GRADIENT = Exercise(
    name="softmax-gradient",
    page="backpropagation",
    solution=solutions.softmax_gradient,
    returns=("dL/dZ",),
    cases=scores_and_labels,
    hints=(
        "Derive it for one sample first: what is the derivative of -log(softmax(z)_k)?",
        "For one sample it is the probabilities minus the one-hot label.",
        "The loss is a mean over the m columns, so each column's gradient carries 1/m.",
    ),
    misconceptions=(
        Misconception(
            "mean-missing",
            lambda Z, Y: softmax(Z, axis=0) - Y,
            "The 1/m is missing: this is the chapter's dZ, m times the derivative. The loss is a "
            "mean over m samples, so each of them counts for 1/m of it.",
            SCORES,
        ),
        Misconception(
            "sign-flipped",
            lambda Z, Y: (Y - softmax(Z, axis=0)) / Z.shape[1],
            "The sign is flipped. The loss falls when the true class gains score, so the "
            "derivative there is negative: probabilities minus labels.",
            SCORES,
        ),
        Misconception(
            "mean-over-classes-too",
            lambda Z, Y: (softmax(Z, axis=0) - Y) / Z.size,
            "You divide by the number of all entries. Cross-entropy sums over the classes and "
            "averages over the samples: divide by m alone.",
            SCORES,
        ),
        Misconception(
            "softmax-over-samples",
            lambda Z, Y: (softmax(Z, axis=1) - Y) / Z.shape[1],
            "Your softmax runs over the samples. A sample is a column here, so each column has to "
            "sum to 1: axis=0.",
            "activations#softmax-from-scores-to-probabilities",
        ),
        Misconception(
            "epsilon-in-the-log",
            epsilon_in_the_log,
            "This is the gradient of log(p + 1e-8). Where the network is confident and wrong, the "
            "constant outweighs p and the gradient vanishes. Use A - Y, which needs no logarithm.",
            SCORES,
        ),
        Misconception(
            "squared-error",
            lambda Z, Y: squared_error_slope(Z, Y) / Z.shape[1],
            "This belongs to squared error after a sigmoid: the factor A(1 - A) cancels against "
            "the derivative of cross-entropy.",
            "backpropagation#why-not-squared-error",
        ),
        Misconception(
            "softmax-twice",
            lambda Z, Y: (softmax(softmax(Z, axis=0), axis=0) - Y) / Z.shape[1],
            "The softmax is applied twice. Z holds scores, and one softmax makes probabilities of "
            "them; a second one makes them more equal than they are.",
            "activations#softmax-from-scores-to-probabilities",
        ),
        Misconception(
            "with-respect-to-the-probabilities",
            lambda Z, Y: -Y / softmax(Z, axis=0) / Z.shape[1],
            "This is the gradient with respect to the probabilities. One more application of the "
            "chain rule, through softmax, leads to the scores.",
            SCORES,
        ),
    ),
)


# --- backprop-two-layer --------------------------------------------------------------------------


def networks(rng):
    # Where all sizes are equal, a forgotten transpose raises no error.
    sizes = [(2, 3, 2, 4), (3, 3, 3, 3), (5, 4, 3, 7), (1, 6, 2, 1), (4, 4, 4, 8)]
    return [network(np.random.default_rng(0), *sizes[0]), *(network(rng, *s) for s in sizes[1:])]


def network(rng, n, h, K, m):
    W1, b1 = rng.normal(size=(h, n)), rng.normal(size=(h, 1))
    W2, b2 = rng.normal(size=(K, h)), rng.normal(size=(K, 1))
    return W1, b1, W2, b2, rng.normal(size=(n, m)), labels(rng, K, m)


def scores_gradient(Z2, Y):
    return softmax(Z2, axis=0) - Y


def bias_gradient(dZ):
    return dZ.sum(axis=1, keepdims=True)


def backward(
    W1,
    b1,
    W2,
    b2,
    X,
    Y,
    mask=np.greater,
    back=np.transpose,
    scale=None,
    db=bias_gradient,
    dz=scores_gradient,
):
    """Return the right gradients, with the steps that a known mistake changes as arguments."""
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.maximum(0, Z1)
    dZ2 = dz(W2 @ A1 + b2, Y) / (m if scale is None else scale(m))
    dA1 = back(W2) @ dZ2
    dZ1 = dA1 * mask(Z1, 0)
    return dZ1 @ X.T, db(dZ1), dZ2 @ A1.T, db(dZ2)


def but(**changed):
    return lambda *arguments: backward(*arguments, **changed)


def sign_flipped(*arguments):
    return tuple(-gradient for gradient in backward(*arguments))


def mask_of_the_gradient(W1, b1, W2, b2, X, Y):
    dA1 = W2.T @ (softmax(W2 @ np.maximum(0, W1 @ X + b1) + b2, axis=0) - Y)
    return backward(W1, b1, W2, b2, X, Y, mask=lambda Z1, zero: dA1 > zero)


def relu_on_the_way_back(W1, b1, W2, b2, X, Y):
    """Multiply by the activation itself instead of its derivative."""
    return backward(W1, b1, W2, b2, X, Y, mask=np.maximum)


def no_hidden_activation(W1, b1, W2, b2, X, Y):
    Z1 = W1 @ X + b1
    dZ2 = (softmax(W2 @ Z1 + b2, axis=0) - Y) / X.shape[1]
    dZ1 = W2.T @ dZ2
    sums = [dZ.sum(axis=1, keepdims=True) for dZ in (dZ1, dZ2)]
    return dZ1 @ X.T, sums[0], dZ2 @ Z1.T, sums[1]


BACKPROP_TWO_LAYER = Exercise(
    name="backprop-two-layer",
    page="backpropagation",
    solution=solutions.backprop_two_layer,
    returns=("dW1", "db1", "dW2", "db2"),
    cases=networks,
    tolerance=1e-5,  # so much float32 may lose in the sums
    hints=(
        "Run the network forward first and keep Z1 and A1: the way back needs both.",
        "Start with dZ2 = A2 - Y. A weight's gradient is its layer's dZ times its input, "
        "transposed, divided by m; a bias's is the sum of dZ over the samples, divided by m.",
        "From layer 2 to layer 1: dA1 = W2.T @ dZ2, and dZ1 is dA1 where Z1 > 0, else 0.",
    ),
    misconceptions=(
        Misconception(
            "relu-mask-after-activation",
            but(mask=lambda Z1, zero: np.maximum(0, Z1) >= zero),
            "The ReLU mask is taken after the activation: A1 >= 0 is always true, so no gradient "
            "is stopped. Ask where Z1 > 0.",
            RULES,
        ),
        Misconception(
            "mask-of-the-gradient",
            mask_of_the_gradient,
            "The ReLU mask is taken of the gradient. What counts is whether the neuron was active "
            "in the forward pass: Z1 > 0.",
            RULES,
        ),
        Misconception(
            "relu-instead-of-its-derivative",
            relu_on_the_way_back,
            "You multiply by ReLU(Z1). The chain rule wants the derivative, which is 0 or 1.",
            RULES,
        ),
        Misconception(
            "no-hidden-activation",
            no_hidden_activation,
            "The hidden layer's ReLU is left out, forward and backward: without it two layers are "
            "one linear map.",
            "activations#why-not-a-straight-line",
        ),
        Misconception(
            "softmax-twice",
            but(dz=lambda Z2, Y: scores_gradient(softmax(Z2, axis=0), Y)),
            "The softmax is applied twice on the way forward. A2 is one softmax of the scores Z2.",
            "activations#softmax-from-scores-to-probabilities",
        ),
        Misconception(
            "squared-error",
            but(dz=squared_error_slope),
            "dZ2 carries the slope A2(1 - A2). It belongs to squared error after a sigmoid; with "
            "cross-entropy it cancels, and A2 - Y is left.",
            "backpropagation#why-not-squared-error",
        ),
        Misconception(
            "mean-missing",
            but(scale=lambda m: 1),
            "The 1/m is missing: these are the gradients of the sum over the samples, and the loss "
            "is their mean. Training works all the same, with m times the learning rate.",
            RULES,
        ),
        Misconception(
            "mean-twice",
            but(scale=lambda m: m * m),
            "The 1/m is in it twice: once in dZ2, and once more where the parameters' gradients "
            "are made of it. It belongs in one of the two places.",
            RULES,
        ),
        Misconception(
            "sign-flipped",
            sign_flipped,
            "All signs are flipped: dZ2 is A2 - Y, not Y - A2. These steps would climb the loss.",
            SCORES,
        ),
        Misconception(
            "weights-not-transposed",
            but(back=lambda W2: W2),
            "W2 is not transposed on the way back. Where all layers have the same width the shapes "
            "fit and nothing complains, and the gradient is wrong.",
            RULES,
        ),
        Misconception(
            "bias-gradient-not-summed",
            but(db=lambda dZ: dZ),
            "The bias gradients are not summed. A bias is shared by all samples, so its gradient "
            "is the sum over them: shape (neurons, 1).",
            RULES,
        ),
        Misconception(
            "bias-gradient-summed-over-neurons",
            but(db=lambda dZ: dZ.sum(axis=0, keepdims=True)),
            "The bias gradients are summed over the neurons. Each neuron has a bias of its own; "
            "sum over the samples, which are columns: axis=1.",
            RULES,
        ),
        Misconception(
            "bias-gradient-without-keepdims",
            but(db=lambda dZ: dZ.sum(axis=1)),
            "The bias gradients have lost an axis: b1 and b2 are columns, and a gradient has the "
            "shape of its parameter. Sum with keepdims=True.",
            RULES,
        ),
        Misconception(
            "bias-mean-missing",
            but(db=lambda dZ: dZ.shape[1] * dZ.sum(axis=1, keepdims=True)),
            "The weights' gradients are right, but in those of the biases the 1/m is missing: all "
            "four are derivatives of the same mean.",
            RULES,
        ),
        Misconception(
            "bias-gradient-averaged",
            but(db=lambda dZ: dZ.mean(axis=1, keepdims=True)),
            "The bias gradients carry 1/m twice: they divide by m, and take a mean as well. One of "
            "the two is enough.",
            RULES,
        ),
    ),
)

EXERCISES = (SOFTMAX_GRADIENT, BACKPROP_TWO_LAYER)
