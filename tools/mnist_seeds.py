"""Train the MNIST chapters' models from five seeds and write their results into the package.

Usage, about ten minutes on two cores:

    python tools/mnist_seeds.py

Each framework trains in a process of its own, `--framework keras` and `--framework torch`, which
prints its rows. Split, batch size, optimizer and epochs are those of the chapters.
"""

from result_table import RESULTS, main_of_frameworks

from nnbook.splits import load_split

HEADER = "framework,model,seed,test_accuracy,test_loss,val_accuracy"
SEEDS = range(5)


def run_keras(model_name, seed, train, validation, test):
    """Return test accuracy, test loss and the last validation accuracy."""
    from nnbook.frameworks.keras_mlp import build_mlp, fit

    sizes = (784, 10) if model_name == "softmax" else (784, 128, 64, 10)
    model = build_mlp(sizes, rng=seed)
    history = fit(model, train, validation, rng=seed)
    loss, accuracy = model.evaluate(*test, batch_size=1000, verbose=0)
    return accuracy, loss, history["val_accuracy"][-1]


def run_torch(model_name, seed, train, validation, test):
    """Return test accuracy, test loss and the last validation accuracy."""
    import torch

    from nnbook.frameworks.torch_mlp import MNISTNet, evaluate, fit

    torch.set_num_threads(1)  # as in the chapter: two threads that wait for each other are slower
    if model_name == "softmax":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = torch.nn.Linear(784, 10)
    else:
        model = MNISTNet(rng=seed)
    history = fit(model, train, validation, rng=seed)
    loss, accuracy = evaluate(model, *test)
    return accuracy, loss, history["val_accuracy"][-1]


def print_rows(framework):
    """Train every model of one framework from every seed and print a row for each."""
    run = {"keras": run_keras, "torch": run_torch}[framework]
    data = load_split()
    for model_name in ("softmax", "mlp"):
        for seed in SEEDS:
            accuracy, loss, val_accuracy = run(model_name, seed, *data)
            row = f"{framework},{model_name},{seed},{accuracy:.4f},{loss:.4f},{val_accuracy:.4f}"
            print(row, flush=True)


if __name__ == "__main__":
    main_of_frameworks(__doc__, __file__, RESULTS / "mnist_seeds.csv", HEADER, print_rows)
