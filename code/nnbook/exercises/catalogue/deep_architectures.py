"""The checked exercises of :doc:`/deep-architectures`; those on convolutions are in a module."""

import numpy as np

from nnbook.exercises.catalogue import convolutions
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import deep_architectures as solutions

PAST = "deep-architectures#a-path-past-the-layers"


# --- residual-backward ---------------------------------------------------------------------------


def blocks(rng):
    sources = [np.random.default_rng(0), rng, rng, rng]
    sizes = [(4, 3, 2), (5, 3, 3), (3, 3, 3), (6, 2, 5)]
    return [block(*each) for each in zip(sources, sizes, strict=True)]


def block(rng, sizes):
    m, n, k = sizes
    dy, x = rng.normal(size=(2, m, n))
    return dy, x, rng.normal(size=(n, k)), rng.normal(size=k), rng.normal(size=(k, n))


def block_but(
    join=np.add,
    mask=lambda z, x, dh: z > 0,
    hidden=lambda z: np.maximum(z, 0),
    average=False,
):
    """Return the right gradients, with what a known mistake changes as arguments."""

    def wrong(dy, x, W, b, V):
        z, dh = x @ W + b, dy @ V.T
        dz = dh * mask(z, x, dh)
        share = len(x) if average else 1
        gradients = (x.T @ dz, dz.sum(axis=0), hidden(z).T @ dy)
        return join(dy, dz @ W.T), *(g / share for g in gradients)

    return wrong


def mask_of_the_input(dy, x, W, b, V):
    right = solutions.residual_backward(dy, x, W, b, V)
    return dy + (dy @ V.T @ W.T) * (x > 0), *right[1:]


RESIDUAL_BACKWARD = Exercise(
    name="residual-backward",
    page="deep-architectures",
    solution=solutions.residual_backward,
    returns=("dx", "dW", "db", "dV"),
    cases=blocks,
    hints=(
        "x has two ways to y, so its gradient is a sum of two terms. One of them needs no weight.",
        "dy arrives whole at the layers, too: begin with dh = dy @ V.T for h = relu(z).",
        "dz = dh where z > 0, else 0. Then dx = dy + dz @ W.T, and dW, db, dV as in a dense layer.",
    ),
    misconceptions=(
        Misconception(
            "path-past-the-layers-forgotten",
            block_but(join=lambda dy, dx: dx),
            "dx lacks the summand dy: x stands in y = x + f(x) as itself, too.",
            PAST,
        ),
        Misconception(
            "path-through-the-layers-forgotten",
            block_but(join=lambda dy, dx: dy),
            "dx is dy alone. x also reaches y through the layers, and what comes back that way is "
            "added.",
            PAST,
        ),
        Misconception(
            "both-paths-averaged",
            block_but(join=lambda dy, dx: (dy + dx) / 2),
            "dx is the mean of the two paths. y is a sum, not a mean, so each path passes on all "
            "of dy.",
            PAST,
        ),
        Misconception(
            "paths-multiplied",
            block_but(join=np.multiply),
            "You multiply what comes back on the two paths. Factors belong to steps behind one "
            "another; paths beside one another add up.",
            PAST,
        ),
        Misconception(
            "relu-without-mask",
            block_but(mask=lambda z, x, dh: True),
            "The ReLU's mask is missing on the way back, or always true, as relu(z) >= 0 is: where "
            "z is not positive nothing passes.",
            "engine#activations-and-dropout",
        ),
        Misconception(
            "mask-from-the-gradient",
            block_but(mask=lambda z, x, dh: dh > 0),
            "Your mask looks at the sign of the gradient. The slope of the ReLU depends on z, the "
            "number that went in.",
            "engine#activations-and-dropout",
        ),
        Misconception(
            "mask-of-the-input",
            mask_of_the_input,
            "In dx the mask is that of x. The ReLU sees z, so the mask stands between V and W.",
            "engine#activations-and-dropout",
        ),
        Misconception(
            "dv-without-relu",
            block_but(hidden=lambda z: z),
            "dV is made of z. What V multiplies is relu(z).",
            "engine#dense",
        ),
        Misconception(
            "averaged-instead-of-summed",
            block_but(average=True),
            "dW, db and dV are divided by m. The 1/m is in dy already.",
            "engine#from-columns-to-rows",
        ),
    ),
)

EXERCISES = (
    RESIDUAL_BACKWARD,
    convolutions.CROSS_CORRELATE,
    convolutions.CONVOLUTION_SIZES,
    convolutions.KERNEL_GRADIENT,
)
