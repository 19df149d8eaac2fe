"""Train the MLP and the small CNN from five seeds, with the pixels in order and permuted.

Usage, about eight minutes on one core:

    python tools/cnn_seeds.py

Each framework trains in a process of its own, `--framework keras` and `--framework torch`, which
prints its rows. All see the first 10,000 training images for 5 epochs, otherwise as in the MNIST
chapters. The rows go to code/nnbook/results/cnn_seeds.csv.
"""

from time import process_time

import numpy as np
from result_table import RESULTS, main_of_frameworks

from nnbook.splits import load_split

HEADER = "framework,model,pixels,seed,train_accuracy,val_accuracy,val_loss,test_accuracy,seconds"
SEEDS, IMAGES, EPOCHS = range(5), 10_000, 5


def with_keras():
    """Return what builds each model, what trains it, and what measures its accuracy."""
    from nnbook.frameworks.keras_cnn import build_cnn
    from nnbook.frameworks.keras_mlp import build_mlp, fit

    def accuracy(model, x, y):
        return model.evaluate(x, y, batch_size=1000, verbose=0)[1]

    return {"mlp": lambda rng: build_mlp(rng=rng), "cnn": build_cnn}, fit, accuracy


def with_torch():
    """Return what builds each model, what trains it, and what measures its accuracy."""
    import torch

    from nnbook.frameworks.torch_cnn import SmallCNN
    from nnbook.frameworks.torch_mlp import MNISTNet, evaluate, fit

    torch.set_num_threads(1)  # as in the chapter
    return {"mlp": MNISTNet, "cnn": SmallCNN}, fit, lambda *given: evaluate(*given)[1]


def print_rows(framework):
    """Train every model of one framework from every seed and print a row for each."""
    builders, fit, accuracy = {"keras": with_keras, "torch": with_torch}[framework]()
    (x, y), *others = load_split()
    parts = [(x[:IMAGES], y[:IMAGES]), *others]
    orders = {"ordered": np.arange(784), "permuted": np.random.default_rng(0).permutation(784)}
    for model_name, build in builders.items():
        for pixels, order in orders.items():
            train, validation, test = [(np.ascontiguousarray(x[:, order]), y) for x, y in parts]
            for seed in SEEDS:
                model, started = build(rng=seed), process_time()
                history = fit(model, train, validation, epochs=EPOCHS, rng=seed)
                seconds = process_time() - started
                last = [history[key][-1] for key in ("accuracy", "val_accuracy", "val_loss")]
                numbers = [*last, accuracy(model, *test)]
                row = [framework, model_name, pixels, seed, *(f"{n:.4f}" for n in numbers)]
                print(*row, f"{seconds:.1f}", sep=",", flush=True)


if __name__ == "__main__":
    main_of_frameworks(__doc__, __file__, RESULTS / "cnn_seeds.csv", HEADER, print_rows)
