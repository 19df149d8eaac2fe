"""The checked exercises on convolutions of :doc:`/deep-architectures`."""

from math import ceil

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import deep_architectures as solutions

HAND = "deep-architectures#one-convolution-by-hand"
SHARED = "deep-architectures#local-and-shared"
BACK = "deep-architectures#the-gradient-of-a-kernel"


# --- cross-correlate -----------------------------------------------------------------------------


def images(rng):
    ramp = np.arange(20.0).reshape(4, 5) ** 2
    sizes = [((5, 7), (3, 2)), ((6, 6), (3, 3)), ((7, 5), (2, 4))]
    pairs = [(rng.normal(size=size), rng.normal(size=k)) for size, k in sizes]
    return [(ramp, np.array([[1.0, 2.0], [3.0, 5.0]])), *pairs]


def windows(image, shape):
    return np.lib.stride_tricks.sliding_window_view(image, shape)


def turned(image, kernel):
    return solutions.cross_correlate(image, kernel[::-1, ::-1])


def padded(image, kernel):
    h, w = kernel.shape
    margins = [((h - 1) // 2, h // 2), ((w - 1) // 2, w // 2)]
    return solutions.cross_correlate(np.pad(image, margins), kernel)


CROSS_CORRELATE = Exercise(
    name="cross-correlate",
    page="deep-architectures",
    solution=solutions.cross_correlate,
    returns=("output",),
    cases=images,
    hints=(
        "Each output is a sum of products: the kernel times the window that it lies on.",
        "The window of output (r, c) is image[r : r + h, c : c + w].",
        "There are H - h + 1 rows and W - w + 1 columns of windows. Two loops will do.",
    ),
    misconceptions=(
        Misconception(
            "kernel-turned-round",
            turned,
            "You turn the kernel by 180 degrees. That is the convolution of mathematics; the "
            "layer of the frameworks lays the kernel on as it is.",
            HAND,
        ),
        Misconception(
            "kernel-transposed",
            lambda image, kernel: solutions.cross_correlate(image, kernel.T),
            "Rows and columns of the kernel are exchanged.",
            HAND,
        ),
        Misconception(
            "padded-to-the-size-of-the-image",
            padded,
            "Your output is as large as the image, so you have put zeros round it. Asked for are "
            "the windows that lie wholly inside.",
            SHARED,
        ),
        Misconception(
            "last-window-forgotten",
            lambda image, kernel: solutions.cross_correlate(image, kernel)[:-1, :-1],
            "The last row and column of windows are missing: there are H - h + 1 of them, not "
            "H - h.",
            HAND,
        ),
        Misconception(
            "mean-instead-of-sum",
            lambda image, kernel: solutions.cross_correlate(image, kernel) / kernel.size,
            "Each output is the mean of the products. It is their sum.",
            HAND,
        ),
        Misconception(
            "windows-side-by-side",
            lambda image, kernel: solutions.cross_correlate(image, kernel)[
                :: kernel.shape[0], :: kernel.shape[1]
            ],
            "Your windows stand side by side. They overlap: the next one begins one pixel further.",
            HAND,
        ),
        Misconception(
            "window-and-kernel-summed-apart",
            lambda image, kernel: windows(image, kernel.shape).sum(axis=(2, 3)) * kernel.sum(),
            "You sum the window and the kernel first. Multiply pixel by weight, then sum.",
            HAND,
        ),
    ),
)


# --- convolution-sizes ---------------------------------------------------------------------------


def layers(rng):
    fixed = [(28, 3, 1, 0, 1, 16), (13, 3, 1, 1, 16, 32), (32, 5, 2, 2, 3, 6), (11, 2, 2, 0, 4, 4)]
    drawn = rng.integers([20, 2], [40, 6], size=(3, 2)).tolist()
    return [*fixed, *((n, k, 3, 2, 5, 7) for n, k in drawn)]


def sizes_but(
    side=lambda n, k, stride, padding: (n + 2 * padding - k) // stride + 1,
    count=lambda k, channels_in, channels_out, side: (k * k * channels_in + 1) * channels_out,
):
    """Return the right numbers, with what a known mistake changes as arguments."""

    def wrong(n, k, stride, padding, channels_in, channels_out):
        found = side(n, k, stride, padding)
        return found, count(k, channels_in, channels_out, found)

    return wrong


CONVOLUTION_SIZES = Exercise(
    name="convolution-sizes",
    page="deep-architectures",
    solution=solutions.convolution_sizes,
    returns=("side", "parameters"),
    cases=layers,
    read=numbers,
    hints=(
        "How many places are there for the first pixel of the kernel, on n + 2 * padding pixels?",
        "With stride 1 there are n + 2 * padding - k + 1 places. A stride of s takes each s-th, "
        "beginning with the first.",
        "Every pair of an input and an output channel has a k × k kernel of its own, and every "
        "output channel one bias.",
    ),
    misconceptions=(
        Misconception(
            "padding-on-one-side",
            sizes_but(side=lambda n, k, s, p: (n + p - k) // s + 1),
            "The padding is on both sides, so the image grows by 2 * padding.",
            SHARED,
        ),
        Misconception(
            "padding-forgotten",
            sizes_but(side=lambda n, k, s, p: (n - k) // s + 1),
            "The side leaves out the padding.",
            SHARED,
        ),
        Misconception(
            "first-place-not-counted",
            sizes_but(side=lambda n, k, s, p: (n + 2 * p - k) // s),
            "The side is one short: the place where the kernel begins counts, too.",
            SHARED,
        ),
        Misconception(
            "stride-forgotten",
            sizes_but(side=lambda n, k, s, p: n + 2 * p - k + 1),
            "The side leaves out the stride: of the places only each stride-th is taken.",
            SHARED,
        ),
        Misconception(
            "rounded-up",
            sizes_but(side=lambda n, k, s, p: ceil((n + 2 * p - k) / s) + 1),
            "You round up. Where the last step would lead over the edge there is no window: round "
            "down.",
            SHARED,
        ),
        Misconception(
            "biases-forgotten",
            sizes_but(count=lambda k, i, o, side: k * k * i * o),
            "The biases are missing: one for each output channel.",
            SHARED,
        ),
        Misconception(
            "input-channels-forgotten",
            sizes_but(count=lambda k, i, o, side: (k * k + 1) * o),
            "Your kernels are one channel deep. Each output channel reads all input channels, with "
            "weights for each.",
            SHARED,
        ),
        Misconception(
            "kernel-not-squared",
            sizes_but(count=lambda k, i, o, side: (k * i + 1) * o),
            "A kernel has k rows and k columns, k * k weights.",
            SHARED,
        ),
        Misconception(
            "weights-for-every-place",
            sizes_but(count=lambda k, i, o, side: (k * k * i + 1) * o * side * side),
            "You count weights for every place. The places share one kernel: that is the point of "
            "a convolution.",
            SHARED,
        ),
    ),
)


# --- kernel-gradient -----------------------------------------------------------------------------


def gradients(rng):
    sizes = [((3, 2), (6, 5)), ((4, 4), (6, 6)), ((2, 5), (4, 9)), ((3, 3), (5, 5))]
    return [(rng.normal(size=dy), rng.normal(size=image)) for dy, image in sizes]


kernel_gradient = solutions.kernel_gradient


KERNEL_GRADIENT = Exercise(
    name="kernel-gradient",
    page="deep-architectures",
    solution=solutions.kernel_gradient,
    returns=("gradient",),
    cases=gradients,
    hints=(
        "Which outputs does the weight (a, b) of the kernel take part in, and with which pixel?",
        "In all of them: it multiplies image[r + a, c + b] for output (r, c). The gradient adds up "
        "over all outputs.",
        "So for (a, b) multiply dy by the window of the image that begins there, and sum.",
    ),
    misconceptions=(
        Misconception(
            "turned-round",
            lambda dy, image: kernel_gradient(dy, image)[::-1, ::-1],
            "Your gradient is turned by 180 degrees. The kernel was laid on as it is, so its first "
            "weight belongs to the first window.",
            BACK,
        ),
        Misconception(
            "dy-turned-round",
            lambda dy, image: kernel_gradient(dy[::-1, ::-1], image),
            "You turn dy by 180 degrees. That is needed on the way to the image; for the kernel dy "
            "is laid on as it is.",
            BACK,
        ),
        Misconception(
            "averaged-over-the-places",
            lambda dy, image: kernel_gradient(dy, image) / dy.size,
            "You take a mean over the places. The weight is used at each of them, and the uses add "
            "up.",
            BACK,
        ),
        Misconception(
            "one-place-only",
            lambda dy, image: (
                dy[0, 0]
                * kernel_gradient(np.ones((1, 1)), image)[
                    : image.shape[0] - len(dy) + 1, : image.shape[1] - dy.shape[1] + 1
                ]
            ),
            "This is the gradient from the first output alone. The kernel is shared by all of "
            "them.",
            BACK,
        ),
        Misconception(
            "gradient-of-a-bias",
            lambda dy, image: np.full(kernel_gradient(dy, image).shape, dy.sum()),
            "Every entry is the sum of dy, which is the gradient of a bias. A weight's gradient "
            "carries the pixel that it multiplied.",
            BACK,
        ),
        Misconception(
            "windows-without-dy",
            lambda dy, image: kernel_gradient(np.ones_like(dy), image),
            "You sum the windows alone. Each pixel counts as much as the output that it went into: "
            "multiply by dy.",
            BACK,
        ),
        Misconception(
            "transposed",
            lambda dy, image: kernel_gradient(dy, image).T,
            "Rows and columns are exchanged.",
            BACK,
        ),
    ),
)
