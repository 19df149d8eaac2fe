"""Checked exercises of the part Practice about regularisation.

They belong to :doc:`/exercises`.
"""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import practice as solutions

DECAY = "engine#two-kinds-of-weight-decay"
OPTIMIZERS = "engine#optimizers"
DROPPED = "engine#activations-and-dropout"


# --- l2-step -------------------------------------------------------------------------------------


def penalised_layers(rng):
    sizes = [(3, 2), (4, 4), (2, 5)]
    sources = [np.random.default_rng(0), rng, rng]
    return [penalised_layer(*each) for each in zip(sources, sizes, strict=True)]


def penalised_layer(rng, shape):
    W, dW = rng.normal(size=(2, *shape))
    b, db = rng.normal(size=(2, shape[1]))
    return W, b, dW, db, *rng.uniform((0.1, 0.2), (0.4, 0.9)).tolist()


def l2_step(decay, bias_decay=None):
    """Return a step whose gradient has `decay(W, l2, rate)` added, and the biases' likewise."""

    def wrong(W, b, dW, db, rate, l2):
        db = db + bias_decay(b, l2, rate) if bias_decay else db
        return W - rate * (dW + decay(W, l2, rate)), b - rate * db

    return wrong


def decay_after(W, b, dW, db, rate, l2):
    return (1 - rate * l2) * (W - rate * dW), b - rate * db


L2_STEP = Exercise(
    name="l2-step",
    page="l2-regularization",
    solution=solutions.l2_step,
    returns=("W", "b"),
    cases=penalised_layers,
    hints=(
        "What is the gradient of l2 / 2 times the sum of all squared weights?",
        "It is l2 * W. Add it to dW, and take an ordinary step.",
        "The penalty holds no bias, so b takes its step without it.",
    ),
    misconceptions=(
        Misconception(
            "l2-on-the-biases",
            l2_step(lambda W, l2, rate: l2 * W, lambda b, l2, rate: l2 * b),
            "The biases are penalised too. A bias moves a boundary and does not sharpen it, so the "
            "penalty spares it.",
            "engine#sequential-layers-in-a-row",
        ),
        Misconception(
            "factor-2",
            l2_step(lambda W, l2, rate: 2 * l2 * W),
            "The penalty is l2 / 2 times the sum of squares, and the half cancels the 2 of the "
            "square: l2 * W. (Keras's regularizer has no half.)",
            DECAY,
        ),
        Misconception(
            "penalty-instead-of-its-gradient",
            l2_step(lambda W, l2, rate: l2 / 2 * np.sum(W**2)),
            "You add the penalty itself to the gradient, the same number for every weight. Add its "
            "gradient, l2 * W.",
            DECAY,
        ),
        Misconception(
            "weights-grow",
            l2_step(lambda W, l2, rate: -l2 * W),
            "The sign of the penalty's gradient is flipped: the weights grow instead of shrinking.",
            DECAY,
        ),
        Misconception(
            "decay-without-the-rate",
            l2_step(lambda W, l2, rate: l2 * W / rate),
            "The weights shrink by l2, whatever the learning rate is. The penalty is part of the "
            "loss, so its gradient is multiplied by the rate: the factor is 1 - rate * l2.",
            DECAY,
        ),
        Misconception(
            "decay-after-the-step",
            decay_after,
            "You shrink the weights after the step. Both gradients belong to the weights before "
            "it.",
            DECAY,
        ),
        Misconception(
            "l1",
            l2_step(lambda W, l2, rate: l2 * np.sign(W)),
            "This is the gradient of an L1 penalty, the sum of the absolute weights: it pulls all "
            "weights with the same force. L2 pulls in proportion to the weight.",
            DECAY,
        ),
        Misconception(
            "no-penalty",
            l2_step(lambda W, l2, rate: 0),
            "This is a step without the penalty: l2 does nothing in it.",
            DECAY,
        ),
    ),
)


# --- adamw-step ----------------------------------------------------------------------------------


def adam_states(rng):
    # The last gradient is so small that the place of epsilon shows.
    start = np.array([1.0, -2.0, 0.5]), np.array([0.1, 10.0, -1e-4]), np.zeros(3), np.zeros(3)
    later = [
        (*rng.normal(size=(3, n)), rng.uniform(0.1, 2, size=n), t) for n, t in ((3, 2), (4, 9))
    ]
    return [(*start, 1, 0.1, 0.3), *((*state, 0.05, 0.4) for state in later)]


def outside_the_root(v):
    return np.sqrt(v) + 1e-8


def missing(beta, t):
    return 1 - beta**t


def adamw_step(
    w, g, m, v, t, rate, decay, inside=0.0, shrink=None, root=outside_the_root, correct=missing
):
    """Return Adam's step with a penalty inside its gradient, from weights that `shrink`."""
    g = g + inside * decay * w
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = m / correct(0.9, t) / root(v / correct(0.999, t))
    factor = 1 - rate * decay if shrink is None else shrink(rate, decay)
    return factor * w - rate * step, m, v


def adamw_but(**changed):
    return lambda *arguments: adamw_step(*arguments, **changed)


def adamw_decay_after(w, g, m, v, t, rate, decay):
    w, m, v = adamw_step(w, g, m, v, t, rate, 0)
    return (1 - rate * decay) * w, m, v


ADAMW_STEP = Exercise(
    name="adamw-step",
    page="l2-regularization",
    solution=solutions.adamw_step,
    returns=("w", "m", "v"),
    cases=adam_states,
    hints=(
        "Adam's averages see the gradient of the loss alone. Where does the decay enter?",
        "The weights shrink by the factor 1 - rate * decay, apart from Adam's step.",
        "w = (1 - rate * decay) * w, then Adam's step as ever, from g without a penalty.",
    ),
    misconceptions=(
        Misconception(
            "l2-inside-adam",
            adamw_but(inside=1.0, shrink=lambda rate, decay: 1),
            "The decay is added to the gradient, which is Adam with an L2 penalty. Adam then "
            "divides it by the root mean square, and weights with large gradients hardly decay.",
            DECAY,
        ),
        Misconception(
            "decayed-twice",
            adamw_but(inside=1.0),
            "The weights decay twice: by the factor, and by a penalty inside the gradient. Leave "
            "the gradient as it is.",
            DECAY,
        ),
        Misconception(
            "decay-without-the-rate",
            adamw_but(shrink=lambda rate, decay: 1 - decay),
            "The weights shrink by decay, whatever the learning rate is. The factor is "
            "1 - rate * decay.",
            DECAY,
        ),
        Misconception(
            "decay-after-the-step",
            adamw_decay_after,
            "Adam's step is shrunk too, because you decay after it. Shrink the weights as they "
            "were before.",
            DECAY,
        ),
        Misconception(
            "weights-grow",
            adamw_but(shrink=lambda rate, decay: 1 + rate * decay),
            "The sign of the decay is flipped: the weights grow instead of shrinking.",
            DECAY,
        ),
        Misconception(
            "epsilon-inside-the-root",
            adamw_but(root=lambda v: np.sqrt(v + 1e-8)),
            "epsilon stands under the root. There 1e-8 acts like 1e-4: add it outside.",
            OPTIMIZERS,
        ),
        Misconception(
            "corrections-missing",
            adamw_but(correct=lambda beta, t: 1),
            "Both corrections are missing. The averages start at zero and are too small at first: "
            "divide m by 1 - 0.9**t and v by 1 - 0.999**t.",
            OPTIMIZERS,
        ),
        Misconception(
            "no-decay",
            adamw_but(shrink=lambda rate, decay: 1),
            "This is Adam's step without any decay.",
            DECAY,
        ),
    ),
)


# --- dropout -------------------------------------------------------------------------------------


def activations(rng):
    # Large enough for a share of zeros that chance does not move by 0.05.
    rates = [(0.2, True), (0.2, False), (0.5, True), (0.7, True), (0.7, False)]
    seeds = [0, *rng.integers(2**32, size=len(rates) - 1)]
    inputs = (np.random.default_rng(seed).normal(size=(200, 50)) for seed in seeds)
    generators = map(np.random.default_rng, seeds)
    return [(x, *rate, own) for x, rate, own in zip(inputs, rates, generators, strict=True)]


def factors(case, y):
    """Return what any right mask has in common: the factors, the share of zeros, who shares it."""
    factor = np.round(y / case[0], 5)
    varies = [(factor != factor.take([0], axis=axis)).any() for axis in (0, 1)]
    share = round(np.mean(factor == 0), 1) if all(varies) else 0
    return {
        "the smallest factor of an entry": factor.min(),
        "the largest factor of an entry": factor.max(),
        "the number of different factors": np.unique(factor).size,
        "the share of zeros": share,
        "whether the mask changes from sample to sample (1: yes)": float(varies[0]),
        "whether the mask changes within a sample (1: yes)": float(varies[1]),
    }


def dropped(scale=None, in_use=None, drops=None, keep=None, shape=None):
    """Return dropout with the parts that a known mistake changes as arguments."""

    def wrong(x, rate, training, rng):
        if not (drops(training) if drops else training):
            return x * (in_use(rate) if in_use else 1)
        draws = rng.random(shape(x) if shape else x.shape)
        kept = keep(draws, rate) if keep else draws >= rate
        return x * kept * (scale(rate) if scale else 1 / (1 - rate))

    return wrong


def as_it_is(rate):
    return 1


def keep_rate(draws, rate):
    return draws < rate


DROPOUT = Exercise(
    name="dropout",
    page="dropout",
    solution=solutions.dropout,
    returns=("y",),
    cases=activations,
    measure=factors,
    hints=(
        "Draw one random number for each entry of x, and keep the entry where it is >= rate.",
        "What survives is divided by the share that survives, 1 - rate, so that the mean stays.",
        "If training is False, return x as it is.",
    ),
    misconceptions=(
        Misconception(
            "not-rescaled",
            dropped(scale=as_it_is),
            "The survivors are not rescaled, so the mean falls to 1 - rate of what it was, and the "
            "next layer meets larger numbers in use than in training. Divide by 1 - rate.",
            DROPPED,
        ),
        Misconception(
            "rescaled-in-use",
            dropped(scale=as_it_is, in_use=lambda rate: 1 - rate),
            "You scale in use, as the first form of dropout did. It keeps the mean too; here "
            "training does the scaling, and in use x passes as it is.",
            DROPPED,
        ),
        Misconception(
            "rescaled-twice",
            dropped(in_use=lambda rate: 1 - rate),
            "You rescale twice, in training and in use. One of them is enough: in use x passes as "
            "it is.",
            DROPPED,
        ),
        Misconception(
            "keep-and-drop-swapped",
            dropped(keep=keep_rate),
            "You keep what should be dropped: rate is the probability of a zero, so keep an entry "
            "where the draw is >= rate.",
            DROPPED,
        ),
        Misconception(
            "rate-taken-as-keep-probability",
            dropped(keep=keep_rate, scale=lambda rate: 1 / rate),
            "You read rate as the probability to keep. In Keras and PyTorch, and here, it is the "
            "probability of a zero.",
            DROPPED,
        ),
        Misconception(
            "divided-by-the-rate",
            dropped(scale=lambda rate: 1 / rate),
            "You divide by rate, the share that is dropped. Divide by the share that survives, "
            "1 - rate.",
            DROPPED,
        ),
        Misconception(
            "multiplied-by-keep",
            dropped(scale=lambda rate: 1 - rate),
            "You multiply the survivors by 1 - rate. They stand in for the dropped ones, so they "
            "grow: divide.",
            DROPPED,
        ),
        Misconception(
            "active-in-evaluation",
            dropped(drops=lambda training: True),
            "It drops in use too. There the network has to give the same answer every time: if "
            "training is False, return x as it is.",
            DROPPED,
        ),
        Misconception(
            "nothing-dropped",
            lambda x, rate, training, rng: x,
            "x always passes as it is. If training is True, a share of it has to become 0.",
            DROPPED,
        ),
        Misconception(
            "training-flag-inverted",
            dropped(drops=lambda training: not training),
            "It drops in use and not in training: the two are swapped.",
            DROPPED,
        ),
        Misconception(
            "one-mask-for-all-samples",
            dropped(shape=lambda x: x.shape[1:]),
            "All samples of the batch share one mask. Draw a number for each entry of x, so that "
            "every sample trains another thinned network.",
            DROPPED,
        ),
        Misconception(
            "whole-samples-dropped",
            dropped(shape=lambda x: (len(x), 1)),
            "One draw decides for a whole sample. Draw a number for each entry of x.",
            DROPPED,
        ),
    ),
)


EXERCISES = (L2_STEP, ADAMW_STEP, DROPOUT)
