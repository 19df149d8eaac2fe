"""Time an epoch on MNIST in each library, side by side, and write the table of "How fast is it?".

Usage, about ten minutes on two cores, with 8 GB of memory:

    python benchmarks/epoch.py [--quick]

Every contender is a process of its own. One epoch of one contender runs at a time, and each round
has another order, so what slows the machine down slows all of them. Ratios are medians over the
rounds. `--quick` shows that everything runs, and keeps the table as it is.
"""

import random
import sys
import time
from importlib import import_module
from tempfile import TemporaryDirectory

import numpy as np
from common import answer, processes, quartiles, read_arguments, wait, write_table
from contenders import CONTENDERS, Task

from nnbook import load_mnist
from nnbook.preprocessing import flatten_images

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None

SEEDS, EPOCHS, SAMPLES = 5, 10, 60_000
QUICK = 1, 2, 2_560
COLUMNS = (
    "contender",
    "seconds",
    "first_quartile",
    "third_quartile",
    "to_nnbook",
    "to_floor",
    "accuracy",
    "accuracy_spread",
    "peak_mib",
    "warm_up",
)


# --- A contender, in its own process -------------------------------------------------------------


def compete(name, seeds, epochs, samples):
    """Train from every seed, an epoch at each call; tell times, accuracies and memory."""
    contender = CONTENDERS[name]
    import_module(contender.module)
    (images, y), (images_test, y_test) = load_mnist()
    images, y = images[:samples], y[:samples]
    # Both arrays stay, so that the peak of the memory so far is what is in use.
    x = images.copy() if contender.images else as_rows(images)
    before = peak_mib()
    answer()
    wait()
    start = time.perf_counter()
    contender.train(x[:1000], y[:1000], Task(), lambda: None)
    answer(time.perf_counter() - start)
    clock = Clock()
    for seed in range(seeds):
        clock.start()
        model = contender.train(x, y, Task(epochs=epochs, seed=seed), clock)
        if seed == 0:
            memory = peak_mib() - before
        x_test = images_test if contender.images else flatten_images(images_test)
        answer(accuracy(contender.predict(model, x_test), y_test), memory)


def as_rows(images):
    """Do as ``flatten_images``, without its second large array on the way."""
    x = np.empty((len(images), 784), np.float32)
    return np.divide(images.reshape(len(images), -1), np.float32(255), out=x)


class Clock:
    """Tells the time of an epoch when it has ended, and waits to be called up for the next."""

    def start(self):
        wait()
        self.started = time.perf_counter()

    def __call__(self):
        answer(time.perf_counter() - self.started)
        self.start()


def accuracy(predicted, y):
    """Return the accuracy of labels, or of scores; the floor has neither."""
    if predicted is None:
        return float("nan")
    return np.mean((predicted.argmax(axis=1) if predicted.ndim == 2 else predicted) == y)


def peak_mib():
    """Return the largest memory that this process has used so far."""
    if resource is None:
        return float("nan")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


# --- All of them ---------------------------------------------------------------------------------


def run(contenders, seeds, epochs):
    """Return warm-up and seconds of every epoch, and accuracies and memory of every seed."""
    warm_up = {name: process.ask()[0] for name, process in contenders.items()}
    seconds, ends = ({name: [] for name in contenders} for _ in range(2))
    shuffle = random.Random(0).sample
    for seed in range(seeds):
        for epoch in range(epochs):
            print(f"seed {seed}, epoch {epoch}", file=sys.stderr)
            for name in shuffle([*contenders], len(contenders)):
                time.sleep(0.1)  # threads of the one before may still be spinning
                seconds[name] += contenders[name].ask()
        for name, process in contenders.items():
            ends[name].append(process.ask())
    return warm_up, seconds, ends


def summarize(name, warm_up, seconds, ends):
    """Return a row of the table."""
    if name not in seconds:
        return [CONTENDERS[name].label, *[float("nan")] * (len(COLUMNS) - 1)]
    ratios = (np.divide(seconds[name], seconds[base]) for base in ("nnbook", "floor"))
    accuracies, memory = zip(*ends[name], strict=True)
    return [
        CONTENDERS[name].label,
        *quartiles(seconds[name]),
        *map(np.median, ratios),
        f"{np.mean(accuracies):.4f}",
        f"{np.std(accuracies, ddof=1 if len(accuracies) > 1 else 0):.4f}",
        f"{memory[0]:.0f}",
        warm_up[name],
    ]


def main():
    arguments = read_arguments(__doc__, CONTENDERS)
    seeds, epochs, samples = QUICK if arguments.quick else (SEEDS, EPOCHS, SAMPLES)
    if arguments.name:
        compete(arguments.name, seeds, epochs, samples)
        return
    names = []
    for name, contender in CONTENDERS.items():
        if obstacle := contender.obstacle():
            print(f"{contender.label} does not run: {obstacle}", file=sys.stderr)
        else:
            names.append(name)
    with TemporaryDirectory() as cache:  # an empty one, or compiling would cost nothing
        compiled = {"TORCHINDUCTOR_CACHE_DIR": cache}
        environments = {name: CONTENDERS[name].environment | compiled for name in names}
        with processes(names, environments) as contenders:
            found = run(contenders, seeds, epochs)
    write_table("epoch", COLUMNS, [summarize(name, *found) for name in CONTENDERS], arguments.quick)


if __name__ == "__main__":
    main()
