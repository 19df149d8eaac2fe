"""The checked exercise on dealing mini-batches in :doc:`/mnist-pytorch`."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import mnist_pytorch as solutions

STEP = "mnist-pytorch#what-happens-in-one-step"


def samples(rng):
    # So many that no right order keeps each batch to its samples by chance.
    fixed = np.arange(60.0).reshape(30, 2), np.arange(30) % 10, 12, np.random.default_rng(0)
    sizes = [(40, 16), (45, 15), (53, 24)]
    return [fixed, *((*random_samples(rng, m), size, rng.spawn(1)[0]) for m, size in sizes)]


def random_samples(rng, m):
    return rng.normal(size=(m, 3)), rng.permutation(m) % 10


def read_batches(answer):
    """Return the batches' sizes, their samples and their labels, each in one piece."""
    wanted = "expected a list of pairs (x, y) of arrays, one pair a batch"
    try:
        pairs = [(np.asarray(x, float), np.asarray(y, float)) for x, y in answer]
        x, y = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    except (TypeError, ValueError):
        raise TypeError(f"its answer cannot be read: {wanted}") from None
    sizes = [len(x) for x, _ in pairs]
    if sizes != [len(y) for _, y in pairs]:
        raise ValueError("the x and y of a batch differ in length")
    return sizes, x, y


def what_was_dealt(case, sizes, dealt_x, dealt_y):
    """Return what holds for every right answer, whatever the order: sizes, then shares."""
    x, y, _, _ = case
    equal = (dealt_x[:, None] == x).all(axis=2)
    index = equal.argmax(axis=1)
    ends = np.cumsum(sizes).astype(int)[:-1]
    blocks = zip(np.split(index, ends), np.split(np.arange(len(index)), ends), strict=True)
    return {f"the size of batch {i}": size for i, size in enumerate(sizes, 1)} | {
        "the share of dealt rows that are rows of x": equal.any(axis=1).mean(),
        "the share of the samples that are dealt": len({*index}) / len(x),
        "the share of samples with their own label": np.mean(dealt_y == y[index]),
        "the share of x in its old order": float(np.array_equal(dealt_x, x[: len(dealt_x)])),
        "the share of y in its old order": float(np.array_equal(dealt_y, y[: len(dealt_y)])),
        "the share of x in its old order, backwards,": float(np.array_equal(dealt_x[::-1], x)),
        "the share of batches that hold neighbours only": float(
            all({*dealt} == {*block} for dealt, block in blocks)
        ),
    }


def cut(x, y, batch_size):
    starts = range(0, len(x), batch_size)
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in starts]


def full_batches(x, y, batch_size, rng):
    batches = solutions.minibatches(x, y, batch_size, rng)
    return [batch for batch in batches if len(batch[0]) == batch_size]


def with_replacement(x, y, batch_size, rng):
    indices = rng.integers(len(x), size=len(x))
    return cut(x[indices], y[indices], batch_size)


def dealt(x_first, y_first):
    """Return an answer that shuffles x or y or both, each with an order of its own."""

    def answer(x, y, batch_size, rng):
        x = rng.permutation(x) if x_first else x
        return cut(x, rng.permutation(y) if y_first else y, batch_size)

    return answer


def shuffled_within(x, y, batch_size, rng):
    orders = [rng.permutation(len(batch)) for batch, _ in cut(x, y, batch_size)]
    pairs = zip(cut(x, y, batch_size), orders, strict=True)
    return [(batch[order], labels[order]) for (batch, labels), order in pairs]


def number_of_batches(x, y, batch_size, rng):
    order = rng.permutation(len(x))
    parts = np.array_split(order, batch_size)
    return [(x[part], y[part]) for part in parts]


MINIBATCHES = Exercise(
    name="minibatches",
    page="mnist-pytorch",
    solution=solutions.minibatches,
    returns=("the list of batch sizes", "x", "y"),
    cases=samples,
    hints=(
        "Shuffle indices, not arrays: one order serves x and y.",
        "order = rng.permutation(len(x)) holds each index once. Cut it into pieces.",
        "range(0, len(x), batch_size) gives the starts. A slice that runs over the end stops "
        "there, so the last batch needs no special case.",
    ),
    misconceptions=(
        Misconception(
            "last-batch-dropped",
            full_batches,
            "Where the samples do not divide evenly, the last, smaller batch is missing. An epoch "
            "meets every sample once.",
            STEP,
        ),
        Misconception(
            "not-shuffled",
            lambda x, y, batch_size, rng: cut(x, y, batch_size),
            "The samples come in their old order. Deal them in a new one, drawn from rng.",
            STEP,
        ),
        Misconception(
            "shuffled-within-each-batch",
            shuffled_within,
            "You shuffle inside each batch, so the same samples meet in a batch in every epoch. "
            "Shuffle all samples first, then cut.",
            STEP,
        ),
        Misconception(
            "reversed",
            lambda x, y, batch_size, rng: cut(x[::-1], y[::-1], batch_size),
            "The samples come backwards, in every epoch alike. Draw an order from rng.",
            STEP,
        ),
        Misconception(
            "shuffled-apart",
            dealt(True, True),
            "x and y are shuffled apart, so samples carry the labels of others. Draw one order and "
            "use it for both.",
            STEP,
        ),
        Misconception(
            "only-x-shuffled",
            dealt(True, False),
            "x is shuffled and y is not, so samples carry the labels of others. Use the same order "
            "for both.",
            STEP,
        ),
        Misconception(
            "with-replacement",
            with_replacement,
            "Some samples come twice and others never: you draw with replacement. A permutation "
            "holds each index once.",
            STEP,
        ),
        Misconception(
            "batch-size-as-number-of-batches",
            number_of_batches,
            "You make batch_size batches. It says how many samples a batch holds.",
            STEP,
        ),
    ),
    measure=what_was_dealt,
    read=read_batches,
)
