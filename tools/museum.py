"""Measure what each bug of the museum costs, and write the table into the package.

Usage, two or three minutes on one core:

    python tools/museum.py

Each measurement takes a seed and yields rows: exhibit, version, measure, value. The runs of
exhibit 10 as found cannot be repeated exactly: that is its bug.
"""

from functools import partial

import numpy as np
from result_table import RESULTS, comment, write_table
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from nnbook.datasets import load_mnist
from nnbook.frameworks.torch_mlp import nn, torch
from nnbook.gradient_check import gradient_check, numerical_gradient
from nnbook.museum import comparisons, names, probabilities, scalers, torch_loops, tutorial
from nnbook.preprocessing import flatten_images

HEADER = "exhibit,version,seed,measure,value"
SEEDS = range(5)
RATE = 0.05  # of exhibits 5, 6, 7, 9 and 10


def load_few(count=1000):
    """Return the first training images and all test images, in double precision."""
    (x, y), (x_test, y_test) = load_mnist()
    few = flatten_images(x[:count]).astype(np.float64), y[:count].astype(np.int64)
    return few, (flatten_images(x_test).astype(np.float64), y_test.astype(np.int64))


def as_tensors(x, y):
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)


# --- One function an exhibit ---------------------------------------------------------------------


def measure_tutorial(seed, few, test):
    for name, backward in tutorial.VERSIONS.items():
        W1, W2, losses = tutorial.train_tutorial(backward, few[0], np.eye(10)[few[1]], rng=seed)
        yield "tutorial", name, "test_accuracy", tutorial.tutorial_accuracy(W1, W2, *test)
        yield "tutorial", name, "first_loss", losses[0]
        yield "tutorial", name, "last_loss", losses[-1]
        worst, norm = tutorial_errors(backward, seed)
        yield "tutorial", name, "relative_error", worst
        yield "tutorial", name, "norm_error", norm


def tutorial_errors(backward, seed):
    """Return the worst entry's relative error on a small network, and that of all by norms."""
    rng = np.random.default_rng(seed)
    weights = {"W1": rng.normal(size=(6, 8)), "W2": rng.normal(size=(8, 3))}
    x, y, mask = rng.normal(size=6), np.eye(3)[0], rng.integers(2, size=8)
    gradients = dict(zip(weights, backward(**weights, x=x, y=y, mask=mask), strict=True))

    def loss(p):
        return tutorial.tutorial_loss(p["W1"], p["W2"], x, y, mask)

    numeric = numerical_gradient(loss, weights)
    got, wanted = (np.concatenate([g[n].ravel() for n in weights]) for g in (gradients, numeric))
    worst = gradient_check(loss, weights, gradients).relative_error
    return worst, np.linalg.norm(got - wanted) / np.linalg.norm(wanted)


def measure_names(seed, few, test):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(60, 4)), np.arange(60) % 3
    for version_, lab in (("as found", names.two_parts), ("mended", names.mended_two_parts)):
        try:
            lab(x, y, seed)
            finished = 1
        except AttributeError:
            finished = 0
        yield "names", version_, "finished", finished


def measure_splits(seed, few, test):
    contestant = partial(comparisons.small_perceptron, rng=seed)
    for version_, race in (("as found", comparisons.race), ("mended", comparisons.mended_race)):
        first, second, _ = race(contestant, contestant, *few, test)
        yield "splits", version_, "difference", first - second


def measure_epsilon(seed, few, test):
    for version_, gradient in (
        ("as found", probabilities.own_gradient),
        ("mended", probabilities.lab_gradient),
    ):
        W = probabilities.softmax_regression(gradient, *few, rng=seed)
        yield "epsilon", version_, "test_accuracy", np.mean((test[0] @ W).argmax(1) == test[1])


def train_torch(seed, epoch, build, optimizer, few, epochs):
    """Return a trained model."""
    with torch_loops.torch_seed(seed):
        model = build()
        loss = nn.functional.cross_entropy
        torch_loops.train_shuffled(
            epoch, model, loss, optimizer(model.parameters()), as_tensors(*few), epochs
        )
    return model


def measure_zero_grad(seed, few, test):
    sgd = partial(torch.optim.SGD, lr=RATE)
    for version_, epoch in (
        ("as found", torch_loops.take_steps),
        ("mended", torch_loops.mended_take_steps),
    ):
        model = train_torch(seed, epoch, torch_loops.mended_digit_classifier, sgd, few, 10)
        accuracy = torch_loops.mended_share_right(model, *as_tensors(*test))
        yield "zero-grad", version_, "test_accuracy", accuracy


def measure_softmax(seed, few, test):
    sgd = partial(torch.optim.SGD, lr=RATE)
    for version_, build in (
        ("as found", torch_loops.digit_classifier),
        ("mended", torch_loops.mended_digit_classifier),
    ):
        for epochs, name in ((10, "test_accuracy"), (100, "late_accuracy")):
            model = train_torch(seed, torch_loops.mended_take_steps, build, sgd, few, epochs)
            yield (
                "softmax",
                version_,
                name,
                torch_loops.mended_share_right(model, *as_tensors(*test)),
            )


def measure_mode(seed, few, test):
    epoch, build = torch_loops.mended_take_steps, torch_loops.dropout_classifier
    model = train_torch(seed, epoch, build, partial(torch.optim.SGD, lr=RATE), few, 10)
    with torch_loops.torch_seed(seed):
        found = torch_loops.share_right(model.train(), *as_tensors(*test))
    yield "mode", "as found", "test_accuracy", found
    mended = torch_loops.mended_share_right(model, *as_tensors(*test))
    yield "mode", "mended", "test_accuracy", mended


def measure_scaler(seed, few, test):
    x, y = load_breast_cancer(return_X_y=True)
    train, rest, y_train, y_rest = train_test_split(x, y, train_size=60, random_state=seed)
    for version_, prepare in (
        ("as found", scalers.prepare_sets),
        ("mended", scalers.mended_prepare_sets),
    ):
        scaled, scaled_rest = prepare(train, rest)
        model = LogisticRegression(max_iter=1000).fit(scaled, y_train)
        yield "scaler", version_, "test_accuracy", model.score(scaled_rest, y_rest)


def measure_selection(seed, few, test):
    rng = np.random.default_rng(seed)
    train, rest = rng.normal(size=(2, 100, 2000))
    y_train, y_rest = rng.integers(2, size=(2, 100))
    for version_, select in (
        ("as found", scalers.select_features),
        ("mended", scalers.mended_select_features),
    ):
        chosen, chosen_rest = select(train, y_train, rest, y_rest)
        model = LogisticRegression(max_iter=1000).fit(chosen, y_train)
        yield "selection", version_, "test_accuracy", model.score(chosen_rest, y_rest)


def measure_broadcast(seed, few, test):
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=seed)
    x, x_test = scalers.mended_prepare_sets(x, x_test)
    data = as_tensors(x, ((y - y.mean()) / y.std()).astype(np.float32))
    for version_, loss in (
        ("as found", torch_loops.mean_of_squares),
        ("mended", torch_loops.mended_mean_of_squares),
    ):
        with torch_loops.torch_seed(seed):
            model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
            optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
            torch_loops.train_shuffled(
                torch_loops.mended_take_steps, model, loss, optimizer, data, 30
            )
        with torch.no_grad():
            outputs = model(torch.from_numpy(x_test.astype(np.float32))).squeeze(1).numpy()
        yield "broadcast", version_, "r2", r2_score((y_test - y.mean()) / y.std(), outputs)


def measure_shuffle(seed, few, test):
    for version_, duel in (("as found", comparisons.duel), ("mended", comparisons.mended_duel)):
        scores = duel([RATE] * 4, few, test, seed)
        yield "shuffle", version_, "range", np.ptp(scores)


MEASURES = (
    *(measure_tutorial, measure_names, measure_splits, measure_epsilon, measure_zero_grad),
    *(measure_softmax, measure_mode, measure_scaler, measure_selection, measure_broadcast),
    measure_shuffle,
)


def main():
    torch.set_num_threads(1)
    data = load_few()
    lines = [comment("python tools/museum.py", ("numpy", "torch", "scikit-learn")), HEADER]
    for measure in MEASURES:
        for seed in SEEDS:
            for exhibit, version, name, value in measure(seed, *data):
                lines.append(f"{exhibit},{version},{seed},{name},{value:.6g}")
                print(lines[-1], flush=True)
    write_table(RESULTS / "museum.csv", lines)


if __name__ == "__main__":
    main()
