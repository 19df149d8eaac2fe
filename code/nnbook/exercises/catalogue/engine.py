"""The checked exercises of :doc:`/engine`."""

from functools import partial

import numpy as np

from nnbook.exercises.catalogue import engine_optimizers as optimizers
from nnbook.exercises.catalogue.normalization import batches, root_plus
from nnbook.exercises.catalogue.normalization import norm_but as norm_but_over
from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import engine as solutions

BATCH_NORM = "engine#batch-normalisation"
SMOOTHING = "engine#losses-from-logits"


# --- batch-norm-backward -------------------------------------------------------------------------


def normalised_batches(rng):
    return batches(rng, [(4, 2, 0.1), (5, 5, 1e-5), (3, 4, 0.3), (8, 3, 1e-3)])


norm_but = partial(norm_but_over, axis=0)


def gamma_forgotten(dy, x, gamma, epsilon):
    return solutions.batch_norm_backward(dy, x, np.ones_like(gamma), epsilon)


BATCH_NORM_BACKWARD = Exercise(
    name="batch-norm-backward",
    page="engine",
    solution=solutions.batch_norm_backward,
    returns=("dx", "dgamma", "dbeta"),
    cases=normalised_batches,
    tolerance=1e-5,  # so much float32 may lose in the means
    hints=(
        "Go forward first: s and x_hat are needed on the way back. All means are over the samples.",
        "gamma and beta are shared by all samples: dbeta is a sum of dy, dgamma one of dy * x_hat.",
        "With dx_hat = gamma * dy, subtract from it its mean, and x_hat times the mean of "
        "dx_hat * x_hat; then divide by s.",
    ),
    misconceptions=(
        Misconception(
            "mean-and-variance-as-constants",
            norm_but(terms="none"),
            "Both further terms of dx are missing: you treat the mean and s as constants. They "
            "depend on every sample, so every sample moves every other.",
            BATCH_NORM,
        ),
        Misconception(
            "variance-as-a-constant",
            norm_but(terms="mean"),
            "The last term of dx is missing: s depends on every sample too, not only the mean.",
            BATCH_NORM,
        ),
        Misconception(
            "mean-as-a-constant",
            norm_but(terms="projection"),
            "The middle term of dx is missing: the mean depends on every sample too, not only s.",
            BATCH_NORM,
        ),
        Misconception(
            "sums-instead-of-means",
            norm_but(average=np.sum),
            "In dx you subtract sums. Both terms carry 1/m: they are means over the samples.",
            BATCH_NORM,
        ),
        Misconception(
            "over-the-features",
            norm_but(axis=1),
            "Your means run over the features of a sample, as in layer normalisation. Batch "
            "normalisation takes them over the samples: axis=0.",
            BATCH_NORM,
        ),
        Misconception(
            "gamma-forgotten",
            gamma_forgotten,
            "dx lacks the factor gamma: what arrives at x_hat is gamma * dy.",
            BATCH_NORM,
        ),
        Misconception(
            "dgamma-from-the-input",
            norm_but(sums=lambda dy, x, x_hat: ((dy * x).sum(axis=0), dy.sum(axis=0))),
            "dgamma is made of x. What gamma multiplies is x_hat.",
            BATCH_NORM,
        ),
        Misconception(
            "averaged-instead-of-summed",
            norm_but(sums=lambda dy, x, x_hat: ((dy * x_hat).mean(axis=0), dy.mean(axis=0))),
            "dgamma and dbeta are means. gamma and beta are used once for every sample, so their "
            "gradients are sums; the 1/m is in dy already.",
            "engine#from-columns-to-rows",
        ),
        Misconception(
            "m-minus-1",
            norm_but(ddof=1),
            "Your variance divides by m - 1. A batch is normalised with 1/m: ddof=0, NumPy's "
            "default.",
            BATCH_NORM,
        ),
        Misconception(
            "epsilon-outside-the-root",
            norm_but(root=root_plus),
            "epsilon is added to the standard deviation. Here it stands under the root, beside "
            "the variance.",
            BATCH_NORM,
        ),
    ),
)


# --- lowest-smoothed-loss ------------------------------------------------------------------------


def smoothings(rng):
    return [(0.1, 10), (0.5, 2), *((float(rng.uniform(0.05, 0.6)), K) for K in (3, 4, 20))]


def lowest(alpha, K, low=lambda a, K: a / K, high=lambda a, K: 1 - a + a / K, others=None):
    low, high = low(alpha, K), high(alpha, K)
    others = K - 1 if others is None else others
    return -high * np.log(high) - others * low * np.log(low), np.log(high / low)


LOWEST_SMOOTHED_LOSS = Exercise(
    name="lowest-smoothed-loss",
    page="engine",
    solution=solutions.lowest_smoothed_loss,
    returns=("loss", "gap"),
    cases=smoothings,
    read=numbers,
    hints=(
        "At the smallest loss the gradient p - q vanishes. What is q?",
        "q is alpha / K for each of the K - 1 wrong classes, and 1 - alpha + alpha / K for the "
        "true one.",
        "At p = q the loss is -sum(q * log(q)), and logits differ by the logarithm of the ratio "
        "of the probabilities.",
    ),
    misconceptions=(
        Misconception(
            "true-class-without-its-share",
            lambda alpha, K: lowest(alpha, K, high=lambda a, K: 1 - a),
            "alpha is shared among all K classes, so the true one gets alpha / K back: "
            "1 - alpha + alpha / K. Yours do not add up to 1.",
            SMOOTHING,
        ),
        Misconception(
            "shared-among-the-wrong-classes",
            lambda alpha, K: lowest(alpha, K, lambda a, K: a / (K - 1), lambda a, K: 1 - a),
            "You share alpha among the K - 1 wrong classes. Here, as in Keras and PyTorch, all K "
            "classes share it.",
            SMOOTHING,
        ),
        Misconception(
            "one-wrong-class",
            lambda alpha, K: lowest(alpha, K, others=1),
            "The loss counts one wrong class. There are K - 1 of them, each with alpha / K.",
            SMOOTHING,
        ),
        Misconception(
            "wrong-classes-left-out",
            lambda alpha, K: lowest(alpha, K, others=0),
            "The loss counts the true class alone. With smoothing every class has a share of the "
            "target, and adds -q * log(q).",
            SMOOTHING,
        ),
        Misconception(
            "loss-without-smoothing",
            lambda alpha, K: (-np.log(1 - alpha + alpha / K), lowest(alpha, K)[1]),
            "This is the plain loss -log(p) of the true class, for the best p. The smoothed loss "
            "weighs the logarithms of all classes with q.",
            SMOOTHING,
        ),
        Misconception(
            "loss-of-zero",
            lambda alpha, K: (0.0, lowest(alpha, K)[1]),
            "The smallest loss is 0 only where the target is certain. Here it is the entropy of "
            "the smoothed target.",
            SMOOTHING,
        ),
        Misconception(
            "gap-without-the-logarithm",
            lambda alpha, K: (lowest(alpha, K)[0], np.exp(lowest(alpha, K)[1])),
            "Your gap is the ratio of the two probabilities. Softmax takes exponentials, so the "
            "logits differ by its logarithm.",
            "activations#softmax-from-scores-to-probabilities",
        ),
        Misconception(
            "bits",
            lambda alpha, K: (lowest(alpha, K)[0] / np.log(2), lowest(alpha, K)[1] / np.log(2)),
            "These are logarithms to base 2. The loss is in nats: np.log.",
            SMOOTHING,
        ),
    ),
)

EXERCISES = (
    BATCH_NORM_BACKWARD,
    optimizers.MOMENTUM_STEP,
    LOWEST_SMOOTHED_LOSS,
    optimizers.ADAM_STEP,
)
