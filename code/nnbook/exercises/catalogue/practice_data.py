"""Checked exercises of the part Practice about images and weights.

They belong to :doc:`/exercises`.
"""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import practice as solutions

SPLIT = "mnist-keras#preprocess"
SCALING = "network-from-scratch#fit-the-scaler"
TEMPLATES = "mnist-keras#a-baseline-softmax-regression"


# --- standardise-channels ------------------------------------------------------------------------


def images(rng):
    # Small sets, so that each set's own statistics are clearly its own.
    shapes = [((6, 4, 5, 3), 4), ((5, 3, 3, 3), 5), ((3, 3, 3, 2), 3), ((7, 2, 4, 1), 2)]
    sources = [np.random.default_rng(0), rng, rng, rng]
    return [pair_of_sets(*each) for each in zip(sources, shapes, strict=True)]


def pair_of_sets(rng, shapes):
    """Return training and test images as bytes; each channel has a range of its own."""
    shape, m_test = shapes
    high = np.array([256, 120, 60])[: shape[-1]]
    return tuple(
        rng.integers(high, size=(m, *shape[1:])).astype("uint8") for m in (shape[0], m_test)
    )


def standardise(axes=(0, 1, 2), source=None, spread=np.std, divide=np.true_divide):
    """Return an answer that takes the statistics over `axes`, of `source(train, test)`."""

    def scaled(x, of):
        mean, std = of.mean(axis=axes, keepdims=True), spread(of, axis=axes, keepdims=True)
        return divide(x - mean, std)

    def answer(train, test):
        if source == "own":
            return scaled(train, train), scaled(test, test)
        of = train if source is None else np.concatenate([train, test])
        return scaled(train, of), scaled(test, of)

    return answer


def per_image(train, test):
    return standardise(axes=(1, 2, 3), source="own")(train, test)


STANDARDISE_CHANNELS = Exercise(
    name="standardise-channels",
    page="custom-dataset",
    solution=solutions.standardise_channels,
    returns=("train", "test"),
    cases=images,
    hints=(
        "What may you know of the test images while you prepare the data? Nothing.",
        "One mean and one standard deviation for each channel, from the training images alone.",
        "train.mean(axis=(0, 1, 2)) has one entry a channel; NumPy stretches it over the rest.",
    ),
    misconceptions=(
        Misconception(
            "test-in-the-statistics",
            standardise(source="both"),
            "Mean and standard deviation are those of training and test images together. What "
            "prepares the data may not see the test images: use the training images alone.",
            SCALING,
        ),
        Misconception(
            "test-by-its-own-statistics",
            standardise(source="own"),
            "The test images are scaled by their own mean and standard deviation. Then the same "
            "image means different things in the two sets: use the training set's for both.",
            SCALING,
        ),
        Misconception(
            "over-all-channels",
            standardise(axes=(0, 1, 2, 3)),
            "There is one mean for all channels. Each channel has a range of its own: average over "
            "axis=(0, 1, 2), and keep the last.",
            SCALING,
        ),
        Misconception(
            "per-pixel",
            standardise(axes=0),
            "Every pixel gets a mean and a standard deviation of its own. Average over height and "
            "width too: a pixel that never changes would be divided by 0.",
            SCALING,
        ),
        Misconception(
            "per-image",
            per_image,
            "Every image is scaled by its own mean and standard deviation, so that a dark and a "
            "bright image look alike. Average over all training images.",
            SCALING,
        ),
        Misconception(
            "divided-by-the-variance",
            standardise(spread=np.var),
            "You divide by the variance. The standard deviation is its square root, and has the "
            "unit of the pixels.",
            SCALING,
        ),
        Misconception(
            "not-divided",
            standardise(divide=lambda x, std: x),
            "The mean is taken away, but nothing is divided by the standard deviation.",
            SCALING,
        ),
        Misconception(
            "divided-by-255",
            lambda train, test: (train / 255, test / 255),
            "This brings the pixels to the range from 0 to 1. It is no standardisation: the "
            "channels keep different means and spreads.",
            SPLIT,
        ),
        Misconception(
            "integer-division",
            standardise(divide=np.floor_divide),
            "// rounds down to whole numbers and throws most of the image away. Divide by /.",
            SPLIT,
        ),
    ),
)


# --- weights-as-images ---------------------------------------------------------------------------


def weights(rng):
    counted = np.arange(24.0).reshape(6, 4), 2, 3
    sizes = [(3, 3, 4), (2, 5, 3), (4, 4, 16)]
    return [counted, *((rng.normal(size=(h * w, n)), h, w) for h, w, n in sizes)]


def scaled(scale):
    return lambda W, height, width: scale(solutions.weights_as_images(W, height, width))


WEIGHTS_AS_IMAGES = Exercise(
    name="weights-as-images",
    page="first-layer-weights",
    solution=solutions.weights_as_images,
    returns=("images",),
    cases=weights,
    hints=(
        "Where are the weights of one neuron: in a row of W, or in a column?",
        "A column of W holds one neuron's weights. reshape reads row by row, so transpose first.",
        "W.T has one row a neuron; reshape each row to (height, width).",
    ),
    misconceptions=(
        Misconception(
            "not-transposed",
            lambda W, height, width: W.reshape(-1, height, width),
            "W is reshaped without being transposed. The shape fits, but each image mixes the "
            "weights of all neurons: a neuron's weights are a column.",
            TEMPLATES,
        ),
        Misconception(
            "neurons-last",
            lambda W, height, width: W.reshape(height, width, -1),
            "The neurons are on the last axis. Your images are right, and images[0] is not one of "
            "them: move that axis to the front, or transpose W first.",
            TEMPLATES,
        ),
        Misconception(
            "images-transposed",
            lambda W, height, width: W.T.reshape(-1, width, height).transpose(0, 2, 1),
            "Rows and columns of the images are exchanged. An image was flattened row by row, so "
            "the last axis is the width.",
            SPLIT,
        ),
        Misconception(
            "height-and-width-swapped",
            lambda W, height, width: W.T.reshape(-1, width, height),
            "Height and width are swapped. In a square image nobody sees it; in others each row "
            "starts at the wrong pixel.",
            SPLIT,
        ),
        Misconception(
            "scaled-image-by-image",
            scaled(lambda images: images / np.abs(images).max(axis=(1, 2), keepdims=True)),
            "Each image is divided by its own largest weight, so that strong and weak neurons look "
            "alike. Leave the weights as they are, and give all images one colour scale.",
            TEMPLATES,
        ),
        Misconception(
            "scaled-to-0-and-1",
            scaled(lambda images: (images - images.min()) / np.ptp(images)),
            "The weights are moved to the range from 0 to 1, and nobody sees which were negative. "
            "Leave them as they are, and put 0 into the middle of the colour scale.",
            TEMPLATES,
        ),
    ),
)


EXERCISES = (STANDARDISE_CHANNELS, WEIGHTS_AS_IMAGES)
