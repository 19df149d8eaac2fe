"""The checked exercises of :doc:`/mnist-keras`."""

from itertools import pairwise

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import mnist_keras as solutions

SIZES = "mnist-keras#define-the-network"
MOVING = "mnist-keras#which-training-accuracy"


# --- parameter-count -----------------------------------------------------------------------------


def layer_sizes(rng):
    drawn = (rng.integers(2, 100, size=number) for number in (2, 3, 5))
    return [((784, 128, 64, 10),), ((784, 10),), *((tuple(map(int, sizes)),) for sizes in drawn)]


def total(of_a_layer):
    return lambda sizes: sum(of_a_layer(n, h) for n, h in pairwise(sizes))


PARAMETER_COUNT = Exercise(
    name="parameter-count",
    page="mnist-keras",
    solution=solutions.parameter_count,
    returns=("count",),
    cases=layer_sizes,
    hints=(
        "What does one neuron have? A weight for each of its inputs, and a bias.",
        "A layer of h neurons with n inputs has n * h weights and h biases.",
        "Neighbouring sizes belong together: (784, 128), (128, 64), (64, 10). "
        "zip(sizes[:-1], sizes[1:]) makes these pairs.",
    ),
    tolerance=1e-12,  # a count is right or wrong
    misconceptions=(
        Misconception(
            "biases-left-out",
            total(lambda n, h: n * h),
            "These are the weights alone. Each neuron has a bias as well.",
            SIZES,
        ),
        Misconception(
            "one-bias-a-layer",
            total(lambda n, h: n * h + 1),
            "You count one bias a layer. Each neuron has its own.",
            SIZES,
        ),
        Misconception(
            "a-bias-for-each-input",
            total(lambda n, h: n * h + n),
            "You count a bias for each input of a layer. Biases belong to the neurons: a layer has "
            "as many as outputs.",
            SIZES,
        ),
        Misconception(
            "biases-for-the-pixels",
            lambda sizes: total(lambda n, h: n * h)(sizes) + sum(sizes),
            "You count biases for the inputs of the network too. They are numbers that come in, no "
            "neurons.",
            SIZES,
        ),
        Misconception(
            "last-layer-left-out",
            lambda sizes: solutions.parameter_count(sizes[:-1]),
            "The last layer is left out. Its neurons have weights and biases like all others.",
            SIZES,
        ),
        Misconception(
            "first-layer-left-out",
            lambda sizes: solutions.parameter_count(sizes[1:]),
            "The first layer is left out: its weights stand between the inputs and the first "
            "neurons. Here they are most of all.",
            SIZES,
        ),
        Misconception(
            "neurons-counted",
            lambda sizes: sum(sizes),
            "You add up the sizes. That counts inputs and neurons; weights stand between them.",
            SIZES,
        ),
    ),
)


# --- epoch-accuracy ------------------------------------------------------------------------------


class ToyNetwork:
    """Softmax regression whose steps are so long that an epoch changes many answers."""

    def __init__(self, weights):
        self.weights = weights

    def predict(self, x):
        """Return the logits, shape (m, K)."""
        return x @ self.weights

    def train_on_batch(self, x, y):
        """Take one step of gradient descent."""
        error = softmax(self.predict(x)) - np.eye(self.weights.shape[1])[y]
        self.weights = self.weights - 2 * x.T @ error / len(x)


def epochs(rng):
    fixed = [(np.random.default_rng(seed), 5, 3, 4) for seed in range(3)]
    return [epoch(*case) for case in (*fixed, (rng, 8, 3, 4), (rng, 10, 4, 3))]


def epoch(rng, batch_size, num_classes, num_batches):
    """Return a new network, and its batches, of which the last is smaller."""
    true, start = rng.normal(size=(2, 6, num_classes))
    sizes = [batch_size] * num_batches + [batch_size // 2]
    samples = [rng.normal(size=(size, 6)) for size in sizes]
    noise = [rng.normal(size=(size, num_classes)) for size in sizes]
    labels = [(x @ true + e).argmax(axis=1) for x, e in zip(samples, noise, strict=True)]
    return ToyNetwork(start), [*zip(samples, labels, strict=True)]


def hits(network, x, y):
    return network.predict(x).argmax(axis=1) == y


def hits_then_step(network, x, y):
    found = hits(network, x, y)
    network.train_on_batch(x, y)
    return found


def step_then_hits(network, x, y):
    network.train_on_batch(x, y)
    return hits(network, x, y)


def share(found):
    return np.concatenate(found).mean()


def mean_of_shares(found):
    return np.mean([batch.mean() for batch in found])


def moving(measured, average=share):
    return lambda network, batches: average([measured(network, *batch) for batch in batches])


def at_the_end(average, measured=slice(None)):
    def answer(network, batches):
        for batch in batches:
            network.train_on_batch(*batch)
        return average([hits(network, *batch) for batch in batches[measured]])

    return answer


EPOCH_ACCURACY = Exercise(
    name="epoch-accuracy",
    page="mnist-keras",
    solution=solutions.epoch_accuracy,
    returns=("accuracy",),
    cases=epochs,
    hints=(
        "Train first, measure afterwards: two loops over the batches.",
        "In the second loop count the right answers, network.predict(x).argmax(axis=1) == y.",
        "Divide all right answers by all samples. The last batch is smaller than the others.",
    ),
    misconceptions=(
        Misconception(
            "accuracy-on-a-moving-network",
            moving(hits_then_step),
            "You measure each batch before its step, so the first ones meet a worse network than "
            "the last. Finish the epoch, then measure all samples with the weights at its end.",
            MOVING,
        ),
        Misconception(
            "accuracy-on-a-moving-network-and-mean-of-batches",
            moving(hits_then_step, mean_of_shares),
            "You measure each batch before its step, on a network that still moves, and average "
            "over batches, of which the last is smaller. Finish the epoch, then divide all right "
            "answers by all samples.",
            MOVING,
        ),
        Misconception(
            "measured-after-each-step",
            moving(step_then_hits),
            "You measure each batch right after its step, when the network has seen it last and "
            "others not yet. Finish the epoch, then measure all samples with the weights at its "
            "end.",
            MOVING,
        ),
        Misconception(
            "measured-after-each-step-and-mean-of-batches",
            moving(step_then_hits, mean_of_shares),
            "You measure each batch right after its step, on a network that still moves, and "
            "average over batches, of which the last is smaller. Finish the epoch, then divide all "
            "right answers by all samples.",
            MOVING,
        ),
        Misconception(
            "mean-of-batch-accuracies",
            at_the_end(mean_of_shares),
            "You measure at the right time, but take the mean over the batches. The last one is "
            "smaller, so its samples count for more. Divide all right answers by all samples.",
            MOVING,
        ),
        Misconception(
            "last-batch-only",
            at_the_end(share, slice(-1, None)),
            "You measure the last batch alone. The training accuracy is that on all samples.",
            MOVING,
        ),
        Misconception(
            "measured-before-training",
            moving(hits),
            "This is the accuracy before the epoch. Call train_on_batch for each batch first.",
            MOVING,
        ),
    ),
)

EXERCISES = (PARAMETER_COUNT, EPOCH_ACCURACY)
