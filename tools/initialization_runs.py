"""Train networks with 20 hidden layers from good and bad starts, and write their results.

Usage, about eight minutes on one core:

    python tools/initialization_runs.py

The networks have 64 neurons in each hidden layer and see the first 5,000 training images of MNIST
ten times, in batches of 64. First every start, with Adam at its default rate, in four variants;
then He's start with SGD at many rates; then some normalised networks with a rate of Adam's that
suits the size of their weights better. A run that diverges has no accuracies.
"""

from itertools import pairwise, product

from result_table import RESULTS, comment, write_table
from threadpoolctl import threadpool_limits

from nnbook import SGD, Adam, BatchNorm, Dense, LayerNorm, ReLU, Sequential, Tanh
from nnbook.initializers import constant_scale
from nnbook.splits import load_split

HEADER = (
    "start,activation,norm,optimizer,learning_rate,seed,train_accuracy,val_accuracy,test_accuracy"
)
STARTS = {
    **{n: n for n in ("he_normal", "glorot_normal", "lecun_normal", "pytorch_uniform")},
    **{f"std {s}": constant_scale(s) for s in (0.01, 0.1, 1)},
    "zeros": "zeros",
}
ACTIVATIONS = {"relu": ReLU, "tanh": Tanh}
NORMS = {"none": None, "batch": BatchNorm, "layer": LayerNorm}
OPTIMIZERS = {"adam": Adam, "sgd": SGD}
VARIANTS = [("relu", "none"), ("tanh", "none"), ("relu", "batch"), ("relu", "layer")]
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)
MOVED = [
    *(("he_normal", "batch", 0.003), ("std 1", "batch", 0.01)),
    *(("pytorch_uniform", "layer", 0.0003), ("std 0.01", "layer", 0.0001)),
    ("std 1", "layer", 0.01),
]
SEEDS = range(5)
DEPTH, WIDTH, IMAGES, EPOCHS, BATCH_SIZE = 20, 64, 5000, 10, 64


def build(start, activation, norm, seed):
    """Return a network of 20 hidden layers; PyTorch's start is one for the biases as well."""
    biases = start if start == "pytorch_uniform" else "zeros"
    layers = []
    for n, k in pairwise([784, *[WIDTH] * DEPTH]):
        layers.append(Dense(n, k, STARTS[start], biases))
        layers += [NORMS[norm]()] if norm != "none" else []
        layers.append(ACTIVATIONS[activation]())
    return Sequential([*layers, Dense(WIDTH, 10, STARTS[start], biases)], rng=seed)


def run(start, activation, norm, optimizer, rate, seed, data):
    """Return the accuracies on training, validation and test images; empty if it diverges."""
    (x, y), validation, test = data
    network = build(start, activation, norm, seed)
    few = x[:IMAGES], y[:IMAGES]
    try:
        network.fit(*few, EPOCHS, BATCH_SIZE, OPTIMIZERS[optimizer](rate), rng=seed, verbose=0)
        return tuple(f"{network.evaluate(*part)[1]:.4f}" for part in (few, validation, test))
    except FloatingPointError:
        return "", "", ""


def settings():
    """Yield what each run takes, apart from its seed."""
    for (activation, norm), start in product(VARIANTS, STARTS):
        yield start, activation, norm, "adam", 0.001
    for norm, rate in product(NORMS, RATES):
        yield "he_normal", "relu", norm, "sgd", rate
    for start, norm, rate in MOVED:
        yield start, "relu", norm, "adam", rate


def main():
    data = load_split()
    lines = [comment("python tools/initialization_runs.py"), HEADER]
    with threadpool_limits(limits=1, user_api="blas"):
        for setting, seed in product(settings(), SEEDS):
            row = ",".join(map(str, (*setting, seed, *run(*setting, seed, data))))
            print(row, flush=True)
            lines.append(row)
    write_table(RESULTS / "initialization.csv", lines)


if __name__ == "__main__":
    main()
