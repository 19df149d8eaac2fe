"""The checked exercises of :doc:`/training-well`."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import training_well as solutions

CALIBRATION = "training-well#calibration"
TEMPERATURE = "training-well#well-temperature"
ATTACK = "training-well#adversarial-digits"


# --- calibration-error ---------------------------------------------------------------------------


def answers(rng):
    """Return confidences and what was right; the first ones hold a 1 and leave bins empty."""
    fixed = np.array([1, 1, 0.93, 0.88, 0.72, 0.71, 0.43, 0.41]), np.array([1, 0, 1, 0, 1, 1, 1, 1])
    cases = [(*fixed, 5)]
    for m, bins in [(12, 3), (40, 10), (60, 6)]:
        confidence = rng.uniform(0.3, 1, m)
        cases.append((confidence, (rng.random(m) < confidence**2).astype(int), bins))
    return cases


def by_bin(confidence, right, bins):
    """Return each filled bin's share of the samples, confidence and share of right answers."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    filled = [place == b for b in np.unique(place)]
    means = [[f.mean(), confidence[f].mean(), right[f].mean()] for f in filled]
    return np.transpose(means)


def summed(rule):
    return lambda *case: rule(*by_bin(*case))


def middles(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    share, _, accuracy = by_bin(confidence, right, bins)
    return np.sum(share * abs(accuracy - (np.unique(place) + 0.5) / bins))


def without_ones(confidence, right, bins):
    inside = confidence < 1
    share = inside.mean()
    return share * solutions.calibration_error(confidence[inside], right[inside], bins)


def equal_counts(confidence, right, bins):
    parts = np.array_split(confidence.argsort(kind="stable"), bins)
    gaps = [len(p) * abs(right[p].mean() - confidence[p].mean()) for p in parts if len(p)]
    return np.sum(gaps) / len(right)


CALIBRATION_ERROR = Exercise(
    name="calibration-error",
    page="training-well",
    solution=solutions.calibration_error,
    returns=("error",),
    cases=answers,
    hints=(
        "Which bin does a confidence belong to? Multiply it by the number of bins.",
        "In each bin compare two means: of `confidence` and of `right`.",
        "Add up the absolute differences, each times the share of the samples in its bin.",
    ),
    misconceptions=(
        Misconception(
            "bins-not-weighted",
            summed(lambda share, confidence, accuracy: np.mean(abs(accuracy - confidence))),
            "You take the plain mean over the bins. A bin with three samples must not count as "
            "much as one with a thousand: weight each by its share.",
            CALIBRATION,
        ),
        Misconception(
            "no-absolute-value",
            summed(lambda share, confidence, accuracy: np.sum(share * (accuracy - confidence))),
            "The absolute value is missing. Bins in which the answers are too sure and bins in "
            "which they are not sure enough cancel, and only the difference of two means is left.",
            CALIBRATION,
        ),
        Misconception(
            "one-bin",
            lambda confidence, right, bins: abs(right.mean() - confidence.mean()),
            "This compares two means over all samples: one bin. Being too sure here and not sure "
            "enough there cancels.",
            CALIBRATION,
        ),
        Misconception(
            "each-sample-by-itself",
            lambda confidence, right, bins: np.mean(abs(right - confidence)),
            "You compare each sample's confidence with 0 or 1. One answer cannot be right by 0.7; "
            "among many given with 0.7 that share can be right. Take the means of a bin first.",
            CALIBRATION,
        ),
        Misconception(
            "squared",
            summed(
                lambda share, confidence, accuracy: np.sum(share * (accuracy - confidence) ** 2)
            ),
            "You square the differences. The expected calibration error adds up their absolute "
            "values.",
            CALIBRATION,
        ),
        Misconception(
            "largest-gap",
            summed(lambda share, confidence, accuracy: np.max(abs(accuracy - confidence))),
            "This is the largest difference of all bins, called the maximum calibration error. "
            "The expected one is their weighted mean.",
            CALIBRATION,
        ),
        Misconception(
            "middle-of-the-bin",
            middles,
            "You compare with the middle of each bin. Its samples need not lie there: take their "
            "mean confidence.",
            CALIBRATION,
        ),
        Misconception(
            "confidence-of-1-lost",
            without_ones,
            "Answers with a confidence of exactly 1 fall into no bin of yours. In float32 there "
            "are many of them. The last bin has to include its end.",
            CALIBRATION,
        ),
        Misconception(
            "bins-of-equal-count",
            equal_counts,
            "Your bins hold equally many samples. That is a sound variant, with another result; "
            "the task asks for bins of equal width.",
            CALIBRATION,
        ),
    ),
)


# --- temperature-slope ---------------------------------------------------------------------------


def scaled_logits(rng):
    fixed = np.array([[4.0, 1.0, 0.0], [0.0, 3.0, 2.0]]), np.array([0, 2]), 2.0
    sizes = [(3, 3, 0.5), (6, 4, 1.7), (4, 10, 3.0)]
    return [
        fixed,
        *((3 * rng.normal(size=(m, K)), rng.integers(K, size=m), T) for m, K, T in sizes),
    ]


def slope(z, y, T, power=2, at=None, truth=None):
    """Return the right slope, with the steps that a known mistake changes as arguments."""
    p = softmax(z / (T if at is None else at))
    truth = z[np.arange(len(y)), y] if truth is None else truth
    return np.mean(truth - np.sum(p * z, axis=1)) / T**power


TEMPERATURE_SLOPE = Exercise(
    name="temperature-slope",
    page="training-well",
    solution=solutions.temperature_slope,
    returns=("dL/dT",),
    cases=scaled_logits,
    tolerance=1e-5,  # so much float32 may lose in the sums
    hints=(
        "Write a = z / T. What is the derivative of the loss by a?",
        "It is (p - Y) / m, with p = softmax(z / T). And the derivative of a by T is -z / T**2.",
        "Multiply and add up over classes and samples: the mean of z_y - sum(p * z), over T**2.",
    ),
    misconceptions=(
        Misconception(
            "sign-flipped",
            lambda z, y, T: -slope(z, y, T),
            "The sign is flipped: the derivative of z / T by T is -z / T**2. A network that is too "
            "sure has a falling loss, a negative slope, as T grows from 1.",
            TEMPERATURE,
        ),
        Misconception(
            "by-one-over-t",
            lambda z, y, T: -slope(z, y, T, power=0),
            "This is the derivative by 1/T. One factor of the chain rule is left: -1 / T**2.",
            TEMPERATURE,
        ),
        Misconception(
            "inner-derivative-missing",
            lambda z, y, T: slope(z, y, T, power=0),
            "The sign is right, but the derivative of 1/T is -1 / T**2, and the 1 / T**2 is "
            "missing.",
            TEMPERATURE,
        ),
        Misconception(
            "one-over-t",
            lambda z, y, T: slope(z, y, T, power=1),
            "You divide by T once. The derivative of z / T by T is -z / T**2.",
            TEMPERATURE,
        ),
        Misconception(
            "scaled-twice",
            lambda z, y, T: slope(z, y, T, power=3),
            "You divide by T three times: the logits in the difference are z, not z / T, if "
            "1 / T**2 stands in front.",
            TEMPERATURE,
        ),
        Misconception(
            "probabilities-without-temperature",
            lambda z, y, T: slope(z, y, T, at=1),
            "Your probabilities are softmax(z). The network answers with softmax(z / T), and its "
            "loss has these probabilities in its derivative.",
            TEMPERATURE,
        ),
        Misconception(
            "mean-missing",
            lambda z, y, T: len(y) * slope(z, y, T),
            "The 1/m is missing: the loss is a mean over the samples.",
            TEMPERATURE,
        ),
        Misconception(
            "largest-logit-for-the-label",
            lambda z, y, T: slope(z, y, T, truth=z.max(axis=1)),
            "You take the largest logit in place of the label's. That would be the loss of labels "
            "that are always as predicted, and its slope is never negative.",
            TEMPERATURE,
        ),
    ),
)


# --- fgsm-step -----------------------------------------------------------------------------------


def images_and_gradients(rng):
    """Return pixels, some at the ends of their range, and gradients, some of them 0."""
    fixed = (
        np.array([[0.0, 0.5, 1.0, 0.3], [0.95, 0.02, 0.6, 1.0]]),
        np.array([[-2.0, 0.5, 3.0, 0.0], [0.1, -0.4, 0.0, -1.0]]),
    )
    cases = [(*fixed, 0.1)]
    for shape, epsilon in [((3, 5), 0.3), ((4, 4), 0.05), ((2, 9), 0.2)]:
        x = np.clip(rng.uniform(-0.5, 1.5, shape), 0, 1)
        cases.append((x, rng.normal(size=shape) * (rng.random(shape) < 0.8), epsilon))
    # Without black and white the range of the pixels is not 0 to 1.
    cases.append((rng.uniform(0.3, 0.7, (3, 4)), rng.normal(size=(3, 4)), 0.1))
    return cases


def clipped(step):
    return lambda x, g, epsilon: np.clip(x + step(g, epsilon), 0, 1)


def unit_length(g, epsilon):
    return epsilon * g / np.linalg.norm(g, axis=1, keepdims=True)


FGSM_STEP = Exercise(
    name="fgsm-step",
    page="training-well",
    solution=solutions.fgsm_step,
    returns=("images",),
    cases=images_and_gradients,
    hints=(
        "Each pixel may change by epsilon at most. In which direction does the loss grow?",
        "np.sign gives the directions: all pixels go as far as they may.",
        "The result has to be an image: np.clip(..., 0, 1) comes last.",
    ),
    misconceptions=(
        Misconception(
            "downhill",
            clipped(lambda g, epsilon: -epsilon * np.sign(g)),
            "You go downhill, which makes the network surer of the label. An attack adds the sign "
            "of the gradient.",
            ATTACK,
        ),
        Misconception(
            "not-clipped",
            lambda x, g, epsilon: x + epsilon * np.sign(g),
            "Some of your pixels are below 0 or above 1, which no image has. Clip the result.",
            ATTACK,
        ),
        Misconception(
            "gradient-not-its-sign",
            clipped(lambda g, epsilon: epsilon * g),
            "You add the gradient itself. Its entries are tiny or large as they come; under a "
            "bound on every pixel, each goes the whole epsilon.",
            ATTACK,
        ),
        Misconception(
            "unit-length",
            clipped(unit_length),
            "Your step has the length epsilon over all pixels together. The bound of this attack "
            "is one for each pixel.",
            ATTACK,
        ),
        Misconception(
            "gradient-clipped",
            clipped(lambda g, epsilon: np.clip(g, -epsilon, epsilon)),
            "You clip the gradient to epsilon, so pixels with a small derivative move by less. "
            "Every pixel that helps may go the whole way.",
            ATTACK,
        ),
        Misconception(
            "zero-counts-as-falling",
            clipped(lambda g, epsilon: np.where(g > 0, epsilon, -epsilon)),
            "A pixel with the derivative 0 is moved down by you. It has no say in the loss: leave "
            "it where it is, as np.sign does.",
            ATTACK,
        ),
        Misconception(
            "zero-counts-as-rising",
            clipped(lambda g, epsilon: np.where(g >= 0, epsilon, -epsilon)),
            "A pixel with the derivative 0 is moved up by you. It has no say in the loss: leave it "
            "where it is, as np.sign does.",
            ATTACK,
        ),
        Misconception(
            "ink-only",
            lambda x, g, epsilon: np.clip(x + epsilon * np.sign(g) * (x > 0), 0, 1),
            "You change ink only. Empty pixels may change too, and most of an image is empty.",
            ATTACK,
        ),
    ),
)

EXERCISES = (CALIBRATION_ERROR, TEMPERATURE_SLOPE, FGSM_STEP)
