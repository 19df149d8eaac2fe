"""Checked exercises of the part Practice about networks.

They belong to :doc:`/exercises`.
"""

import numpy as np

from nnbook.activations import sigmoid
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import practice as solutions

FUNCTIONS = "activations#four-functions"
GRADIENTS = "backpropagation#every-gradient-of-the-network"
PARAMETERS = "network-from-scratch#the-shape-of-a-network"


# --- activation-backward -------------------------------------------------------------------------

NAMES = ("tanh", "sigmoid", "relu")
FORWARD = {"tanh": np.tanh, "sigmoid": sigmoid, "relu": lambda z: np.maximum(0, z)}


def activation_inputs(rng):
    z = np.array([[-800.0, -1.5, -0.2], [0.3, 2.0, 5.0]])
    da = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
    fixed = [(name, z, da) for name in NAMES]
    return fixed + [(name, *rng.normal(size=(2, 4, 3))) for name in NAMES]


def with_slopes(**changed):
    """Return the right answer, with other slopes where a known mistake has them."""
    slopes = {
        "tanh": lambda z: 1 - np.tanh(z) ** 2,
        "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
        "relu": lambda z: z > 0,
    } | changed
    return lambda name, z, da: da * slopes[name](z)


ACTIVATION_BACKWARD = Exercise(
    name="activation-backward",
    page="activation-comparison",
    solution=solutions.activation_backward,
    returns=("dz",),
    cases=activation_inputs,
    hints=(
        "The function works on each number alone, so the chain rule is a product entry by entry.",
        "Compute a from z first: the slope of tanh is 1 - a**2, that of the sigmoid a * (1 - a).",
        "ReLU lets da through where z > 0 and stops it elsewhere: da * (z > 0).",
    ),
    misconceptions=(
        Misconception(
            "chain-factor-missing",
            lambda name, z, da: with_slopes()(name, z, 1),
            "This is the slope alone. The chain rule multiplies it by da, which arrives from the "
            "layers above.",
            GRADIENTS,
        ),
        Misconception(
            "slope-at-the-activation",
            lambda name, z, da: with_slopes()(name, FORWARD[name](z), da),
            "The function is applied twice: you take the slope at the activation a. It belongs at "
            "z. Either use f'(z), or the formula in a without computing the function again.",
            FUNCTIONS,
        ),
        Misconception(
            "formula-of-a-used-with-z",
            with_slopes(tanh=lambda z: 1 - z**2, sigmoid=lambda z: z * (1 - z)),
            "1 - a**2 and a * (1 - a) are formulas in the activation a, and you put z into them.",
            FUNCTIONS,
        ),
        Misconception(
            "sigmoid-slope-for-tanh",
            with_slopes(tanh=lambda z: np.tanh(z) * (1 - np.tanh(z))),
            "For tanh you use a * (1 - a), which is the sigmoid's slope. That of tanh is 1 - a**2.",
            FUNCTIONS,
        ),
        Misconception(
            "square-missing",
            with_slopes(tanh=lambda z: 1 - np.tanh(z)),
            "The slope of tanh is 1 - a**2, and your a is not squared.",
            FUNCTIONS,
        ),
        Misconception(
            "relu-mask-after-activation",
            with_slopes(relu=lambda z: np.maximum(0, z) >= 0),
            "The ReLU mask is taken after the activation: a >= 0 is always true, so no gradient "
            "is stopped. Ask where z > 0.",
            GRADIENTS,
        ),
        Misconception(
            "activation-instead-of-its-slope",
            lambda name, z, da: da * FORWARD[name](z),
            "You multiply by the activation itself. The chain rule wants its derivative.",
            GRADIENTS,
        ),
        Misconception(
            "overflow",
            with_slopes(sigmoid=lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
            "Right for moderate z, but exp(-z) overflows where z is very negative, and inf / inf "
            "is nan. Use a * (1 - a), with the sigmoid of the package.",
            FUNCTIONS,
        ),
    ),
)


# --- width-for-budget ----------------------------------------------------------------------------


def budgets(rng):
    """Return budgets that a width meets exactly, misses, or leaves a rest of, then random ones."""
    exact = [(784, 10, 2, 785 * 128 + 129 * 128 + 129 * 10), (4, 3, 1, 5 * 20 + 21 * 3)]
    missed = [(*sizes, budget - 1) for *sizes, budget in exact]
    low, high = (3, 2, 2, 1000), (40, 12, 6, 6000)
    rest = [(40, 3, 1, 41 * 20 + 21 * 3 + 30)]  # two thirds of what one neuron more takes
    drawn = [tuple(int(n) for n in rng.integers(low, high)) for _ in range(4)]
    return exact + missed + rest + drawn


def largest_width(count, fits=np.less_equal, extra=0):
    """Return the answer of someone who counts with `count(inputs, outputs, depth, width)`."""

    def wrong(num_inputs, num_outputs, depth, budget):
        width = 1
        while fits(count(num_inputs, num_outputs, depth, width + 1), budget):
            width += 1
        return width + extra

    return wrong


def parameter_count(n, K, depth, h, bias=1):
    return (n + bias) * h + (depth - 1) * (h + bias) * h + (h + bias) * K


WIDTH_FOR_BUDGET = Exercise(
    name="width-for-budget",
    page="architecture-search",
    solution=solutions.width_for_budget,
    returns=("width",),
    cases=budgets,
    hints=(
        "Write a function that counts the parameters of a given width, then raise the width.",
        "A layer from p to q numbers has p * q weights and q biases: (p + 1) * q.",
        "There are depth + 1 layers: the first from the inputs, depth - 1 from width to width, "
        "the last to the outputs.",
    ),
    misconceptions=(
        Misconception(
            "biases-left-out",
            largest_width(lambda *sizes: parameter_count(*sizes, bias=0)),
            "The biases are left out. Every neuron has one: a layer from p to q numbers has "
            "(p + 1) * q parameters.",
            PARAMETERS,
        ),
        Misconception(
            "one-hidden-layer-too-many",
            largest_width(lambda n, K, depth, h: parameter_count(n, K, depth + 1, h)),
            "You count depth matrices from width to width. Between depth hidden layers there are "
            "depth - 1 of them.",
            PARAMETERS,
        ),
        Misconception(
            "depth-ignored",
            largest_width(lambda n, K, depth, h: parameter_count(n, K, 1, h)),
            "This counts one hidden layer, whatever the depth is. The depth - 1 matrices between "
            "hidden layers are missing.",
            PARAMETERS,
        ),
        Misconception(
            "output-layer-left-out",
            largest_width(lambda n, K, depth, h: parameter_count(n, 0, depth, h)),
            "The output layer is left out. It has a weight for each pair of a hidden neuron and "
            "an output, and a bias for each output.",
            PARAMETERS,
        ),
        Misconception(
            "output-biases-left-out",
            largest_width(lambda n, K, depth, h: parameter_count(n, K, depth, h) - K),
            "The biases of the outputs are left out. The last layer has them as well: "
            "(width + 1) * num_outputs parameters.",
            PARAMETERS,
        ),
        Misconception(
            "one-step-too-far",
            largest_width(parameter_count, extra=1),
            "Your width is one too large: it is the first that exceeds the budget. Return the last "
            "that fits.",
            PARAMETERS,
        ),
        Misconception(
            "rounded-up",
            largest_width(parameter_count, fits=np.less, extra=1),
            "You round up: unless the budget is met exactly, your network exceeds it. Round down.",
            PARAMETERS,
        ),
        Misconception(
            "strictly-below",
            largest_width(parameter_count, fits=np.less),
            "You stay strictly below the budget. A network that meets it exactly is allowed.",
            PARAMETERS,
        ),
    ),
)


EXERCISES = (ACTIVATION_BACKWARD, WIDTH_FOR_BUDGET)
