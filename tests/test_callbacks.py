"""Callbacks: when training stops, what it goes back to, and what it leaves alone."""

import copy
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal, assert_equal

from nnbook import (
    SGD,
    Adam,
    BatchNorm,
    CosineDecay,
    Dense,
    EarlyStopping,
    LearningRateRangeTest,
    ModelCheckpoint,
    Sequential,
    mlp,
)
from nnbook.callbacks import Callback

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
NOISE = np.random.default_rng(2).integers(0, 2, 50)  # validation labels that nothing can learn


def make_network(seed=0):
    return mlp([4, 8, 2], dropout=0.3, batch_norm=True, rng=seed)


def state(network, optimizer):
    """Everything that training changes, as a copy."""
    return copy.deepcopy([network.get_weights(), network.rng.bit_generator.state, vars(optimizer)])


class Script(Callback):
    """Give the callbacks after it the figures of a script, and keep the weights of every epoch."""

    def __init__(self, **figures):
        self.figures, self.weights = figures, []

    def on_epoch_end(self, trainer, epoch, logs):
        logs.update({name: values[epoch - 1] for name, values in self.figures.items()})
        self.weights.append(trainer.network.get_weights())


def fit(network, *callbacks, epochs=10, **options):
    options = {"optimizer": Adam(0.01), "verbose": 0, "rng": 3} | options
    return network.fit(X, Y, epochs, 16, callbacks=callbacks, **options)


# --- The events ----------------------------------------------------------------------------------


def test_the_events_come_in_order():
    events = []

    class Log(Callback):
        def on_train_begin(self, trainer):
            events.append("begin")

        def on_batch_end(self, trainer, loss):
            events.append(round(loss, 9))

        def on_epoch_end(self, trainer, epoch, logs):
            assert logs.keys() == trainer.history.history.keys()
            mean = np.dot(events[-4:], [16, 16, 16, 2]) / 50
            assert_allclose(logs["loss"], mean, rtol=1e-8)
            events.append(f"epoch {epoch}")

        def on_train_end(self, trainer):
            events.append("end")

    fit(make_network(), Log(), epochs=2)
    assert [e for e in events if isinstance(e, str)] == ["begin", "epoch 1", "epoch 2", "end"]
    assert [events.index(name) for name in ("epoch 1", "epoch 2", "end")] == [5, 10, 11]


def test_stop_in_the_middle_of_an_epoch_leaves_it_out_of_the_history():
    class StopAfter(Callback):
        steps = 0

        def on_batch_end(self, trainer, loss):
            self.steps += 1
            trainer.stop = self.steps == 6

    adam = Adam()
    history = fit(make_network(), StopAfter(), optimizer=adam)
    assert (len(history.history["loss"]), adam.iterations) == (1, 6)


# --- EarlyStopping -------------------------------------------------------------------------------

STOPS = [  # monitored figures, options, epochs run, best epoch
    ([5, 4, 3, 3, 3, 3, 2], {"patience": 2}, 5, 3),
    ([5, 4, 3, 3, 3, 3, 2], {"patience": 3}, 6, 3),
    ([5, 4, 3, 3, 3, 3, 2], {"patience": 4}, 7, 7),
    ([5, 6, 4, 6, 3, 6, 2], {"patience": 2}, 7, 7),
    ([5, 6, 4, 6, 3, 6, 2], {"patience": 1}, 2, 1),
    ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4], {"patience": 3, "min_delta": 0.25}, 7, 7),
    ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4], {"patience": 2, "min_delta": 0.25}, 3, 1),
    ([5, 4.75, 4.5, 4.5, 4.5, 4.5, 4.5], {"patience": 2, "min_delta": 0.25}, 5, 3),
    ([0.5, 0.6, 0.7, 0.6, 0.7, 0.6, 0.8], {"patience": 2, "monitor": "val_accuracy"}, 5, 3),
    ([0.5, 0.4, 0.7, 0.6, 0.7, 0.7, 0.8], {"patience": 2, "monitor": "accuracy"}, 5, 3),
    ([9, 8, 7, 8, 8, 8, 8], {"patience": 2, "monitor": "val_mean_absolute_error"}, 5, 3),
]


@pytest.mark.parametrize("restore", [True, False])
@pytest.mark.parametrize(("figures", "options", "epochs", "best"), STOPS)
def test_early_stopping(figures, options, epochs, best, restore):
    script = Script(**{options.get("monitor", "val_loss"): figures})
    stopping = EarlyStopping(**options, restore_best_weights=restore)
    network = make_network()
    history = fit(network, script, stopping, epochs=7)
    assert len(history.history["loss"]) == epochs
    assert stopping.best_epoch == best
    kept = script.weights[(best if restore else epochs) - 1]
    assert_equal(network.get_weights(), kept)
    assert {"1.mean", "1.variance"} < kept.keys()  # batch norm's running averages too


def test_early_stopping_goes_by_the_validation_data():
    stopping, network = EarlyStopping(patience=3), make_network()
    history = fit(network, stopping, epochs=200, validation_data=(X, NOISE)).history["val_loss"]
    assert len(history) == stopping.best_epoch + 3 < 200
    assert np.argmin(history) + 1 == stopping.best_epoch
    assert network.evaluate(X, NOISE)[0] == min(history)


def test_the_same_early_stopping_starts_anew_with_every_fit():
    stopping = EarlyStopping(patience=1)
    fit(make_network(), Script(val_loss=[1, 2, 3]), stopping, epochs=3)
    network, script = make_network(4), Script(val_loss=[9, 8, 9])
    fit(network, script, stopping, epochs=3)
    assert stopping.best_epoch == 2
    assert_equal(network.get_weights(), script.weights[1])


@pytest.mark.parametrize("monitor", ["val_loss", "acc", "", None])
def test_a_figure_that_is_not_measured_is_refused_and_the_network_left_alone(monitor):
    network, adam = make_network(), Adam()
    before = state(network, adam)
    message = re.escape(f"monitor is {monitor!r}, expected one of loss, accuracy")
    with pytest.raises(ValueError, match=message):
        fit(network, EarlyStopping(monitor), optimizer=adam)
    assert_equal(state(network, adam), before)


def test_a_figure_that_overflows_is_a_divergence():
    network = Sequential([Dense(4, 1)], "mean_squared_error", rng=0)
    far = (X * np.float32(1e25), Y * 1.0)  # finite outputs, squares beyond float32
    with pytest.raises(FloatingPointError, match="the loss diverged in epoch 1"):
        fit(network, EarlyStopping(patience=2), validation_data=far, epochs=5)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"patience": 0}, ValueError),
        ({"patience": 1.5}, TypeError),
        ({"min_delta": -0.1}, ValueError),
        ({"min_delta": None}, TypeError),
    ],
)
def test_early_stopping_refuses(options, error):
    ((name, value),) = options.items()
    with pytest.raises(error, match=f"{name} is {value}, expected "):
        EarlyStopping(**options)


# --- ModelCheckpoint -----------------------------------------------------------------------------


def test_the_checkpoint_of_every_epoch_carries_its_number(tmp_path):
    network, script = make_network(), Script()
    fit(network, ModelCheckpoint(tmp_path / "{epoch}-of-3.safetensors"), script, epochs=3)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"{epoch}-of-3.safetensors" for epoch in (1, 2, 3)
    ]
    for epoch, weights in enumerate(script.weights, start=1):
        loaded = Sequential.load(tmp_path / f"{epoch}-of-3.safetensors")
        assert_equal(loaded.get_weights(), weights)


def test_without_a_number_every_epoch_replaces_the_last(tmp_path):
    network, path = make_network(), str(tmp_path / "last.safetensors")
    fit(network, ModelCheckpoint(path), epochs=3)
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]
    assert_equal(Sequential.load(path).get_weights(), network.get_weights())


def test_a_checkpoint_changes_nothing_in_the_training(tmp_path):
    network, without = make_network(), make_network()
    fit(network, ModelCheckpoint(tmp_path / "a"))
    fit(without)
    assert_array_equal(network.parameters, without.parameters)


def test_a_folder_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder .*missing does not exist"):
        fit(make_network(), ModelCheckpoint(tmp_path / "missing" / "a"))


# --- LearningRateRangeTest -----------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.01, CosineDecay(0.01, 100)])
@pytest.mark.parametrize("top", [1.0, 1e38])
def test_the_range_test_leaves_network_optimizer_and_randomness_as_they_were(rate, top):
    network, adam = make_network(), Adam(rate)
    fit(network, optimizer=adam, epochs=2)
    before = state(network, adam)
    rates = LearningRateRangeTest(1e-4, top, steps=60)
    fit(network, rates, optimizer=adam, rng=None, epochs=99, validation_data=(X, Y))
    assert_equal(state(network, adam), before)
    assert all(layer.rng is network.rng for layer in network.layers)
    assert adam.learning_rate is rate
    assert len(rates.losses) > 5


def test_the_range_test_raises_the_rate_by_one_factor_and_takes_steps_with_it():
    network, by_hand = (Sequential([Dense(4, 2)], rng=0) for _ in "ab")
    rates = LearningRateRangeTest(1e-3, 1e-1, steps=20)
    order = np.random.default_rng(3)
    fit(network, rates, optimizer=SGD(), epochs=5)  # of four batches
    assert_allclose(rates.learning_rates, np.geomspace(1e-3, 1e-1, 20))
    assert len(rates.losses) == 20
    batches = [b for _ in range(5) for b in np.split(order.permutation(50), [16, 32, 48])]
    for rate, loss, batch in zip(rates.learning_rates, rates.losses, batches, strict=True):
        assert by_hand.compute_gradients(X[batch], Y[batch]) == loss
        SGD(rate).step(by_hand.parameters, by_hand.gradients)


@pytest.mark.parametrize("top", [1e6, 1e38])
def test_the_range_test_stops_once_the_loss_blows_up(top):
    rates = LearningRateRangeTest(1e-3, top, steps=500)
    fit(mlp([4, 8, 2], rng=0), rates, optimizer=SGD(), epochs=999)
    assert len(rates.losses) < 500
    assert not rates.losses[-1] < 4 * min(rates.losses)
    assert all(now < 4 * min(rates.losses[: i + 1]) for i, now in enumerate(rates.losses[:-1]))


def test_the_range_test_can_be_used_again():
    network, rates, runs = make_network(), LearningRateRangeTest(steps=20), []
    for _ in range(2):
        fit(network, rates, epochs=99, rng=None)
        runs.append((rates.learning_rates, rates.losses))
    assert runs[0] == runs[1]


def test_a_training_too_short_for_the_range_test_is_told_and_undone():
    network, adam = make_network(), Adam()
    before = state(network, adam)
    with pytest.raises(ValueError, match="steps is 21, but training ended after 20 batches"):
        fit(network, LearningRateRangeTest(steps=21), optimizer=adam, epochs=5)
    assert_equal(state(network, adam), before)


def test_the_range_test_leaves_the_network_beside_early_stopping_too():
    network, adam = make_network(), Adam()
    before = state(network, adam)
    stopping = EarlyStopping("loss", patience=99)
    fit(network, LearningRateRangeTest(steps=20), stopping, optimizer=adam, rng=None)
    assert_equal(state(network, adam), before)


class Interrupt(Callback):
    """Press Ctrl-C at the end of the third epoch."""

    def on_epoch_end(self, trainer, epoch, logs):
        if epoch == 3:
            raise KeyboardInterrupt


def test_an_interrupted_range_test_leaves_the_learning_rate():
    adam = Adam(0.01)
    with pytest.raises(KeyboardInterrupt):
        fit(make_network(), LearningRateRangeTest(), Interrupt(), optimizer=adam)
    assert adam.learning_rate == 0.01


def test_early_stopping_goes_back_to_the_best_weights_when_interrupted():
    network, script = make_network(), Script(val_loss=[2, 1, 3])
    with pytest.raises(KeyboardInterrupt):
        fit(network, script, EarlyStopping(), Interrupt())
    assert_equal(network.get_weights(), script.weights[1])


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"min_learning_rate": 0}, ValueError, "learning_rate is 0"),
        ({"max_learning_rate": np.inf}, ValueError, "learning_rate is inf"),
        ({"max_learning_rate": "1"}, TypeError, "learning_rate is '1'"),
        ({"steps": 1}, ValueError, "steps is 1"),
        ({"steps": 2.0}, TypeError, "steps is 2.0"),
    ],
)
def test_the_range_test_refuses(options, error, name):
    with pytest.raises(error, match=f"{name}, expected"):
        LearningRateRangeTest(**options)


def test_callbacks_of_several_kinds_work_together(tmp_path):
    network, stopping = make_network(), EarlyStopping(patience=3)
    batch_norm = next(layer for layer in network.layers if isinstance(layer, BatchNorm))
    callbacks = (ModelCheckpoint(tmp_path / "a"), stopping)  # the checkpoint is written last
    history = fit(network, *callbacks, epochs=200, validation_data=(X, NOISE))
    last = Sequential.load(tmp_path / "a")
    assert len(history.epoch) == stopping.best_epoch + 3
    assert (last.get_weights()["1.mean"] != batch_norm.buffers["mean"]).any()  # of the last epoch


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (None, TypeError, "path is None, expected the path of a file"),
        ("nowhere/{epoch}", FileNotFoundError, "the folder .*nowhere does not exist"),
        (".", ValueError, "exists and is no file"),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_refused_before_training(path, error, message):
    with pytest.raises(error, match=message):
        ModelCheckpoint(path)
