"""The checked exercise of :doc:`/initialization` on layer normalisation."""

from functools import partial

import numpy as np

from nnbook.exercises.catalogue.initialization_batch_norm import LAYER_NORM, STEPS
from nnbook.exercises.catalogue.normalization import batches, root_plus
from nnbook.exercises.catalogue.normalization import norm_but as norm_but_over
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import initialization as solutions


def samples(rng):
    return batches(rng, [(2, 4, 0.1), (5, 5, 1e-5), (1, 3, 0.3), (3, 8, 1e-3)])


norm_but = partial(norm_but_over, axis=1)


def gamma_forgotten(dy, x, gamma, epsilon):
    return solutions.layer_norm_backward(dy, x, np.ones_like(gamma), epsilon)


LAYER_NORM_BACKWARD = Exercise(
    name="layer-norm-backward",
    page="initialization",
    solution=solutions.layer_norm_backward,
    returns=("dx", "dgamma", "dbeta"),
    cases=samples,
    tolerance=1e-5,  # so much float32 may lose in the means
    hints=(
        "For one sample it is the formula of batch normalisation, with features in place of "
        "samples.",
        "The means of dx run over axis=1. gamma and beta belong to features and serve all "
        "samples: their gradients are sums over axis=0.",
        "With dx_hat = gamma * dy, subtract from it its mean, and x_hat times the mean of "
        "dx_hat * x_hat; then divide by s. Keep the axis with keepdims=True.",
    ),
    misconceptions=(
        Misconception(
            "over-the-samples",
            norm_but(axis=0),
            "Your means run over the samples: that is batch normalisation. Here each sample is "
            "normalised over its own features: axis=1.",
            LAYER_NORM,
        ),
        Misconception(
            "gamma-at-the-end",
            norm_but(late=True),
            "You multiply by gamma after subtracting the means. It differs from feature to "
            "feature, and so has to be inside the means over the features: start with gamma * dy.",
            LAYER_NORM,
        ),
        Misconception(
            "gamma-forgotten",
            gamma_forgotten,
            "dx lacks the factor gamma: what arrives at x_hat is gamma * dy.",
            LAYER_NORM,
        ),
        Misconception(
            "mean-and-variance-as-constants",
            norm_but(terms="none"),
            "Both further terms of dx are missing: you treat the mean and s as constants. They "
            "depend on every feature of the sample.",
            STEPS,
        ),
        Misconception(
            "variance-as-a-constant",
            norm_but(terms="mean"),
            "The last term of dx is missing: s depends on every feature too, not only the mean.",
            STEPS,
        ),
        Misconception(
            "mean-as-a-constant",
            norm_but(terms="projection"),
            "The middle term of dx is missing: the mean depends on every feature too, not only s.",
            STEPS,
        ),
        Misconception(
            "sums-instead-of-means",
            norm_but(average=np.sum),
            "In dx you subtract sums. Both terms carry 1/n: they are means over the features.",
            LAYER_NORM,
        ),
        Misconception(
            "parameters-summed-over-features",
            norm_but(sums=lambda dy, x, x_hat: ((dy * x_hat).sum(axis=1), dy.sum(axis=1))),
            "dgamma and dbeta are summed over the features. Each feature has a gamma and a beta of "
            "its own, which serve all samples: axis=0.",
            LAYER_NORM,
        ),
        Misconception(
            "averaged-instead-of-summed",
            norm_but(sums=lambda dy, x, x_hat: ((dy * x_hat).mean(axis=0), dy.mean(axis=0))),
            "dgamma and dbeta are means. gamma and beta are used once for every sample, so their "
            "gradients are sums; the 1/m is in dy already.",
            "engine#from-columns-to-rows",
        ),
        Misconception(
            "epsilon-outside-the-root",
            norm_but(root=root_plus),
            "epsilon is added to the standard deviation. It stands under the root, beside the "
            "variance.",
            STEPS,
        ),
    ),
)
