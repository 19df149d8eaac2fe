"""The checked exercises of :doc:`/activations`."""

import numpy as np

from nnbook.activations import sigmoid, softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import activations as solutions

FOUR = "activations#four-functions"
SOFTMAX = "activations#softmax-from-scores-to-probabilities"
SHIFT = "activations#it-ignores-a-shift"


# --- sigmoid -------------------------------------------------------------------------------------


def any_numbers(rng):
    gentle, extreme = np.array([0.0, 1.0, -1.0, 3.0]), np.array([1000.0, -1000.0, 0.5])
    # All these sigmoids are more than 0. The exponentials of 720 and 730 overflow.
    small, tiny = np.array([-600.0, -650.0]), np.array([-720.0, -730.0])
    draws = rng.normal(size=5), 4 * rng.normal(size=(2, 3))
    return [(z,) for z in (gentle, extreme, small, tiny, *draws)]


SIGMOID = Exercise(
    name="sigmoid",
    page="activations",
    solution=solutions.stable_sigmoid,
    returns=("a",),
    cases=any_numbers,
    hints=(
        "Which exponential never overflows, whatever the sign of z?",
        "Let e = np.exp(-np.abs(z)). For z >= 0 it is the e^-z of the formula.",
        "For z < 0 multiply the fraction by e^z above and below: e / (1 + e). np.where chooses.",
    ),
    misconceptions=(
        Misconception(
            "overflow-at-large-negative",
            lambda z: 1 / (1 + np.exp(-z)),
            "As in the formula as printed, e^-z overflows below z = -709: NumPy warns, and the "
            "answer is 0 where the sigmoid is small, but not 0.",
            FOUR,
        ),
        Misconception(
            "overflow-at-large-positive",
            lambda z: np.exp(z) / (1 + np.exp(z)),
            "e^z overflows for large z, and infinity divided by infinity is nan. This form is safe "
            "for z < 0; for z >= 0 take 1 / (1 + e^-z).",
            FOUR,
        ),
        Misconception(
            "negative-half-mirrored",
            lambda z: 1 / (1 + np.exp(-np.abs(z))),
            "The absolute value turns every negative z into a positive one, so all answers are at "
            "least 1/2. For z < 0 the fraction is e / (1 + e).",
            FOUR,
        ),
        Misconception(
            "clipped",
            lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))),
            "Clipping z keeps e^-z from overflowing, but all z below the bound get the same "
            "answer. The form with e^-|z| needs no bound.",
            FOUR,
        ),
        Misconception(
            "zero-where-it-is-small",
            lambda z: (1 + np.tanh(z / 2)) / 2,
            "Where the sigmoid is very small, your answer is 0. A difference does that, such as "
            "1 - sigmoid(-z) or 1 + tanh(z / 2): below z = -37 its numbers agree in all digits. "
            "So does float32. For z < 0 compute e / (1 + e).",
            FOUR,
        ),
        Misconception(
            "sign-flipped",
            lambda z: sigmoid(-z),
            "Your function falls: the sign of the exponent is flipped. The sigmoid has e^-z below "
            "the line and rises with z.",
            FOUR,
        ),
        Misconception(
            "tanh",
            np.tanh,
            "This is tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1 and is 1/2 at 0.",
            FOUR,
        ),
        Misconception(
            "z-doubled",
            lambda z: sigmoid(2 * z),
            "This is sigmoid(2z), twice as steep. The 2 belongs to the formula of tanh.",
            FOUR,
        ),
    ),
)


# --- sigmoid-derivative --------------------------------------------------------------------------


def slopes_wanted(rng):
    gentle, extreme = np.array([0.0, 1.0, -2.0]), np.array([1000.0, -1000.0, 0.5])
    return [(z,) for z in (gentle, extreme, rng.normal(size=4), 2 * rng.normal(size=(3, 2)))]


SIGMOID_DERIVATIVE = Exercise(
    name="sigmoid-derivative",
    page="activations",
    solution=solutions.slope_of_sigmoid,
    returns=("slope",),
    cases=slopes_wanted,
    hints=(
        "The derivative can be written with the sigmoid's own value. Compute that first.",
        "With a = sigmoid(z), the slope is a(1 - a). At z = 0 that is 1/4.",
    ),
    misconceptions=(
        Misconception(
            "z-taken-for-the-output",
            lambda z: z * (1 - z),
            "You take z for the sigmoid's output. The slope is a(1 - a) with a = sigmoid(z), and "
            "the argument is z.",
            FOUR,
        ),
        Misconception(
            "sigmoid-twice",
            lambda z: sigmoid(sigmoid(z)) * (1 - sigmoid(sigmoid(z))),
            "The sigmoid is applied twice before the slope is taken. Once is right: "
            "a = sigmoid(z), and then a(1 - a).",
            FOUR,
        ),
        Misconception(
            "function-instead-of-slope",
            sigmoid,
            "This is the sigmoid itself. Its slope is a(1 - a), at most 1/4, and goes to 0 on both "
            "sides.",
            FOUR,
        ),
        Misconception(
            "factor-missing",
            lambda z: sigmoid(-z),
            "This is 1 - a. The factor a is missing; in the quotient rule it comes from the square "
            "of the denominator.",
            FOUR,
        ),
        Misconception(
            "rule-of-tanh",
            lambda z: 1 - sigmoid(z) ** 2,
            "1 - a^2 is the rule for tanh. For the sigmoid it is a - a^2.",
            FOUR,
        ),
        Misconception(
            "slope-of-tanh",
            lambda z: 1 - np.tanh(z) ** 2,
            "This is the slope of tanh, which is 1 at z = 0. That of the sigmoid is 1/4 there.",
            FOUR,
        ),
        Misconception(
            "sign-flipped",
            lambda z: sigmoid(z) * (sigmoid(z) - 1),
            "The sign is flipped. The sigmoid rises everywhere, so its slope is positive: the "
            "inner derivative of e^-z brings a second minus sign.",
            FOUR,
        ),
        Misconception(
            "exponential-overflows",
            lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
            "The formula is right, but e^-z overflows for large negative z, and infinity divided "
            "by infinity is nan. Use a(1 - a), or e^-|z|: the slope is the same for z and -z.",
            FOUR,
        ),
    ),
)


# --- relu-derivative -----------------------------------------------------------------------------


def away_from_the_kink(rng):
    # At 0 any value will do. An array of one entry may stand in an if, longer ones may not.
    fixed = np.array([-2.0, -0.5, 0.5, 3.0]), np.array([2.5])
    return [(z,) for z in (*fixed, rng.normal(size=6), rng.normal(size=(2, 4)))]


RELU_DERIVATIVE = Exercise(
    name="relu-derivative",
    page="activations",
    solution=solutions.slope_of_relu,
    returns=("slope",),
    cases=away_from_the_kink,
    hints=(
        "Look at the graph of ReLU: how steep is it on the left, how steep on the right?",
        "It is 0 where z < 0 and 1 where z > 0. A comparison gives that for all entries at once.",
    ),
    misconceptions=(
        Misconception(
            "function-instead-of-slope",
            lambda z: np.maximum(0, z),
            "This is ReLU itself. Its slope is 1 wherever z is positive, however large z is.",
            FOUR,
        ),
        Misconception(
            "mask-after-activation",
            lambda z: np.maximum(0, z) >= 0,
            "Your answer is 1 everywhere. After ReLU, or after an absolute value, nothing is "
            "negative: ask for the sign of z itself.",
            FOUR,
        ),
        Misconception(
            "slope-of-the-absolute-value",
            np.sign,
            "This is -1 where z is negative, the slope of |z|. ReLU is flat there: 0.",
            FOUR,
        ),
        Misconception(
            "mask-inverted",
            lambda z: z < 0,
            "The two sides are exchanged: ReLU keeps what is positive, so the 1 stands where "
            "z > 0.",
            FOUR,
        ),
        Misconception(
            "leaky",
            lambda z: np.where(z > 0, 1, 0.01),
            "This is the slope of the leaky ReLU, which lets a little through. ReLU has slope 0 "
            "where z is negative.",
            FOUR,
        ),
        Misconception(
            "slope-of-sigmoid",
            lambda z: sigmoid(z) * sigmoid(-z),
            "This is the slope of the sigmoid. That of ReLU takes two values only, 0 and 1.",
            FOUR,
        ),
        Misconception(
            "if-on-an-array",
            lambda z: 1 if z > 0 else 0,
            "An if asks once, and an array has many answers. Compare the whole array, z > 0: that "
            "gives a True, which counts as 1, or a False for each entry.",
            FOUR,
        ),
    ),
)


# --- softmax -------------------------------------------------------------------------------------


def scores(rng):
    large = np.array([[1000.0], [999.0], [998.0]])
    spread = np.array([[3000.0, 1.0], [0.0, 2.0], [0.0, 3.0]])  # far above the mean of its column
    apart = np.array([[1000.0, -1000.0], [999.0, -1001.0]])  # columns of unlike size
    draws = (3 * rng.normal(size=shape) for shape in ((3, 1), (3, 3), (2, 5)))
    safe = np.array([[900.0], [450.0], [0.0]])  # not too far above its mean
    fixed = np.array([[2.0], [1.0], [-1.0]]), large, spread, apart, safe
    return [(Z,) for Z in (*fixed, *draws)]


def normalised(e):
    return e / e.sum(axis=0)


def over_all_entries(Z):
    return softmax(Z.ravel()).reshape(Z.shape)


SOFTMAX_COLUMNS = Exercise(
    name="softmax",
    page="activations",
    solution=solutions.softmax_of_columns,
    returns=("P",),
    cases=scores,
    hints=(
        "Exponentials first, then shares. Over which axis does a column sum?",
        "axis=0 runs down each column. After it, every column of the answer sums to 1.",
        "Subtract each column's largest score before np.exp: Z - Z.max(axis=0).",
    ),
    misconceptions=(
        Misconception(
            "not-shifted",
            lambda Z: normalised(np.exp(Z)),
            "e^1000 overflows, and infinity divided by infinity is nan. Subtract each column's "
            "largest score first; that changes nothing else.",
            SHIFT,
        ),
        Misconception(
            "shifted-by-the-mean",
            lambda Z: normalised(np.exp(Z - Z.mean(axis=0))),
            "You shift by the mean. A score far above the mean still overflows; only the largest "
            "score makes every exponent at most 0.",
            SHIFT,
        ),
        Misconception(
            "shifted-by-the-smallest",
            lambda Z: normalised(np.exp(Z - Z.min(axis=0))),
            "You shift by the smallest score, so all others stay above 0 and can overflow. "
            "Subtract the largest: then every exponent is at most 0.",
            SHIFT,
        ),
        Misconception(
            "shifted-by-the-largest-of-each-row",
            lambda Z: normalised(np.exp(Z - Z.max(axis=1, keepdims=True))),
            "You subtract the largest score of each row, another one for each class. That changes "
            "the answer: only one shift for a whole column cancels. Take axis=0.",
            SHIFT,
        ),
        Misconception(
            "one-sum-for-all",
            lambda Z: np.exp(Z - Z.max(axis=0)) / np.exp(Z - Z.max(axis=0)).sum(),
            "You divide by the sum of the whole matrix. Each sample has probabilities of its own "
            "that sum to 1: axis=0.",
            SOFTMAX,
        ),
        Misconception(
            "shifted-by-the-largest-of-all",
            lambda Z: normalised(np.exp(Z - Z.max())),
            "You shift all columns by the largest score of the whole matrix. A column far below it "
            "underflows to zeros, and 0/0 is nan. Take the largest of each column: axis=0.",
            SHIFT,
        ),
        Misconception(
            "over-samples",
            lambda Z: softmax(Z, axis=1),
            "Your rows sum to 1. A sample is a column here, and its classes stand below each "
            "other: axis=0.",
            SOFTMAX,
        ),
        Misconception(
            "over-all-entries",
            over_all_entries,
            "All entries together sum to 1. Each sample has probabilities of its own: sum over "
            "axis=0.",
            SOFTMAX,
        ),
        Misconception(
            "applied-twice",
            lambda Z: softmax(softmax(Z, axis=0), axis=0),
            "Softmax is applied twice. The second one takes probabilities for scores and makes "
            "them nearly equal.",
            SOFTMAX,
        ),
        Misconception(
            "not-normalised",
            lambda Z: np.exp(Z - Z.max(axis=0)),
            "The exponentials are not divided by their sum, so the columns do not sum to 1.",
            SOFTMAX,
        ),
        Misconception(
            "shares-of-the-scores",
            lambda Z: Z / Z.sum(axis=0),
            "These are shares of the scores. Scores may be negative; their exponentials never are, "
            "and of those softmax takes the shares.",
            SOFTMAX,
        ),
        Misconception(
            "sigmoid-of-each-score",
            sigmoid,
            "This is the sigmoid of each score alone: several classes can be likely at once. "
            "Softmax makes the classes of a sample share a total of 1.",
            SOFTMAX,
        ),
    ),
)

EXERCISES = (SIGMOID, SIGMOID_DERIVATIVE, RELU_DERIVATIVE, SOFTMAX_COLUMNS)
