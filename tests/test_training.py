"""Training: what a fit does to the letter, what it leaves as it was, what it measures and needs."""

import copy
import pickle
import re
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import (
    SGD,
    Adam,
    AdamW,
    CosineDecay,
    Dense,
    Flatten,
    Rescaling,
    RMSProp,
    Sequential,
    mlp,
)
from nnbook.callbacks import Callback
from nnbook.layers import Layer
from nnbook.schedules import written

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)


def make_network(dtype="float32", seed=0):
    """Return a network with all that has a state: weights, running averages, random masks."""
    return mlp([4, 8, 2], dropout=0.3, batch_norm=True, rng=seed, dtype=dtype)


def state(network, optimizer=None):
    """Everything that training changes, as a copy."""
    kept = [network.get_weights(), network.rng.bit_generator.state]
    return copy.deepcopy(kept + ([vars(optimizer)] if optimizer else []))


def assert_same(network, optimizer, before):
    for now, then in zip(state(network, optimizer), before, strict=True):
        np.testing.assert_equal(now, then)
    assert all(layer.rng is network.rng for layer in network.layers)


# --- The loop ------------------------------------------------------------------------------------


class Recorder(Layer):
    """Remember the batches that pass in training."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def forward(self, x, training=False):
        if training:
            self.batches.append(x[:, 0].astype(int).tolist())
        return x

    def backward(self, dy):
        return dy


@pytest.mark.parametrize(("m", "batch_size"), [(10, 5), (10, 4), (10, 1), (10, 10), (3, 128)])
def test_every_epoch_takes_every_sample_once_in_the_order_of_rng(m, batch_size):
    recorder, order = Recorder(), np.random.default_rng(5)
    network = Sequential([recorder, Dense(1, 2)], rng=0)
    x, y = np.arange(m)[:, None], np.zeros(m, int)
    network.fit(x, y, 3, batch_size, SGD(1e-6), validation_data=(x + m, y), rng=5, verbose=0)
    orders = [order.permutation(m).tolist() for _ in range(3)]
    starts = range(0, m, batch_size)
    assert recorder.batches == [o[i : i + batch_size] for o in orders for i in starts]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fit_is_the_loop_that_one_writes_by_hand(dtype):
    network, by_hand = make_network(dtype), make_network(dtype)
    history = network.fit(X, Y, 3, 16, AdamW(0.01, 0.1), rng=7, verbose=0).history

    adamw, order, losses = AdamW(0.01, 0.1), np.random.default_rng(7), []
    by_hand.set_rng(order)
    for _ in range(3):
        shuffled, total = order.permutation(len(X)), 0
        for batch in np.split(shuffled, [16, 32, 48]):
            total += len(batch) * by_hand.compute_gradients(X[batch], Y[batch])
            adamw.step(by_hand.parameters, by_hand.gradients, 4 * 8 + 8 * 2)
        losses.append(total / len(X))
    assert_same(network, None, state(by_hand))
    assert_allclose(history["loss"], losses, rtol=1e-15)


def test_history_is_that_of_keras_and_its_means_are_weighted():
    network = Sequential([Dense(4, 2)], rng=0)
    before = network.evaluate(X, Y)
    history = network.fit(X, Y, 2, 16, SGD(1e-12), (X[:9], Y[:9]), verbose=0)
    assert {name: len(values) for name, values in history.history.items()} == {
        "loss": 2,
        "accuracy": 2,
        "val_loss": 2,
        "val_accuracy": 2,
    }
    assert history.epoch == [1, 2]
    assert all(type(v) is float for values in history.history.values() for v in values)
    # At this learning rate nothing moves: the means over batches of 16, 16, 16, 2 are those of all.
    for name, value in zip(("loss", "accuracy"), before, strict=True):
        assert_allclose(history.history[name], value, rtol=1e-6)


class Measure(Callback):
    """Evaluate the network at the end of every epoch, as a user would."""

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, trainer, epoch, logs):
        self.seen.append(trainer.network.evaluate(X[:9], Y[:9]))


def test_validation_figures_are_those_of_evaluate_and_cost_no_randomness():
    network, without, measure = make_network(), make_network(), Measure()
    logs = network.fit(X, Y, 4, 16, Adam(0.01), (X[:9], Y[:9]), [measure], verbose=0).history
    without.fit(X, Y, 4, 16, Adam(0.01), verbose=0)
    assert [*zip(logs["val_loss"], logs["val_accuracy"], strict=True)] == measure.seen
    assert_same(network, None, state(without))


OPTIMIZERS = [
    SGD(0.5),
    SGD(0.1, momentum=0.9),
    SGD(0.1, momentum=0.9, nesterov=True, global_clipnorm=1.0),
    RMSProp(0.01),
    Adam(0.03),
    Adam(CosineDecay(0.03, 300), convention="keras"),
    AdamW(0.03, weight_decay=1e-4),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_every_optimizer_overfits_one_batch(optimizer):
    network = mlp([4, 32, 3], rng=0)
    labels = np.random.default_rng(2).integers(0, 3, 12)  # noise: only memory gets them right
    network.fit(X[:12], labels, 300, 12, optimizer, verbose=0)
    loss, accuracy = network.evaluate(X[:12], labels)
    assert accuracy == 1
    assert loss < 0.02


@pytest.mark.parametrize("given", ["fit", "network"])
def test_the_seed_decides_everything(given):
    def train(seed):
        network = make_network(seed=seed if given == "network" else 0)
        passed = seed if given == "fit" else None
        history = network.fit(X, Y, 3, 16, Adam(0.01), (X, Y), rng=passed, verbose=0)
        return network.parameters, history.history

    (p, history), (again, same), (other, different) = train(1), train(1), train(2)
    assert_array_equal(p, again)
    assert history == same
    assert (p != other).any()
    assert history != different
    assert_array_equal(train(np.random.default_rng(1))[0], p)


def test_a_second_fit_with_the_same_optimizer_goes_on():
    network, whole, adam = make_network(), make_network(), Adam(CosineDecay(0.03, 20))
    whole.fit(X, Y, 5, 16, Adam(CosineDecay(0.03, 20)), verbose=0)
    network.fit(X, Y, 2, 16, adam, verbose=0)
    assert adam.iterations == 2 * 4
    network.fit(X, Y, 3, 16, adam, verbose=0)
    assert_same(network, None, state(whole))


# --- Kinds of data, losses and copies ------------------------------------------------------------


def test_regression_learns_the_plane():
    network = Sequential([Dense(4, 1)], "mean_squared_error", rng=0, dtype="float64")
    target = X @ [1.0, -2.0, 3.0, 0.5] + 4
    logs = network.fit(X, target, 60, 10, SGD(0.1), (X, target), verbose=0).history
    assert {*logs} == {"loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"}
    assert logs["val_mean_absolute_error"][-1] < 1e-6
    assert_allclose(network.predict(X), target, atol=1e-5)
    assert_allclose(network.parameters, [1, -2, 3, 0.5, 4], atol=1e-6)


@pytest.mark.parametrize("several", [False, True])
def test_binary_cross_entropy_learns_yes_and_no(several):
    target = (X[:, :2] > 0).astype(int) if several else Y
    network = mlp([4, 16, 2 if several else 1], loss="binary_cross_entropy", rng=0)
    logs = network.fit(X, target, 60, 10, Adam(0.02), verbose=0).history
    assert logs["accuracy"][-1] > 0.95 > logs["accuracy"][0]
    assert_array_equal(network.predict(X), network.predict_proba(X).reshape(target.shape) > 0.5)


@pytest.mark.parametrize("kind", ["float64", "float16", "uint8", "int64", "bool", "list", ">f4"])
def test_samples_of_every_kind_train_alike(kind):
    whole = (X > 0) * 2.0 if kind != "bool" else X > 0
    reference, network = mlp([4, 8, 2], rng=0), mlp([4, 8, 2], rng=0)
    reference.fit(whole.astype("float32"), Y, 2, 16, verbose=0)
    x = whole.tolist() if kind == "list" else whole.astype(kind)
    network.fit(x, Y.tolist() if kind == "list" else Y.astype("uint8"), 2, 16, verbose=0)
    assert_array_equal(network.parameters, reference.parameters)


def peak_of(function):
    """Return the most bytes that were in use at once above those before the call."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("kind", "m"), [("uint8", 25_000), ("memory-mapped", 8_000)])
def test_the_data_set_is_never_copied_whole(tmp_path, kind, m):
    images = np.random.default_rng(0).integers(0, 255, (m, 28, 28), dtype="uint8")
    labels = np.zeros(m, int)
    if kind == "memory-mapped":
        np.save(tmp_path / "images.npy", images.astype("float32"))
        images = np.load(tmp_path / "images.npy", mmap_mode="r")
    network = Sequential([Rescaling(1 / 255), Flatten(), Dense(784, 10)], rng=0)

    def use():
        network.fit(images, labels, 1, 100, SGD(0.01), (images, labels), verbose=0)
        network.evaluate(images, labels)
        network.predict(images)

    assert peak_of(use) < 0.75 * images.nbytes  # some copies of 1,000 samples, and not m
    assert peak_of(lambda: network.check_input(images)) < 0.01 * images.nbytes


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_of_a_network_learns_as_the_network_does(duplicate):
    network = make_network()
    twin = duplicate(network)
    for each in (network, twin):
        each.fit(X, Y, 2, 16, Adam(0.01), verbose=0)
    assert_same(twin, None, state(network))


@pytest.mark.parametrize("method", [SGD, Adam])
def test_a_learning_rate_from_an_array_is_the_number(method):
    rate = np.geomspace(1e-3, 0.1, 4)[1]
    network, other = make_network(), make_network()
    network.fit(X, Y, 2, 16, method(rate), verbose=0)
    other.fit(X, Y, 2, 16, method(float(rate)), verbose=0)
    assert_array_equal(network.parameters, other.parameters)
    assert repr(method(rate)) == repr(method(float(rate)))


# --- The progress bar ----------------------------------------------------------------------------


def test_verbose_shows_a_bar_on_stderr_and_silence_is_silent(capsys):
    make_network().fit(X, Y, 2, 16, verbose=0)
    assert capsys.readouterr() == ("", "")
    make_network().fit(X, Y, 2, 16)
    out, err = capsys.readouterr()
    assert out == ""
    assert "8/8" in err
    assert re.search(r"loss \d\.\d{4}", err)


# --- Divergence ----------------------------------------------------------------------------------

HUGE = X * np.float32(1e30)
DIVERGING = {
    "rate": (SGD(1e30), X, None),
    "schedule": (SGD(lambda step: 0.1 if step < 8 else 1e30), X, None),
    "momentum": (SGD(1e20, momentum=0.9), X, None),
    "data": (SGD(1e10), HUGE, None),
    "adam": (Adam(1e38), X, None),
    "validation": (SGD(0.1), X, (HUGE * np.float32(1e8), Y)),
}


@pytest.mark.parametrize("case", DIVERGING)
def test_divergence_says_when_and_leaves_network_and_optimizer_as_before(case):
    optimizer, x, validation = DIVERGING[case]
    network = mlp([4, 8, 8, 2], dropout=0.3, batch_norm=case == "rate", rng=0)
    if case == "validation":
        network.layers[0].parameters["W"] *= 100
    if not callable(optimizer.learning_rate):
        rate, optimizer.learning_rate = optimizer.learning_rate, 0.001
        network.fit(X, Y, 2, 16, optimizer, verbose=0)  # so that there is a state to lose
        optimizer.learning_rate = rate
    before = state(network, optimizer)
    for seed in (None, 3):
        with pytest.raises(FloatingPointError) as caught:
            network.fit(x, Y, 9, 16, optimizer, validation, rng=seed, verbose=0)
        found = re.search(r"diverged in epoch (\d+) with learning_rate (\S+);", str(caught.value))
        assert found[2] == written(optimizer.learning_rate)
        assert int(found[1]) == 3 or case != "schedule"
        assert_same(network, optimizer, before)
    if validation is None and case != "data":  # and it learns again
        optimizer.learning_rate = 0.001
        network.fit(X, Y, 2, 16, optimizer, verbose=0)


def test_a_last_step_that_overflows_is_a_divergence_too():
    network, sgd = Sequential([Dense(4, 2)], rng=0), SGD(3e38)
    before = state(network, sgd)
    with pytest.raises(FloatingPointError, match="diverged in epoch 1 with learning_rate 3e\\+38;"):
        network.fit(100 * X, Y, 1, len(X), sgd, verbose=0)
    assert_same(network, sgd, before)


# --- Refusals ------------------------------------------------------------------------------------

REFUSALS = [
    ({"x": X[:, :3]}, ValueError, "layers[0], Dense(4, 8) expects 4 features"),
    ({"x": X[0]}, ValueError, "x has shape (4,), expected (samples, features)"),
    ({"x": X[:0]}, ValueError, "x has shape (0, 4), expected"),
    ({"x": np.where(X > 2, np.nan, X)}, ValueError, "x contains nan at index ("),
    ({"x": X.astype(complex)}, TypeError, "x has dtype complex128, expected real"),
    ({"y": Y[:9]}, ValueError, "y has 9 targets, expected 50 (the samples of x)"),
    ({"y": Y + 1}, ValueError, "y contains the label 2, expected 0 to 1"),
    ({"y": Y * 1.0}, TypeError, "y has dtype float64, expected integer labels"),
    ({"y": np.eye(2)[Y]}, ValueError, "y has shape (50, 2), expected 1 dimension"),
    ({"epochs": 0}, ValueError, "epochs is 0, expected at least 1"),
    ({"epochs": 1.0}, TypeError, "epochs is 1.0, expected an integer"),
    ({"batch_size": 0}, ValueError, "batch_size is 0, expected at least 1"),
    ({"batch_size": "8"}, TypeError, "batch_size is '8', expected an integer"),
    ({"optimizer": "adam"}, TypeError, "optimizer is 'adam', expected one of"),
    ({"optimizer": Adam}, TypeError, "optimizer is <class"),
    ({"validation_data": X}, TypeError, "validation_data is no pair (x, y)"),
    ({"validation_data": (X,)}, TypeError, "validation_data is no pair (x, y)"),
    ({"validation_data": (X, Y[:3])}, ValueError, "validation_data: y has 3 targets"),
    ({"validation_data": (X[:, :1], Y)}, ValueError, "validation_data: layers[0], Dense(4, 8)"),
    ({"rng": -1}, ValueError, "non-negative"),
    ({"rng": "seed"}, TypeError, "seed"),
    ({"optimizer": Adam(lambda step: -step)}, ValueError, "the learning rate of step 1 is -1, ex"),
    ({"optimizer": Adam(lambda step: None)}, TypeError, "the learning rate of step 0 is None"),
    ({"resume": "missing.safetensors"}, FileNotFoundError, "there is no file missing.safetensors"),
    ({"resume": "missing.safetensors", "rng": 3}, ValueError, "rng is given with resume"),
]


@pytest.mark.parametrize(("changed", "error", "message"), REFUSALS)
def test_a_refused_fit_says_why_and_changes_nothing(changed, error, message):
    network = make_network()
    network.fit(X, Y, 1, 16, verbose=0)
    before = state(network)
    with pytest.raises(error, match=re.escape(message)):
        network.fit(**{"x": X, "y": Y, "batch_size": 16, "verbose": 0} | changed)
    assert_same(network, None, before)


def test_an_optimizer_of_another_network_is_refused():
    adam, other = Adam(), mlp([4, 3, 2], rng=0)
    make_network().fit(X, Y, 1, 16, adam, verbose=0)
    iterations, before = adam.iterations, state(other)
    with pytest.raises(ValueError, match="this Adam has worked on .* take a new one"):
        other.fit(X, Y, 1, 16, adam, verbose=0)
    assert adam.iterations == iterations
    assert_same(other, None, before)


def test_only_callbacks_are_taken_as_callbacks():
    for bad in (Callback, None, "checkpoint"):
        with pytest.raises(TypeError, match="callbacks holds .*, expected a Callback"):
            make_network().fit(X, Y, callbacks=[bad], verbose=0)


def test_a_callback_that_stops_at_a_diverged_loss_does_not_hide_it():
    class Stop(Callback):
        def on_batch_end(self, trainer, loss):
            trainer.stop = not np.isfinite(loss)

    network = make_network()
    before = state(network)
    with pytest.raises(FloatingPointError, match="diverged"):
        network.fit(X, Y, 50, 16, SGD(1e30), callbacks=[Stop()], verbose=0)
    assert_same(network, None, before)
