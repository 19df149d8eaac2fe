"""The checked exercises of :doc:`/initialization` on batch normalisation."""

import numpy as np

from nnbook.exercises.catalogue.normalization import root_of_sum, root_plus
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import initialization as solutions

MODES = "initialization#training-and-evaluation-are-two-functions"
AVERAGES = "initialization#the-running-averages-and-their-conventions"
LAYER_NORM = "initialization#layer-normalisation"
STEPS = "initialization#the-backward-pass-node-by-node"


def root_without(variance, epsilon):
    return np.sqrt(variance)


# --- batch-norm-forward --------------------------------------------------------------------------


def batches(rng):
    sources = [np.random.default_rng(0), rng, rng, rng]
    sizes = [(4, 2, 0.9, 0.1), (3, 3, 0.8, 0.2), (6, 4, 0.99, 1e-3), (2, 3, 0.7, 0.3)]
    made = [batch(*each) for each in zip(sources, sizes, strict=True)]
    return [(*given, training) for given in made for training in (True, False)]


def batch(rng, sizes):
    m, n, momentum, epsilon = sizes
    gamma, beta, mean = rng.normal(size=(3, n))
    variance = rng.uniform(0.5, 2, size=n)
    return rng.normal(3, 2, size=(m, n)), gamma, beta, mean, variance, momentum, epsilon


def forward(
    x,
    gamma,
    beta,
    mean,
    variance,
    momentum,
    epsilon,
    training,
    uses=lambda training: training,
    updates=lambda training: training,
    kept=lambda momentum: momentum,
    kept_ddof=0,
    ddof=0,
    axis=0,
    root=root_of_sum,
    new=lambda sigma2: sigma2,
    first=False,
):
    """Return the right answer, with the steps that a known mistake changes as arguments."""
    mu, sigma2 = x.mean(axis=axis), x.var(axis=axis, ddof=ddof)
    old, share = (mean, variance), kept(momentum)
    if updates(training):
        mean = share * mean + (1 - share) * x.mean(axis=0)
        variance = share * variance + (1 - share) * new(x.var(axis=0, ddof=kept_ddof))
    if not uses(training):
        mu, sigma2 = (mean, variance) if first else old
        axis = 0
    x_hat = (x - np.expand_dims(mu, axis)) / root(np.expand_dims(sigma2, axis), epsilon)
    return gamma * x_hat + beta, mean, variance


def but(**changed):
    return lambda *given: forward(*given, **changed)


def always(training):
    return True


def never(training):
    return False


BATCH_NORM_FORWARD = Exercise(
    name="batch-norm-forward",
    page="initialization",
    solution=solutions.batch_norm_forward,
    returns=("y", "mean", "variance"),
    cases=batches,
    tolerance=1e-5,  # so much float32 may lose in the means
    hints=(
        "Two modes: in training mean and variance are the batch's, in use the running ones.",
        "In training each running average keeps the share momentum of itself, and takes the rest "
        "from the batch. In use it stays.",
        "x_hat = (x - mu) / np.sqrt(sigma2 + epsilon), and y = gamma * x_hat + beta.",
    ),
    misconceptions=(
        Misconception(
            "batch-statistics-in-use",
            but(uses=always),
            "In use you normalise with the batch. Then an answer depends on the samples that "
            "happen to come along; use the running averages.",
            MODES,
        ),
        Misconception(
            "running-averages-in-training",
            but(uses=never),
            "In training you normalise with the running averages. They only listen there: the "
            "batch is normalised with its own mean and variance.",
            MODES,
        ),
        Misconception(
            "updated-averages-in-training",
            but(uses=never, first=True),
            "In training you update the averages and then normalise with them. The batch is "
            "normalised with its own mean and variance.",
            MODES,
        ),
        Misconception(
            "training-ignored",
            but(uses=always, updates=always),
            "You treat use as training: in use normalise with the running averages, and leave them "
            "as they are.",
            MODES,
        ),
        Misconception(
            "updated-in-use",
            but(updates=always),
            "In use the averages move too. They are measured in training; in use they are "
            "constants, or every question would change the network.",
            AVERAGES,
        ),
        Misconception(
            "never-updated",
            but(updates=never),
            "The running averages do not move in training. Nothing else will have measured them "
            "when they are needed.",
            AVERAGES,
        ),
        Misconception(
            "momentum-the-other-way",
            but(kept=lambda momentum: 1 - momentum),
            "momentum is the share of the new batch in yours, as in PyTorch. Here, as in Keras, it "
            "is the share of the old average that stays.",
            AVERAGES,
        ),
        Misconception(
            "unbiased-running-variance",
            but(kept_ddof=1),
            "Your running variance divides by m - 1, as PyTorch's does. Asked for is the variance "
            "with 1/m throughout, as in Keras.",
            AVERAGES,
        ),
        Misconception(
            "m-minus-1",
            but(ddof=1, kept_ddof=1),
            "Your variances divide by m - 1. A batch is normalised with 1/m: ddof=0, NumPy's "
            "default.",
            STEPS,
        ),
        Misconception(
            "standard-deviation-averaged",
            but(new=np.sqrt),
            "You average standard deviations into the running variance. Average variances, and "
            "take the root where you divide.",
            AVERAGES,
        ),
        Misconception(
            "epsilon-left-out",
            but(root=root_without),
            "epsilon is missing. It stands under the root, beside the variance, and keeps a "
            "constant feature from dividing by 0.",
            STEPS,
        ),
        Misconception(
            "epsilon-outside-the-root",
            but(root=root_plus),
            "epsilon is added to the standard deviation. It stands under the root, beside the "
            "variance.",
            STEPS,
        ),
        Misconception(
            "over-the-features",
            but(axis=1),
            "Your mean and variance run over the features of a sample: that is layer "
            "normalisation. Batch normalisation takes them over the samples: axis=0.",
            LAYER_NORM,
        ),
    ),
)


# --- fold-batch-norm -----------------------------------------------------------------------------


def layers(rng):
    sources = [np.random.default_rng(0), rng, rng, rng]
    return [layer(*e) for e in zip(sources, [(3, 2), (4, 4), (1, 5), (6, 3)], strict=True)]


def layer(rng, sizes):
    n, k = sizes
    b, gamma, beta, mean = rng.normal(size=(4, k))
    return rng.normal(size=(n, k)), b, gamma, beta, mean, rng.uniform(0.5, 2, size=k), 0.1


def folded(
    W,
    b,
    gamma,
    beta,
    mean,
    variance,
    epsilon,
    root=root_of_sum,
    weights=lambda W, scale: W * scale,
    bias=lambda b, mean, scale, beta: (b - mean) * scale + beta,
):
    """Return the right layer, with the steps that a known mistake changes as arguments."""
    scale = gamma / root(variance, epsilon)
    return weights(W, scale), bias(b, mean, scale, beta)


def fold_but(**changed):
    return lambda *given: folded(*given, **changed)


FOLD_BATCH_NORM = Exercise(
    name="fold-batch-norm",
    page="initialization",
    solution=solutions.fold_batch_norm,
    returns=("W", "b"),
    cases=layers,
    hints=(
        "In use mean and variance are constants, so the norm is z * scale + shift, feature by "
        "feature.",
        "scale is gamma / np.sqrt(variance + epsilon), and shift is beta - mean * scale.",
        "Put z = x @ W + b into it, and sort: what multiplies x is the new W.",
    ),
    misconceptions=(
        Misconception(
            "bias-not-scaled",
            fold_but(bias=lambda b, mean, scale, beta: b - mean * scale + beta),
            "The old bias is not scaled. It is part of what the norm receives, like x @ W.",
            MODES,
        ),
        Misconception(
            "bias-forgotten",
            fold_but(bias=lambda b, mean, scale, beta: beta - mean * scale),
            "The old bias is gone. In training the batch's mean takes it away again; in use the "
            "running mean is a constant that contains it, so it has to stay.",
            MODES,
        ),
        Misconception(
            "mean-forgotten",
            fold_but(bias=lambda b, mean, scale, beta: b * scale + beta),
            "The running mean is not subtracted.",
            MODES,
        ),
        Misconception(
            "beta-scaled",
            fold_but(bias=lambda b, mean, scale, beta: (b - mean + beta) * scale),
            "beta is scaled. It is added at the very end, after the multiplication by gamma.",
            MODES,
        ),
        Misconception(
            "weights-unchanged",
            fold_but(weights=lambda W, scale: W),
            "The weights stay as they are. The norm multiplies all that a neuron sums, so each "
            "neuron's weights are scaled.",
            MODES,
        ),
        Misconception(
            "variance-for-standard-deviation",
            fold_but(root=lambda variance, epsilon: variance + epsilon),
            "You divide by the variance. A norm divides by its square root.",
            STEPS,
        ),
        Misconception(
            "epsilon-left-out",
            fold_but(root=root_without),
            "epsilon is missing. The layer adds it to the variance in use too.",
            STEPS,
        ),
    ),
)
