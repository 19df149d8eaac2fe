"""The checked exercises of :doc:`/neuron`."""

import numpy as np

from nnbook.activations import sigmoid
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import neuron as solutions

FORMULA = "neuron#one-neuron-by-hand"
LEARNING = "neuron#learning-the-weights"


# --- neuron --------------------------------------------------------------------------------------


def samples(rng):
    w = np.array([1.0, -2.0, 0.5])
    walk, silence = (np.array([2.0, 1.0, 3.0]), w, -1.0), (np.zeros(3), w, -1.0)
    draws = ((rng.normal(size=n), rng.normal(size=n), rng.normal()) for n in (1, 2, 4))
    return [walk, silence, *draws]


NEURON = Exercise(
    name="neuron",
    page="neuron",
    solution=solutions.neuron_by_hand,
    returns=("a",),
    cases=samples,
    hints=(
        "First the sum z, then the activation. What does z of the walk come to?",
        "z is the sum of all w[i] * x[i], plus the bias once: w @ x + b.",
        "The output is sigmoid(z), one number.",
    ),
    misconceptions=(
        Misconception(
            "bias-left-out",
            lambda x, w, b: sigmoid(w @ x),
            "The bias is left out. It belongs to the sum: without it every neuron answers 1/2 "
            "where all inputs are 0.",
            FORMULA,
        ),
        Misconception(
            "bias-in-every-product",
            lambda x, w, b: sigmoid(np.sum(w * x + b)),
            "The bias is added to every product, so n times. A neuron has one bias: add it once, "
            "after the sum.",
            FORMULA,
        ),
        Misconception(
            "bias-subtracted",
            lambda x, w, b: sigmoid(w @ x - b),
            "The bias is subtracted. It works as a threshold of -b, which is why some books write "
            "a minus sign, but here z = w @ x + b.",
            FORMULA,
        ),
        Misconception(
            "sign-of-the-exponent",
            lambda x, w, b: sigmoid(-(w @ x + b)),
            "The sign of the exponent is flipped: the answer falls where z rises. The sigmoid is "
            "1 / (1 + e^-z).",
            FORMULA,
        ),
        Misconception(
            "bias-multiplied",
            lambda x, w, b: sigmoid(w @ x * b),
            "The bias is a factor in your sum. It is added: it shifts z and scales nothing.",
            FORMULA,
        ),
        Misconception(
            "bias-after-the-activation",
            lambda x, w, b: sigmoid(w @ x) + b,
            "The bias is added after the sigmoid, so the output can leave the interval from 0 to "
            "1. Add it to the sum, before the sigmoid.",
            FORMULA,
        ),
        Misconception(
            "products-not-summed",
            lambda x, w, b: sigmoid(w * x + b),
            "The products are not summed: w * x multiplies entry by entry and leaves n numbers. A "
            "neuron makes one number of them, w @ x.",
            FORMULA,
        ),
        Misconception(
            "activation-forgotten",
            lambda x, w, b: w @ x + b,
            "You return the sum z. The neuron's output is sigmoid(z), between 0 and 1.",
            FORMULA,
        ),
        Misconception(
            "activation-twice",
            lambda x, w, b: sigmoid(sigmoid(w @ x + b)),
            "The sigmoid is applied twice. What goes into it is the sum z, once.",
            FORMULA,
        ),
        Misconception(
            "step-instead-of-sigmoid",
            lambda x, w, b: float(w @ x + b > 0),
            "You return yes or no. The neuron's output is the probability sigmoid(z); the "
            "threshold comes after it, where a decision is wanted.",
            "neuron#what-one-neuron-can-separate",
        ),
    ),
)


# --- neuron-loss ---------------------------------------------------------------------------------


def sums_and_labels(rng):
    gentle = np.array([0.0, 1.0, -2.0]), np.array([1, 1, 0])
    certain = np.array([1000.0, -1000.0, 0.5]), np.array([0, 0, 1])
    right = np.array([1000.0, -1000.0, -1.0]), np.array([1, 0, 1])
    draws = ((rng.normal(size=m) * 3, rng.integers(2, size=m)) for m in (2, 5, 8))
    return [gentle, certain, right, *draws]


def from_probabilities(z, y, epsilon=0.0):
    a = sigmoid(z)
    return -np.mean(y * np.log(a + epsilon) + (1 - y) * np.log(1 - a + epsilon))


def from_clipped(a, y):
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


def charges(z, y):
    return np.logaddexp(0, z) - y * z


NEURON_LOSS = Exercise(
    name="neuron-loss",
    page="neuron",
    solution=solutions.neuron_loss,
    returns=("L",),
    cases=sums_and_labels,
    hints=(
        "There are two forms of the cross-entropy. Which of them never takes the logarithm of 0?",
        "Each sample costs log(1 + e^z) - y z, and the loss is their mean.",
        "np.logaddexp(0, z) is log(1 + e^z) without overflow.",
    ),
    misconceptions=(
        Misconception(
            "log-of-zero",
            from_probabilities,
            "Where the neuron is certain, a rounds to 0 or 1, and the logarithm of 0 makes the "
            "loss infinite or nan. The form in z never takes it.",
            LEARNING,
        ),
        Misconception(
            "epsilon-in-the-log",
            lambda z, y: from_probabilities(z, y, 1e-8),
            "You add 1e-8 inside the logarithm. A certain and wrong answer then costs 18 at most, "
            "however certain it is. The form in z needs no such constant.",
            LEARNING,
        ),
        Misconception(
            "log-of-zero-for-a-sure-mistake",
            lambda z, y: -np.mean(np.log(np.where(y == 1, sigmoid(z), 1 - sigmoid(z)))),
            "Where the neuron is certain and wrong, a rounds to 0 or 1, and the logarithm of 0 "
            "makes the loss infinite. The form in z never takes it.",
            LEARNING,
        ),
        Misconception(
            "clipped",
            lambda z, y: from_clipped(np.clip(sigmoid(z), 1e-15, 1 - 1e-15), y),
            "You clip the probability at 1e-15. A certain and wrong answer then costs 35 at most, "
            "however certain it is. The form in z needs no such bound.",
            LEARNING,
        ),
        Misconception(
            "exponential-overflows",
            lambda z, y: np.mean(np.log(1 + np.exp(z)) - y * z),
            "e^z overflows at z = 1000, and the loss is infinite. np.logaddexp(0, z) is the same "
            "logarithm without overflow.",
            LEARNING,
        ),
        Misconception(
            "sum-instead-of-mean",
            lambda z, y: charges(z, y).sum(),
            "This is the sum over the samples. The loss is their mean, so that it does not grow "
            "with their number.",
            LEARNING,
        ),
        Misconception(
            "sign-flipped",
            lambda z, y: -charges(z, y).mean(),
            "The sign is flipped: a loss is at least 0, and the better the answers, the smaller.",
            LEARNING,
        ),
        Misconception(
            "labels-swapped",
            lambda z, y: charges(z, 1 - y).mean(),
            "Label 0 is charged as if it were 1, and 1 as 0. Where y = 1 the loss has to fall as z "
            "rises.",
            LEARNING,
        ),
        Misconception(
            "only-the-label-1",
            lambda z, y: np.mean(y * np.logaddexp(0, -z)),
            "Only the samples with the label 1 are charged. Those with the label 0 cost "
            "-log(1 - a).",
            LEARNING,
        ),
    ),
)


# --- neuron-gradient -----------------------------------------------------------------------------


def batches(rng):
    one = np.array([[2.0], [0.0]]), np.array([1]), np.array([0.5, -1.0]), 0.4
    two = np.array([[2.0, -3.0], [0.0, 1.0]]), np.array([1, 0]), np.array([0.5, -1.0]), 0.4
    return [two, one, *(batch(rng, n, m) for n, m in ((2, 3), (3, 3), (4, 6), (1, 5)))]


def batch(rng, n, m):
    return rng.normal(size=(n, m)), rng.integers(2, size=m), rng.normal(size=n), rng.normal()


def gradient(X, y, w, b, dz=lambda a, z, y: a - y, dw=None, db=None, scale=None):
    """Return the right gradients, with the steps that a known mistake changes as arguments."""
    z = w @ X + b
    error = dz(sigmoid(z), z, y) / (scale or len(y))
    return (dw or np.matmul)(X, error), (db or np.sum)(error)


def but(**changed):
    return lambda *arguments: gradient(*arguments, **changed)


NEURON_GRADIENT = Exercise(
    name="neuron-gradient",
    page="neuron",
    solution=solutions.neuron_gradient,
    returns=("dw", "db"),
    cases=batches,
    hints=(
        "In words it is error times input. Compute z, a and the error of each sample first.",
        "The error is a - y. For one sample dw = (a - y) x and db = a - y.",
        "The loss is a mean: sum over the m samples and divide by m. X @ (a - y) is that sum.",
    ),
    misconceptions=(
        Misconception(
            "mean-missing",
            but(scale=1),
            "The 1/m is missing: these are the gradients of the sum over the samples, and the loss "
            "is their mean.",
            LEARNING,
        ),
        Misconception(
            "sign-flipped",
            but(dz=lambda a, z, y: y - a),
            "The signs are flipped: the error is a - y. The gradient points uphill, and the step "
            "against it brings its own minus sign.",
            LEARNING,
        ),
        Misconception(
            "activation-forgotten",
            but(dz=lambda a, z, y: z - y),
            "Your error is z - y. The neuron's answer is a = sigmoid(z), so the error is a - y.",
            LEARNING,
        ),
        Misconception(
            "threshold-in-the-error",
            but(dz=lambda a, z, y: (a > 0.5) - y),
            "Your error compares the decision with the label; that is the rule of the perceptron. "
            "The cross-entropy compares the probability a, so an answer that is right and unsure "
            "still teaches.",
            LEARNING,
        ),
        Misconception(
            "slope-of-the-sigmoid-left-in",
            but(dz=lambda a, z, y: (a - y) * a * (1 - a)),
            "The factor a(1 - a) is left in. It stands below in the derivative of the "
            "cross-entropy, above in that of the sigmoid, and cancels.",
            LEARNING,
        ),
        Misconception(
            "bias-gradient-not-summed",
            but(db=np.asarray),
            "The bias gradient is not summed. One bias serves all samples, so its gradient is one "
            "number, the mean of a - y.",
            LEARNING,
        ),
        Misconception(
            "bias-gradient-not-averaged",
            but(db=lambda error: error.sum() * error.size),
            "dw is right, but db is a sum over the samples without the 1/m. Both belong to the "
            "same mean.",
            LEARNING,
        ),
        Misconception(
            "bias-gradient-left-out",
            but(db=lambda error: 0.0),
            "The bias gets no gradient. It learns too: z grows with b at the rate 1, so its "
            "gradient is the mean of a - y.",
            LEARNING,
        ),
        Misconception(
            "bias-left-out-of-the-sum",
            lambda X, y, w, b: gradient(X, y, w, 0),
            "The bias is missing in z, so your errors are those of another neuron: z = w @ X + b.",
            LEARNING,
        ),
        Misconception(
            "weights-instead-of-inputs",
            lambda X, y, w, b: gradient(X, y, w, b, dw=lambda X, error: w * error.sum()),
            "You multiply the error by the weight. The derivative of w x with respect to w is x: "
            "error times input.",
            LEARNING,
        ),
        Misconception(
            "divided-by-the-features",
            lambda X, y, w, b: gradient(X, y, w, b, scale=len(X)),
            "You divide by len(X), the number of features. The samples are in the columns, so m is "
            "X.shape[1] or len(y).",
            LEARNING,
        ),
        Misconception(
            "samples-taken-for-rows",
            but(dw=lambda X, error: X.T @ error),
            "X is transposed. Its samples are in the columns already, and X @ (a - y) sums over "
            "them; where X is square, X.T fits too and is wrong.",
            LEARNING,
        ),
    ),
)

EXERCISES = (NEURON, NEURON_LOSS, NEURON_GRADIENT)
