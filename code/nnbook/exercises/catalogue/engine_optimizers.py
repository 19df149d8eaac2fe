"""The checked exercises of :doc:`/engine` about optimizers."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import engine as solutions

OPTIMIZERS = "engine#optimizers"
EPSILON = "three-ways#where-adam-adds-its-epsilon"


# --- momentum-step -------------------------------------------------------------------------------


def velocities(rng):
    fixed = np.array([1.0, -2.0]), np.array([0.5, 4.0]), np.array([-1.0, 1.0]), 0.1, 0.9
    return [fixed, *((*rng.normal(size=(3, n)), *rng.uniform(0.2, 0.7, size=2)) for n in (3, 4))]


MOMENTUM_STEP = Exercise(
    name="momentum-step",
    page="engine",
    solution=solutions.momentum_step,
    returns=("w", "u"),
    cases=velocities,
    hints=(
        "Which comes first, the new velocity or the step?",
        "The velocity keeps mu of itself and takes up all of the gradient.",
        "u = mu * u + g, then w - rate * u.",
    ),
    misconceptions=(
        Misconception(
            "gradient-damped",
            lambda w, g, u, rate, mu: (
                w - rate * (mu * u + (1 - mu) * g),
                mu * u + (1 - mu) * g,
            ),
            "Your velocity is a mean: it takes up 1 - mu of the gradient, as Adam's m does. "
            "Momentum takes up all of it, so its steps grow up to 1 / (1 - mu) times as long.",
            OPTIMIZERS,
        ),
        Misconception(
            "old-velocity-in-the-step",
            lambda w, g, u, rate, mu: (w - rate * u, mu * u + g),
            "The step uses the velocity from before, so today's gradient acts one step late. "
            "Update u first.",
            OPTIMIZERS,
        ),
        Misconception(
            "velocity-not-kept",
            lambda w, g, u, rate, mu: (w - rate * (mu * u + g), u),
            "The step is right, but you return the velocity from before. Then nothing is "
            "remembered.",
            OPTIMIZERS,
        ),
        Misconception(
            "uphill",
            lambda w, g, u, rate, mu: (w + rate * (mu * u + g), mu * u + g),
            "The sign is flipped: the step goes against the velocity, which adds up gradients.",
            OPTIMIZERS,
        ),
        Misconception(
            "nesterov",
            lambda w, g, u, rate, mu: (w - rate * (g + mu * (mu * u + g)), mu * u + g),
            "This is Nesterov's variant, which looks one step ahead. Plain momentum steps by u.",
            OPTIMIZERS,
        ),
        Misconception(
            "rate-in-the-velocity",
            lambda w, g, u, rate, mu: (w - mu * u - rate * g, mu * u + rate * g),
            "The learning rate is part of your velocity, as in Keras. Under a schedule the old "
            "gradients then keep their old rate; here u adds up gradients alone.",
            OPTIMIZERS,
        ),
        Misconception(
            "keras-velocity",
            lambda w, g, u, rate, mu: (w + mu * u - rate * g, mu * u - rate * g),
            "This velocity points downhill and holds the learning rate, as in Keras. Here u adds "
            "up gradients, and the step is w - rate * u.",
            OPTIMIZERS,
        ),
        Misconception(
            "nothing-forgotten",
            lambda w, g, u, rate, mu: (w - rate * (u + g), u + g),
            "mu is missing: the velocity adds up all gradients and never forgets one.",
            OPTIMIZERS,
        ),
        Misconception(
            "mu-on-the-gradient",
            lambda w, g, u, rate, mu: (w - rate * (u + mu * g), u + mu * g),
            "mu stands at the gradient. It belongs to the velocity, which fades.",
            OPTIMIZERS,
        ),
    ),
)


# --- adam-step -----------------------------------------------------------------------------------


def adam_states(rng):
    first = np.array([1.0, -2.0, 0.5]), np.array([0.1, 10.0, -0.01]), np.zeros(3), np.zeros(3)
    later = [(3, 2, 0.05), (4, 5, 0.2)]
    states = [(*rng.normal(size=(3, n)), rng.uniform(0.1, 2, size=n)) for n, _, _ in later]
    settings = [(t, 0.1, 0.8, 0.95, epsilon) for _, t, epsilon in later]
    random = [(*state, *rest) for state, rest in zip(states, settings, strict=True)]
    return [(*first, 1, 0.001, 0.9, 0.999, 1e-8), (*first, 1, 0.1, 0.9, 0.99, 0.01), *random]


def adam_but(
    square=np.square,
    c=lambda beta, t: 1 - beta**t,
    correct=(True, True),
    fraction=lambda m, v, c_2, epsilon: m / (np.sqrt(v) + epsilon),
    sign=-1,
):
    """Return the right step, with what a known mistake changes as arguments."""

    def wrong(w, g, m, v, t, rate, beta_1, beta_2, epsilon):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * square(g)
        c_1 = c(beta_1, t) if correct[0] else 1
        c_2 = c(beta_2, t) if correct[1] else 1
        return w + sign * rate * fraction(m / c_1, v / c_2, c_2, epsilon), m, v

    return wrong


def betas_swapped(w, g, m, v, t, rate, beta_1, beta_2, epsilon):
    return solutions.adam_step(w, g, m, v, t, rate, beta_2, beta_1, epsilon)


def corrections_stored(w, g, m, v, t, rate, beta_1, beta_2, epsilon):
    w, m, v = solutions.adam_step(w, g, m, v, t, rate, beta_1, beta_2, epsilon)
    return w, m / (1 - beta_1**t), v / (1 - beta_2**t)


ADAM_STEP = Exercise(
    name="adam-step",
    page="engine",
    solution=solutions.adam_step,
    returns=("w", "m", "v"),
    cases=adam_states,
    hints=(
        "Update the two averages first: m of the gradient, v of its square.",
        "Both started at zero. Divide m by 1 - beta_1**t and v by 1 - beta_2**t, for this step "
        "alone: the averages themselves stay uncorrected.",
        "The step is rate * m_hat / (sqrt(v_hat) + epsilon).",
    ),
    misconceptions=(
        Misconception(
            "corrections-missing",
            adam_but(correct=(False, False)),
            "Both corrections are missing. The averages start at zero and are too small at first, "
            "v more than m, so the first step is about three times too long with the usual betas.",
            OPTIMIZERS,
        ),
        Misconception(
            "only-m-corrected",
            adam_but(correct=(True, False)),
            "Only m is corrected. v starts at zero too, and too small a number below the line "
            "makes too long a step.",
            OPTIMIZERS,
        ),
        Misconception(
            "only-v-corrected",
            adam_but(correct=(False, True)),
            "Only v is corrected. m starts at zero too: divide it by 1 - beta_1**t.",
            OPTIMIZERS,
        ),
        Misconception(
            "correction-without-t",
            adam_but(c=lambda beta, t: 1 - beta),
            "You divide by 1 - beta at every step. After t steps the average lacks 1 - beta**t, "
            "which soon is 1.",
            OPTIMIZERS,
        ),
        Misconception(
            "t-from-zero",
            adam_but(c=lambda beta, t: 1 - beta ** (t - 1)),
            "You count t from 0, and divide by 0 at the first step. t is 1 there.",
            OPTIMIZERS,
        ),
        Misconception(
            "t-one-too-many",
            adam_but(c=lambda beta, t: 1 - beta ** (t + 1)),
            "Your correction takes t + 1. The t that comes in is the number of this step, counted "
            "from 1.",
            OPTIMIZERS,
        ),
        Misconception(
            "epsilon-before-the-correction",
            adam_but(fraction=lambda m, v, c_2, e: m / (np.sqrt(v) + e / np.sqrt(c_2))),
            "You add epsilon to the root of v before v is corrected, as Keras does. Then it weighs "
            "1 / sqrt(1 - beta_2**t) times as much. Here it comes after the correction.",
            EPSILON,
        ),
        Misconception(
            "epsilon-inside-the-root",
            adam_but(fraction=lambda m, v, c_2, e: m / np.sqrt(v + e)),
            "epsilon stands under the root. There 1e-8 acts like 1e-4: add it outside.",
            EPSILON,
        ),
        Misconception(
            "gradient-not-squared",
            adam_but(square=lambda g: g),
            "v averages the gradient. It is the mean of its square, so that the root is a size "
            "and cannot be negative.",
            OPTIMIZERS,
        ),
        Misconception(
            "root-missing",
            adam_but(fraction=lambda m, v, c_2, e: m / (v + e)),
            "The root of v is missing. v has the unit of the squared gradient, and only its root "
            "makes the step independent of the gradient's size.",
            OPTIMIZERS,
        ),
        Misconception(
            "betas-swapped",
            betas_swapped,
            "The betas are swapped: beta_1 belongs to m, the gradient, and beta_2 to v, its "
            "square.",
            OPTIMIZERS,
        ),
        Misconception(
            "corrections-stored",
            corrections_stored,
            "The step is right, but you return the corrected averages. The next step would "
            "correct them again: keep m and v as they are.",
            OPTIMIZERS,
        ),
        Misconception(
            "uphill",
            adam_but(sign=1),
            "The sign is flipped: the step goes against the gradient's average.",
            OPTIMIZERS,
        ),
    ),
)
