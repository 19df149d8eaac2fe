"""Time what each trick of the engine is worth, side by side with the same work done without it.

Usage, about a minute on two cores:

    python benchmarks/tricks.py [--quick]

Writes the table of tricks of "How fast is it?".
"""

import time
from itertools import cycle, pairwise

import numpy as np
from common import THREADS, quartiles, read_arguments, write_table
from threadpoolctl import ThreadpoolController

from nnbook import Adam, load_mnist, mlp, optimizers
from nnbook.preprocessing import flatten_images

BLAS = ThreadpoolController().select(user_api="blas").lib_controllers
SIZES, BATCH = (784, 128, 64, 10), 128
ROUNDS, MANY = 300, 4_000_000
COLUMNS = ("trick", "without_us", "with_us", "gain", "first_quartile", "third_quartile")


# --- The optimizer -------------------------------------------------------------------------------


def vectors(n=None):
    """Return parameters and a gradient of the network's size, or of size n."""
    n = n or mlp(SIZES).parameters.size
    rng = np.random.default_rng(0)
    return [rng.standard_normal(n, dtype=np.float32) for _ in range(2)]


def step(p, g, block=optimizers.BLOCK):
    """Return a function that takes a step of Adam, block by block."""
    adam = Adam()

    def take():
        optimizers.BLOCK = block
        adam.step(p, g)

    return take


def steps_per_array(p, g):
    """Return a function that takes a step with an Adam for each weight matrix and bias."""
    ends = np.cumsum([size for n, k in pairwise(SIZES) for size in (n * k, k)])
    steps = [
        step(a.copy(), b.copy())
        for a, b in zip(np.split(p, ends[:-1]), np.split(g, ends[:-1]), strict=True)
    ]
    return lambda: [take() for take in steps]


def step_with_temporaries(p, g):
    """Return a function that takes a step of Adam as the formulas are printed."""
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0

    def take():
        nonlocal p, m, v, t
        t += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        p = p - 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return take


def steps_after_training(x, y):
    """Return two steps: with the moments that training left, and without the denormal ones."""
    model, adam = mlp(SIZES, rng=0), Adam()
    model.fit(x, y, epochs=4, optimizer=adam, verbose=0)
    moments = {name: slot.copy() for name, slot in adam.state.items()}
    for slot in moments.values():
        slot[np.abs(slot) < np.finfo(slot.dtype).tiny] = 0

    def take(state):
        own = Adam()
        own.iterations, own.state = adam.iterations, {n: s.copy() for n, s in state.items()}
        p, g = model.parameters.copy(), model.gradients.copy()
        return lambda: own.step(p, g)

    return take(adam.state), take(moments)


# --- The passes ----------------------------------------------------------------------------------


def training_step(x, y, dtype="float32", input_gradient=False, threads=THREADS):
    """Return a function that computes the gradients of a batch and takes a step."""
    model, adam = mlp(SIZES, rng=0, dtype=dtype), Adam()
    model.layers[0].needs_input_gradient = input_gradient
    x, y = x[:BATCH].astype(dtype), y[:BATCH]

    def take():
        use_threads(threads)
        model.compute_gradients(x, y)
        adam.step(model.parameters, model.gradients)

    return take


def use_threads(count):
    for library in BLAS:
        library.set_num_threads(count)


def tricks(x, y):
    """Return for every trick a function without it and one with it."""
    rng = np.random.default_rng(0)
    orders = cycle(rng.permutation(len(x))[: len(x) // BATCH * BATCH].reshape(-1, BATCH))
    dy = rng.standard_normal((BATCH, 128), dtype=np.float32)
    batch, dW = x[:BATCH], np.empty((784, 128), np.float32)

    def product_then_copy():
        dW[...] = batch.T @ dy

    own, many = vectors(), vectors(MANY)
    return {
        "Adam in place": (step_with_temporaries(*own), step(*own)),
        "Adam on one vector": (steps_per_array(*own), step(*own)),
        "Adam in blocks": (step(*own, own[0].size), step(*own)),
        "Adam in blocks at 4M": (step(*many, MANY), step(*many)),
        "Adam without denormals": steps_after_training(x, y),
        "no gradient of the input": (training_step(x, y, input_gradient=True), training_step(x, y)),
        "float32": (training_step(x, y, "float64"), training_step(x, y)),
        "a second thread": (training_step(x, y, threads=1), training_step(x, y)),
        "np.take": (lambda: x[next(orders)], lambda: np.take(x, next(orders), axis=0)),
        "product written in place": (
            product_then_copy,
            lambda: np.matmul(batch.T, dy, out=dW),
        ),
    }


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    quick = read_arguments(__doc__).quick
    (images, y), _ = load_mnist()
    m = 2_560 if quick else len(y)
    use_threads(THREADS)
    rows = []
    for name, pair in tricks(flatten_images(images[:m]), y[:m]).items():
        rounds = 3 if quick else 20 if "4M" in name else ROUNDS
        times = np.array([[seconds(function) for function in pair] for _ in range(rounds)]).T
        without, with_it = np.median(times, axis=1) * 1e6
        rows.append((name, without, with_it, *quartiles(times[0] / times[1])))
    write_table("tricks", COLUMNS, rows, quick)


if __name__ == "__main__":
    main()
