"""The checked exercises of :doc:`/initialization`."""

import numpy as np

from nnbook.exercises.catalogue import initialization_batch_norm as batch_norm
from nnbook.exercises.catalogue import initialization_layer_norm as layer_norm
from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import initialization as solutions

FORWARD = "initialization#forward-the-number-of-inputs"
BACKWARD = "initialization#backward-the-number-of-outputs"


def networks(rng):
    pairs = [([784, 64, 10], [0.05, 0.2]), ([2, 3, 4, 5], [1.0, 0.5, 2.0])]
    for depth in (1, 2, 4):
        pairs.append((rng.integers(2, 12, size=depth + 1), rng.uniform(0.2, 0.9, size=depth)))
    return [([int(n) for n in sizes], [float(s) for s in stddevs]) for sizes, stddevs in pairs]


def factors(sizes, stddevs, halves=(0.5, 0.5), power=2, fans=lambda n, k: (n, k), total=np.prod):
    """Return the right factors, with what a known mistake changes as arguments."""
    n, k = np.array(sizes[:-1]), np.array(sizes[1:])
    v = np.array(stddevs) ** power
    return tuple(total(half * fan * v) for half, fan in zip(halves, fans(n, k), strict=True))


def but(**changed):
    return lambda sizes, stddevs: factors(sizes, stddevs, **changed)


SIGNAL_FACTORS = Exercise(
    name="signal-factors",
    page="initialization",
    solution=solutions.signal_factors,
    returns=("forward", "backward"),
    cases=networks,
    read=numbers,
    hints=(
        "Take one layer first, with n inputs, k outputs and weights of standard deviation s.",
        "Forward it multiplies the mean square by n * s**2 / 2, backward by k * s**2 / 2.",
        "The factors of all layers multiply: np.prod.",
    ),
    misconceptions=(
        Misconception(
            "relu-forgotten",
            but(halves=(1, 1)),
            "The halves are missing. ReLU drops half of the mean square forward, and half of the "
            "derivatives backward.",
            FORWARD,
        ),
        Misconception(
            "relu-forgotten-backward",
            but(halves=(0.5, 1)),
            "Forward you count ReLU, backward you do not. It stops the derivative of every neuron "
            "that was not active: another half.",
            BACKWARD,
        ),
        Misconception(
            "inputs-both-ways",
            but(fans=lambda n, k: (n, n)),
            "Backward you count the inputs. Each derivative on the way back is a sum over the "
            "neurons that the number has fed: the layer's outputs.",
            BACKWARD,
        ),
        Misconception(
            "inputs-and-outputs-swapped",
            but(fans=lambda n, k: (k, n)),
            "Inputs and outputs are swapped. Forward a neuron sums over its inputs; backward a "
            "derivative is a sum over the outputs.",
            FORWARD,
        ),
        Misconception(
            "their-average",
            but(fans=lambda n, k: ((n + k) / 2, (n + k) / 2)),
            "You take the average of inputs and outputs. That is how Glorot chooses the weights; "
            "what a layer then does is decided by one of the two numbers in each direction.",
            "initialization#glorot-the-compromise",
        ),
        Misconception(
            "standard-deviation-for-variance",
            but(power=1),
            "You multiply by the standard deviation. Mean squares are multiplied by the variance: "
            "its square.",
            FORWARD,
        ),
        Misconception(
            "sum-of-the-factors",
            but(total=np.sum),
            "You add the factors of the layers up. Each layer multiplies what it gets from the one "
            "before it.",
            FORWARD,
        ),
        Misconception(
            "one-factor-a-layer",
            but(total=lambda f: np.prod(f) ** (1 / len(f))),
            "This is the mean factor of one layer. All layers together are asked for: the product.",
            FORWARD,
        ),
        Misconception(
            "root-mean-square",
            lambda *given: tuple(np.sqrt(factors(*given))),
            "These are the factors of the root mean square. The mean square was asked for.",
            FORWARD,
        ),
    ),
)

EXERCISES = (
    SIGNAL_FACTORS,
    batch_norm.BATCH_NORM_FORWARD,
    layer_norm.LAYER_NORM_BACKWARD,
    batch_norm.FOLD_BATCH_NORM,
)
