"""Train networks of 2 to 50 layers, plain and residual, from five seeds.

Usage, about three minutes on one core:

    python tools/depth_seeds.py

All see the first 10,000 training images for 5 epochs of Adam, in batches of 64, at two learning
rates. The rows go to code/nnbook/results/depth_seeds.csv.
"""

from itertools import product

import numpy as np
from result_table import PACKAGES, RESULTS, comment, write_table
from threadpoolctl import threadpool_limits

from nnbook import Adam, Dense, ReLU, Residual, Sequential, mlp
from nnbook.splits import load_split

HEADER = "network,depth,learning_rate,seed,train_accuracy,val_accuracy,val_loss"
NETWORKS = ("sigmoid", "tanh", "relu", "residual", "residual-he")
DEPTHS, RATES, SEEDS = (2, 6, 10, 20, 50), (3e-4, 1e-3), range(5)
WIDTH, IMAGES, EPOCHS, BATCH = 64, 10_000, 5, 64


def build(network, depth, seed):
    """Return a network with so many dense layers, as the chapter builds it."""
    if not network.startswith("residual"):
        return mlp([784, *[WIDTH] * (depth - 1), 10], network, rng=seed)
    last = "he_normal" if network.endswith("-he") else "zeros"
    layers = [Dense(784, WIDTH), ReLU()]
    for _ in range(depth // 2 - 1):
        layers.append(Residual([Dense(WIDTH, WIDTH), ReLU(), Dense(WIDTH, WIDTH, last)]))
    return Sequential([*layers, Dense(WIDTH, 10)], rng=seed)


def measure(network, train, validation, rate, seed):
    """Train a network and return its accuracies and its validation loss; nan if it diverges."""
    try:
        network.fit(*train, EPOCHS, BATCH, Adam(rate), rng=seed, verbose=0)
        loss, accuracy = network.evaluate(*validation)
        return network.evaluate(*train)[1], accuracy, loss
    except FloatingPointError:
        return np.nan, np.nan, np.nan


def main():
    (x, y), validation, _ = load_split()
    lines = [comment("python tools/depth_seeds.py", PACKAGES), HEADER]
    for name, depth, rate, seed in product(NETWORKS, DEPTHS, RATES, SEEDS):
        with threadpool_limits(limits=1, user_api="blas"):
            network = build(name, depth, seed)
            found = measure(network, (x[:IMAGES], y[:IMAGES]), validation, rate, seed)
        numbers = ",".join(f"{number:.4f}" for number in found)
        lines.append(f"{name},{depth},{rate:g},{seed},{numbers}")
        print(lines[-1], flush=True)
    write_table(RESULTS / "depth_seeds.csv", lines)


if __name__ == "__main__":
    main()
