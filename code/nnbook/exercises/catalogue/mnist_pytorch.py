"""The checked exercises of :doc:`/mnist-pytorch`."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import mnist_pytorch as solutions

NETWORK = "mnist-pytorch#define-the-network"
STEP = "mnist-pytorch#what-happens-in-one-step"
STABLE = "activations#it-ignores-a-shift"
SMALLEST = np.finfo(np.float64).tiny


# --- cross-entropy-from-logits -------------------------------------------------------------------


def logits_and_labels(rng):
    """Return logits and labels; the second and third pair are far beyond what exp can hold."""
    shapes = [(4, 3), (5, 5), (8, 10)]
    return [
        (np.array([[2.0, 1.0, -1.0], [0.5, 0.0, 0.3]]), np.array([1, 0])),
        (np.array([[1000.0, -1000.0, 0.0], [-1000.0, 0.0, 1000.0]]), np.array([1, 2])),
        # Rows of unlike size, with no small probability in either.
        (np.array([[1000.0, 999.0, 998.0], [-1000.0, -1001.0, -999.0]]), np.array([1, 0])),
        *((3 * rng.normal(size=s), rng.integers(s[1], size=s[0])) for s in shapes),
    ]


def log_softmax(logits, axis=1):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def of_labels(log_p, y):
    return log_p[np.arange(len(y)), y]


def unshifted(logits, y):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.mean(np.log(of_labels(p, y)))


def one_hot(logits, y):
    return np.eye(logits.shape[1])[y]


def shifted_by_the_largest(logits, y):
    shifted = logits - logits.max()
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - of_labels(shifted, y))


CROSS_ENTROPY = Exercise(
    name="cross-entropy-from-logits",
    page="mnist-pytorch",
    solution=solutions.cross_entropy_from_logits,
    returns=("loss",),
    cases=logits_and_labels,
    hints=(
        "For one sample the loss is minus the logarithm of the true class's probability. Write "
        "it with logits and simplify before you compute.",
        "-log(exp(z_y) / sum(exp(z))) = log(sum(exp(z))) - z_y. No probability is needed.",
        "Subtract each row's maximum first: the loss does not change, and exp cannot overflow.",
    ),
    misconceptions=(
        Misconception(
            "softmax-twice",
            lambda logits, y: -np.mean(of_labels(log_softmax(softmax(logits)), y)),
            "The softmax is applied twice. However sure the network is, such a loss stays far "
            "above 0. Take the logits as they are.",
            NETWORK,
        ),
        Misconception(
            "overflow",
            unshifted,
            "Right for small logits, but exp(1000) overflows, and inf / inf is nan. Subtract each "
            "row's maximum first.",
            STABLE,
        ),
        Misconception(
            "log-of-zero",
            lambda logits, y: -np.mean(np.log(of_labels(softmax(logits), y))),
            "Your softmax is stable, but a small probability underflows to 0, and its logarithm "
            "is -inf. Simplify log(exp(z)) to z before you compute.",
            STABLE,
        ),
        Misconception(
            "overflow-in-the-sum",
            lambda logits, y: np.mean(np.log(np.exp(logits).sum(axis=1)) - of_labels(logits, y)),
            "Right for small logits, but exp(1000) in your sum overflows, and -1000 in all entries "
            "of a row makes the sum 0. Subtract each row's maximum first, and add it afterwards.",
            STABLE,
        ),
        Misconception(
            "shifted-by-the-largest-of-all",
            shifted_by_the_largest,
            "You subtract the largest of all logits. The exponentials of a row far below it "
            "underflow to zeros, and log(0) is -inf. Take each row's own maximum: axis=1.",
            STABLE,
        ),
        Misconception(
            "zero-times-infinity",
            lambda logits, y: -np.mean((one_hot(logits, y) * np.log(softmax(logits))).sum(axis=1)),
            "A small probability underflows to 0, its logarithm is -inf, and times a 0 of the "
            "one-hot label that is nan. Simplify log(exp(z)) to z before you compute.",
            STABLE,
        ),
        Misconception(
            "clipped-before-the-log",
            lambda logits, y: -np.mean(np.log(np.maximum(of_labels(softmax(logits), y), SMALLEST))),
            "You raise small probabilities to the smallest normal float, so no answer costs more "
            "than 708.4. Simplify log(exp(z)) to z: from the logits the loss needs no such bound.",
            STABLE,
        ),
        Misconception(
            "columns-of-all-rows",
            lambda logits, y: -np.mean(log_softmax(logits)[:, y]),
            "log_p[:, y] takes the columns y of every row, m times m numbers. Each row has one "
            "label: log_p[np.arange(m), y].",
            NETWORK,
        ),
        Misconception(
            "epsilon-in-the-log",
            lambda logits, y: -np.mean(np.log(of_labels(softmax(logits), y) + 1e-8)),
            "This is the loss of p + 1e-8. It never exceeds 18.4, however wrong the network is, "
            "and is flat there. From the logits no epsilon is needed.",
            "network-from-scratch#the-loss",
        ),
        Misconception(
            "sum-over-the-samples",
            lambda logits, y: -np.sum(of_labels(log_softmax(logits), y)),
            "You take the sum over the samples. The loss is their mean, or it grows with the "
            "batch.",
            NETWORK,
        ),
        Misconception(
            "mean-over-the-classes-too",
            lambda logits, y: -np.sum(of_labels(log_softmax(logits), y)) / logits.size,
            "You divide by the number of all entries. Only the true class of a sample counts, so "
            "divide by the number of samples.",
            NETWORK,
        ),
        Misconception(
            "sign-flipped",
            lambda logits, y: np.mean(of_labels(log_softmax(logits), y)),
            "The sign is flipped: logarithms of probabilities are negative, and a loss is minus "
            "them.",
            NETWORK,
        ),
        Misconception(
            "softmax-over-the-samples",
            lambda logits, y: -np.mean(of_labels(log_softmax(logits, axis=0), y)),
            "Your softmax runs over the samples. They stand in rows here, so the classes lie "
            "along axis=1.",
            NETWORK,
        ),
        Misconception(
            "all-classes-as-true",
            lambda logits, y: -np.mean(log_softmax(logits).sum(axis=1)),
            "You add up the logarithms of all classes. Pick that of the label: "
            "log_p[np.arange(m), y].",
            NETWORK,
        ),
    ),
)


# --- training-step -------------------------------------------------------------------------------


def training_runs(rng):
    """Return linear models with their optimizers; the second batch comes back several times."""
    fixed = training_run(np.random.default_rng(0), 4, 3, 0.5)
    return [fixed, *(training_run(rng, *size) for size in [(6, 3, 0.5), (5, 4, 0.2)])]


def training_run(rng, m, num_classes, learning_rate):
    # The module's ImportError says what to install.
    from nnbook.frameworks.torch_mlp import nn, torch

    model = nn.utils.skip_init(nn.Linear, 3, num_classes, dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=tuple(parameter.shape))))
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    samples = rng.normal(size=(2, m, 3)), rng.integers(num_classes, size=(2, m))
    first, second = zip(*map(torch.from_numpy, samples), strict=True)
    return model, nn.functional.cross_entropy, optimizer, [first, *[second] * 4]


def steps(order, logits=lambda model, x: model(x), late=False):
    """Return a loop with its steps in some order: b for backward, s for step, z for zero_grad."""

    def answer(model, loss_function, optimizer, batches):
        losses = []
        for x, y in batches:
            loss = loss_function(logits(model, x), y)
            do = {"b": loss.backward, "s": optimizer.step, "z": optimizer.zero_grad}
            for step in order:
                do[step]()
            losses.append(loss_function(model(x), y).item() if late else loss.item())
        return losses

    return answer


def plain_numbers(losses):
    """Refuse tensors that still hang on their graph; no other answer is changed."""
    if isinstance(losses, list | tuple) and any(hasattr(e, "requires_grad") for e in losses):
        raise TypeError("its losses are tensors, expected plain numbers: loss.item()")
    return losses


TRAINING_STEP = Exercise(
    name="training-step",
    page="mnist-pytorch",
    solution=solutions.training_step,
    returns=("losses",),
    cases=training_runs,
    read=plain_numbers,
    hints=(
        "Four things happen for each batch: forward to the loss, forget the last gradient, "
        "backward, step.",
        "loss = loss_function(model(x), y), and loss.item() is its value as a plain number.",
        "The order of the others: optimizer.zero_grad(), loss.backward(), optimizer.step().",
    ),
    misconceptions=(
        Misconception(
            "gradients-never-cleared",
            steps("bs"),
            "The gradients are never cleared, or only before the loop. backward adds to .grad, so "
            "each step follows the sum of all gradients so far. Call zero_grad for each batch.",
            STEP,
        ),
        Misconception(
            "weights-never-move",
            steps("bzs"),
            "The weights do not move in your loop. Either the gradient is cleared between backward "
            "and step, or one of the two is missing or stands behind the loop.",
            STEP,
        ),
        Misconception(
            "one-step-late",
            steps("szb"),
            "step comes before backward, so each step uses the gradient of the batch before. First "
            "backward, then step.",
            STEP,
        ),
        Misconception(
            "softmax-before-the-loss",
            steps("zbs", logits=lambda model, x: model(x).softmax(dim=1)),
            "A softmax stands before the loss. cross_entropy takes logits and applies a softmax "
            "itself; with two of them the gradients are small and the loss cannot reach 0.",
            NETWORK,
        ),
        Misconception(
            "loss-after-the-step",
            steps("zbs", late=True),
            "These are the losses after the steps, which takes a second forward pass. Return those "
            "that the gradients were computed from.",
            STEP,
        ),
    ),
)


# --- minibatches ---------------------------------------------------------------------------------


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

EXERCISES = (CROSS_ENTROPY, TRAINING_STEP, MINIBATCHES)
