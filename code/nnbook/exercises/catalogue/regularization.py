"""The checked exercises of :doc:`/regularization`."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.catalogue import regularization_stopping as stopping
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import regularization as solutions

SHIFTS = "regularization#shifted-images"
SMOOTHING = "regularization#label-smoothing"


# --- shift-images --------------------------------------------------------------------------------


def images_and_shifts(rng):
    # Square images fit also where rows and columns are swapped, or images and rows.
    sizes = [(2, 4, 5, 1, -2), (4, 4, 4, -1, 2), (3, 5, 4, 0, 1), (3, 6, 5, 2, 0), (5, 5, 5, 2, -3)]
    sources = [np.random.default_rng(0), *[rng] * 4]
    return [
        (source.uniform(0.1, 1, size=size), a, b)
        for source, (*size, a, b) in zip(sources, sizes, strict=True)
    ]


def wrap_around(images, a, b):
    return np.roll(images, (a, b), axis=(1, 2))


def repeat_the_edge(images, a, b):
    rows, columns = (np.arange(n) for n in images.shape[1:])
    rows, columns = np.clip(rows - a, 0, len(rows) - 1), np.clip(columns - b, 0, len(columns) - 1)
    return images[:, rows][:, :, columns]


def along_the_row_of_pixels(images, a, b):
    flat = images.reshape(len(images), 1, -1)
    return solutions.shift_images(flat, 0, a * images.shape[2] + b).reshape(images.shape)


def first_two_axes(images, a, b):
    return solutions.shift_images(images.transpose(2, 0, 1), a, b).transpose(1, 2, 0)


SHIFT_IMAGES = Exercise(
    name="shift-images",
    page="regularization",
    solution=solutions.shift_images,
    returns=("shifted",),
    cases=images_and_shifts,
    hints=(
        "Which pixel of the old image stands at row r and column c of the new one?",
        "It is the one at row r - a and column c - b, and 0 where there is none.",
        "Put each image on a larger canvas of zeros with np.pad, and cut a window from it.",
    ),
    misconceptions=(
        Misconception(
            "wraps-around",
            wrap_around,
            "What leaves on one side comes in on the other, as np.roll does it. Zeros have to come "
            "in: paper, not ink from the far side.",
            SHIFTS,
        ),
        Misconception(
            "edge-repeated",
            repeat_the_edge,
            "The pixels of the margin are repeated. Zeros have to come in.",
            SHIFTS,
        ),
        Misconception(
            "other-way-round",
            lambda images, a, b: solutions.shift_images(images, -a, -b),
            "The images move the other way: a positive a is down, a positive b to the right. At "
            "row r stands what was at r - a.",
            SHIFTS,
        ),
        Misconception(
            "rows-and-columns-swapped",
            lambda images, a, b: solutions.shift_images(images, b, a),
            "a and b are swapped. a moves along the rows, axis 1; b along the columns, axis 2.",
            SHIFTS,
        ),
        Misconception(
            "images-moved-as-rows",
            first_two_axes,
            "You move along axes 0 and 1. Axis 0 numbers the images; the pixels' axes are 1 and 2.",
            SHIFTS,
        ),
        Misconception(
            "pixels-in-one-row",
            along_the_row_of_pixels,
            "You move the pixels of the flat row. What leaves at the right margin comes in at the "
            "left, one row lower.",
            SHIFTS,
        ),
        Misconception(
            "one-way-only",
            lambda images, a, b: solutions.shift_images(images, max(a, 0), max(b, 0)),
            "Negative shifts do nothing in yours. They move up and to the left.",
            SHIFTS,
        ),
        Misconception(
            "not-moved",
            lambda images, a, b: images,
            "The images are as they were.",
            SHIFTS,
        ),
    ),
)


# --- smoothed-cross-entropy ----------------------------------------------------------------------


def scores_and_smoothings(rng):
    extreme = np.array([[1000.0, 0.0, -1000.0], [0.0, 900.0, 0.0]]), np.array([0, 2]), 0.1
    sizes = [(4, 3, 0.2), (5, 10, 0.1), (1, 2, 0.4)]
    sources = [np.random.default_rng(0), rng, rng]
    drawn = [
        (source.normal(0, 2, size=(m, K)), source.integers(K, size=m), alpha)
        for source, (m, K, alpha) in zip(sources, sizes, strict=True)
    ]
    return [*drawn, extreme]


def plain_targets(y, K, alpha):
    return np.eye(K)[y]


def all_share(y, K, alpha):
    return (1 - alpha) * np.eye(K)[y] + alpha / K


def the_others_share(y, K, alpha):
    return np.where(np.eye(K)[y] == 1, 1 - alpha, alpha / (K - 1))


def not_summing_to_1(y, K, alpha):
    return np.where(np.eye(K)[y] == 1, 1 - alpha, alpha / K)


def log_softmax(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def overflowing(z):
    return np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))


def smoothed(q=all_share, q_back=None, log_p=log_softmax, scale=None, sign=1):
    """Return loss and gradient, with what a known mistake changes as arguments."""

    def wrong(logits, y, alpha):
        m, K = logits.shape
        forward, back = q(y, K, alpha), (q_back or q)(y, K, alpha)
        found = log_p(logits)
        gradient = sign * (np.exp(found) - back) / (scale(m, K) if scale else m)
        return -(forward * found).sum() / m, gradient

    return wrong


def smooth_the_answer(logits, y, alpha):
    """Blend the probabilities with equal shares, in place of the target."""
    m, K = logits.shape
    p = (1 - alpha) * softmax(logits, axis=1) + alpha / K
    return -np.log(p[np.arange(m), y]).mean(), (p - np.eye(K)[y]) / m


SMOOTHED_CROSS_ENTROPY = Exercise(
    name="smoothed-cross-entropy",
    page="regularization",
    solution=solutions.smoothed_cross_entropy,
    returns=("loss", "gradient"),
    cases=scores_and_smoothings,
    tolerance=1e-5,  # so much float32 may lose in the sums
    hints=(
        "Write down the target q of one sample first. It sums to 1.",
        "q is alpha / K everywhere, and 1 - alpha more at the label. The loss of a sample is "
        "-sum(q * log_p), over all classes.",
        "The gradient is (p - q) / m. Take log_p from logits that are shifted by their maximum, "
        "so that nothing overflows.",
    ),
    misconceptions=(
        Misconception(
            "shared-among-the-wrong-classes",
            smoothed(the_others_share),
            "You share alpha among the K - 1 wrong classes. Here, as in Keras and PyTorch, all K "
            "classes share it, the label's too.",
            SMOOTHING,
        ),
        Misconception(
            "target-does-not-sum-to-1",
            smoothed(not_summing_to_1),
            "Your target does not sum to 1: the label gets its share alpha / K on top of "
            "1 - alpha.",
            SMOOTHING,
        ),
        Misconception(
            "gradient-of-the-plain-loss",
            smoothed(q_back=plain_targets),
            "The loss is right, but the gradient is p minus the one-hot label. The target is q "
            "there too: p - q.",
            SMOOTHING,
        ),
        Misconception(
            "loss-of-the-label-alone",
            smoothed(plain_targets, all_share),
            "The gradient is right, but the loss looks at the label alone. Every class has a share "
            "of q, and adds -q * log(p).",
            SMOOTHING,
        ),
        Misconception(
            "not-smoothed",
            smoothed(plain_targets),
            "This is the plain cross-entropy: alpha does nothing in it.",
            SMOOTHING,
        ),
        Misconception(
            "answers-smoothed",
            smooth_the_answer,
            "You blend the network's probabilities with equal shares. It is the target that is "
            "blended.",
            SMOOTHING,
        ),
        Misconception(
            "mean-missing",
            smoothed(scale=lambda m, K: 1),
            "The gradient lacks the factor 1/m: the loss is a mean over m samples.",
            "backpropagation#softmax-and-cross-entropy",
        ),
        Misconception(
            "sum-over-the-samples",
            lambda *case: tuple(len(case[1]) * part for part in smoothed()(*case)),
            "Loss and gradient are sums over the samples. The loss is their mean, so both carry "
            "the factor 1/m.",
            "backpropagation#softmax-and-cross-entropy",
        ),
        Misconception(
            "sign-flipped",
            smoothed(sign=-1),
            "The gradient's sign is flipped: it is p - q, and positive where the network gives a "
            "class more than its target.",
            "backpropagation#softmax-and-cross-entropy",
        ),
        Misconception(
            "overflows",
            smoothed(log_p=overflowing),
            "It is right for small logits and overflows for large ones. Subtract each row's "
            "maximum before the exponential, and take the logarithm of the sum, not of p.",
            "engine#losses-from-logits",
        ),
    ),
)


EXERCISES = (stopping.EARLY_STOPPING, SHIFT_IMAGES, SMOOTHED_CROSS_ENTROPY)
