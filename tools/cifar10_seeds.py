"""Train softmax regression and a network on CIFAR-10 from five seeds; write the package's table.

Usage, about ten minutes on two cores:

    python tools/cifar10_seeds.py

The images are downloaded if they are not in the cache; `--data FILE` reads an .npz file with the
arrays x_train, y_train, x_test and y_test instead. Split, batch size, optimizer and epochs are
those of the chapters on MNIST.
"""

from pathlib import Path

import numpy as np
from result_table import RESULTS, comment, read_arguments, write_table
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from nnbook import mlp
from nnbook.datasets import load_cifar10

HEADER = "model,seed,parameters,train_accuracy,val_accuracy,test_accuracy,test_loss"
MODELS = {"softmax": [3072, 10], "mlp": [3072, 128, 64, 10]}
SEEDS = range(5)


def read_npz(path):
    """Return what load_cifar10 returns, from an .npz file."""
    with np.load(path) as data:
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])


def standardise(images, mean, std):
    """Return images as rows of float32, with given mean and deviation of each channel taken out."""
    return ((images - mean) / std).astype(np.float32).reshape(len(images), -1)


def prepare(pairs):
    """Hold back a tenth for validation, and standardise by the channels of the rest."""
    (images, labels), (images_test, y_test) = pairs
    x_train, x_val, y_train, y_val = train_test_split(
        images, labels, test_size=len(images) // 10, stratify=labels, random_state=0
    )
    scale = x_train.mean(axis=(0, 1, 2)), x_train.std(axis=(0, 1, 2))
    sets = [(x_train, y_train), (x_val, y_val), (images_test, y_test)]
    return [(standardise(x, *scale), y) for x, y in sets]


def run(sizes, seed, train, validation, test):
    """Train once and return the cells of the row that the numbers fill."""
    network = mlp(sizes, rng=seed)
    network.fit(*train, epochs=10, batch_size=128, rng=seed, verbose=0)
    loss, accuracy = network.evaluate(*test)
    accuracies = network.evaluate(*train)[1], network.evaluate(*validation)[1], accuracy
    return [network.parameters.size, *(f"{value:.4f}" for value in (*accuracies, loss))]


def main():
    option = {"type": Path, "metavar": "FILE", "help": "the images, as .npz"}
    path = read_arguments(__doc__, ("--data", option)).data
    data = prepare(read_npz(path) if path else load_cifar10())
    command = "python tools/cifar10_seeds.py" + (" --data FILE" if path else "")
    lines = [comment(command), HEADER]
    for name, sizes in MODELS.items():
        for seed in SEEDS:
            with threadpool_limits(limits=1, user_api="blas"):
                cells = run(sizes, seed, *data)
            lines.append(",".join(map(str, [name, seed, *cells])))
            print(lines[-1], flush=True)
    write_table(RESULTS / "cifar10_seeds.csv", lines)


if __name__ == "__main__":
    main()
