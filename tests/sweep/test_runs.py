"""One run: what it measures, that it can be repeated, and what it refuses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnbook import mlp
from nnbook.losses import softmax_cross_entropy
from nnbook.schedules import CosineDecay, OneCycle
from nnbook.splits import load_split
from nnbook.sweep.runs import RESULTS, measure_first_layer, roughness, run
from nnbook.sweep.settings import SCHEDULES, SETTINGS, SettingError, complete
from nnbook.sweep.trainings import (
    MAKE_RATE,
    evaluate,
    make_network,
    make_optimizer,
    points,
)

SMALL = {"data": "digits", "hidden": [16], "batch_size": 32, "epochs": 3}


def without_seconds(results):
    return {name: value for name, value in results.items() if name != "seconds"}


# --- Settings ------------------------------------------------------------------------------------


def test_the_defaults_are_those_of_the_chapters():
    settings = complete({})
    assert [*settings] == [*SETTINGS]
    assert (settings["hidden"], settings["epochs"], settings["steps"]) == ([128, 64], 10, None)
    assert (settings["optimizer"], settings["learning_rate"]) == ("adam", 1e-3)
    assert complete(settings) == settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"optimizer": "sgd", "momentum": 0.9, "l2": 1e-3}, {"momentum": 0.9, "l2": 1e-3}),
        ({"optimizer": "rmsprop", "l2": 1e-3}, {"l2": 1e-3}),
        ({"optimizer": "adam", "learning_rate": 1}, {"learning_rate": 1.0, "l2": 0}),
        ({"optimizer": "adamw", "weight_decay": 0.1}, {"weight_decay": 0.1}),
        ({"optimizer": "adamw"}, {"weight_decay": 0}),
        ({"momentum": 0.9, "nesterov": True, "optimizer": "sgd"}, {"nesterov": True}),
        ({"schedule": "cosine"}, {"learning_rate": CosineDecay(1e-3, 10)}),
        ({"schedule": "one_cycle", "learning_rate": 0.1}, {"learning_rate": OneCycle(0.1, 10)}),
    ],
)
def test_an_optimizer_gets_its_settings(given, expected):
    config = make_optimizer(complete(given), steps=10).config()
    assert {name: config[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimiser": "sgd"}, "'optimiser' is no setting, expected one of framework"),
        ({"train_images": 0}, "train_images is 0, expected at least 1"),
        ({"initializer": "he"}, "initializer is 'he', expected one of he_normal"),
        ({"l2": 0.1, "optimizer": "adamw"}, "l2 is 0.1, expected 0 with adamw"),
        ({"framework": "torch", "activation": "tanh"}, "activation is 'tanh', expected 'relu'"),
        ({"optimizer": "sgd", "nesterov": True}, "nesterov is True and momentum 0, expected"),
        ({"nesterov": True, "momentum": 0.9}, "momentum is 0.9, expected 0 with adam"),
        ({"batch_norm": 1}, "batch_norm is 1, expected true or false"),
        ({"framework": "torch", "batch_norm": True}, "batch_norm is True, expected False with"),
        ({"framework": "keras", "steps": 5}, "steps is 5, expected None with keras"),
    ],
)
def test_settings_that_do_not_fit_are_refused(given, message):
    with pytest.raises(SettingError, match=message):
        run(given)


def test_a_network_gets_its_layers_and_its_loss():
    network = make_network(complete({"hidden": [9], "batch_norm": True, "dropout": 0.1}), 64)
    assert [type(layer).__name__ for layer in network.layers] == [
        *("Dense", "BatchNorm", "ReLU", "Dropout", "Dense"),
    ]
    network = make_network(complete({"hidden": [], "shift": 1, "label_smoothing": 0.1}), 64)
    assert str(network.layers) == "[RandomShift(pixels=1, image_shape=(8, 8)), Dense(64, 10)]"
    assert network.loss.label_smoothing == 0.1


def test_every_schedule_can_be_made():
    assert {*MAKE_RATE} == {*SCHEDULES}


def test_patience_ends_a_training_and_takes_back_the_best_weights():
    wanted = SMALL | {"epochs": 40, "learning_rate": 0.03, "patience": 2}
    stopped, whole = run(wanted), run(wanted | {"patience": None})
    assert stopped["steps_taken"] < whole["steps_taken"]
    assert stopped["val_loss"] < whole["val_loss"]
    assert stopped["val_loss"] <= min(stopped["val_loss_by_epoch"])


def test_losses_are_measured_without_the_smoothing_of_the_labels():
    settings = complete(SMALL | {"label_smoothing": 0.3})
    results = run(settings)
    train, _, test = load_split("digits")
    network = make_network(settings, 64)
    network.fit(*train, epochs=3, batch_size=32, rng=0, verbose=0)
    assert_allclose(evaluate(network, *test), [results["test_loss"], results["test_accuracy"]])
    logits = network.forward(test[0])
    assert_allclose(results["test_loss"], softmax_cross_entropy(logits, test[1]), rtol=1e-5)
    assert network.evaluate(*test)[0] > results["test_loss"]
    assert results["val_loss_by_epoch"][-1] == results["val_loss"]


def test_more_images_than_there_are_are_refused():
    with pytest.raises(ValueError, match="train_images is 2000, expected at most 1295"):
        run({"data": "digits", "train_images": 2000})


# --- Results -------------------------------------------------------------------------------------


def test_a_run_is_the_training_that_its_settings_say():
    results = run(SMALL | {"seed": 3, "l2": 0.01, "dropout": 0.2})
    train, validation, test = load_split("digits")
    network = mlp([64, 16, 10], dropout=0.2, rng=3)
    start = network.get_weights()
    history = network.fit(
        *train,
        epochs=3,
        batch_size=32,
        optimizer=make_optimizer(complete({"l2": 0.01}), steps=10),
        validation_data=validation,
        rng=3,
        verbose=0,
    ).history
    weights = network.get_weights()
    assert [*results] == [*RESULTS]
    assert results["outcome"] == "done"
    assert results["parameters"] == 65 * 16 + 17 * 10
    assert results["steps_taken"] == 3 * 41
    assert 0 < results["seconds"] < 60
    for name, data in (("train", train), ("val", validation), ("test", test)):
        assert (results[f"{name}_loss"], results[f"{name}_accuracy"]) == network.evaluate(*data)
    squares = sum(np.sum(weights[name].astype(float) ** 2) for name in ("0.W", "3.W"))
    assert_allclose(results["weights_squared"], squares, rtol=1e-6)
    assert results["measured_epochs"] == [1, 2, 3]
    assert results["val_loss_by_epoch"] == history["val_loss"]
    assert results["val_accuracy_by_epoch"] == history["val_accuracy"]
    assert results["train_accuracy_by_epoch"][-1] == results["train_accuracy"]
    first = measure_first_layer(start["0.W"], weights["0.W"], train[0])
    assert {name: results[name] for name in first} == first


def test_the_first_gradient_is_that_of_the_first_batch():
    results = run(SMALL | {"seed": 1})
    x, y = load_split("digits")[0]
    network = mlp([64, 16, 10], rng=1)
    batch = np.random.default_rng(1).permutation(len(x))[:32]
    network.compute_gradients(x[batch], y[batch])
    expected = np.abs(network.named_gradients()["0.W"]).mean()
    assert_allclose(results["first_gradient"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("steps", "measured"), [(30, [30 / 41]), (41, [1]), (82, [1, 2]), (100, [1, 2, 100 / 41])]
)
def test_steps_end_a_training_even_within_an_epoch(steps, measured):
    results = run({**SMALL, "epochs": None, "steps": steps})
    assert results["steps_taken"] == steps
    assert results["measured_epochs"] == measured
    assert results["val_loss_by_epoch"][-1] == results["val_loss"]


def test_so_many_steps_are_so_many_epochs():
    by_steps = run({**SMALL, "epochs": None, "steps": 3 * 41})
    assert without_seconds(by_steps) == without_seconds(run(SMALL))


@pytest.mark.parametrize("epochs", [1, 7, 20, 21, 50, 99, 100, 1000])
def test_a_curve_has_at_most_20_points_the_last_at_the_end(epochs):
    at = points(epochs)
    assert len(at) == min(epochs, 20)
    assert at[-1] == epochs
    assert at == sorted({*at})
    assert min(at) >= 1
    assert np.ptp(np.diff([0, *at])) <= 1


def test_the_first_images_only():
    results = run(SMALL | {"train_images": 100})
    x, y = load_split("digits")[0]
    network = mlp([64, 16, 10], rng=0)
    network.fit(x[:100], y[:100], epochs=3, batch_size=32, rng=0, verbose=0)
    assert results["steps_taken"] == 3 * 4
    assert (results["train_loss"], results["train_accuracy"]) == network.evaluate(x[:100], y[:100])


def test_equal_settings_give_equal_numbers_and_other_seeds_others():
    first, again, other = (run(SMALL | {"dropout": 0.5, "seed": seed}) for seed in (0, 0, 1))
    assert without_seconds(first) == without_seconds(again)
    assert first["val_loss"] != other["val_loss"]


@pytest.mark.parametrize("limit", [{"epochs": 3}, {"epochs": None, "steps": 60}])
def test_a_run_that_diverges_is_a_result_without_numbers(limit):
    results = run(SMALL | limit | {"optimizer": "sgd", "learning_rate": 1e30})
    assert results == dict.fromkeys(RESULTS) | {"outcome": "diverged"}


# --- The first layer -----------------------------------------------------------------------------


def test_roughness_of_a_checkerboard_of_a_constant_and_of_noise(rng):
    board = np.indices((4, 4)).sum(axis=0) % 2 * 2.0 - 1
    assert roughness(board.reshape(16, 1)) == 24 * 4 / 16  # 24 pairs
    assert roughness(np.ones((16, 3))) == 0
    assert_allclose(roughness(rng.standard_normal((784, 500))), 2 * 1512 / 784, rtol=0.01)


def test_a_neuron_without_weights_does_not_count():
    board = np.indices((4, 4)).sum(axis=0).reshape(16, 1) % 2 * 2.0 - 1
    assert roughness(np.hstack([board, 0 * board])) == roughness(board)
    assert roughness(0 * board) is None


def test_dead_pixels_are_told_from_the_others():
    before = np.array([[1.0], [-1.0], [2.0], [4.0]])
    x = np.array([[0, 0, 0.5, 0], [0, 0, 0, 1]])
    measured = measure_first_layer(before, before * [[1], [0], [-2], [3]], x)
    assert (measured["dead_pixels"], measured["live_pixels"]) == (0.5, 16 / 6)
    assert measure_first_layer(before, before, x + 1)["dead_pixels"] is None


def test_without_a_penalty_the_weights_of_dead_pixels_never_move():
    assert run(SMALL)["dead_pixels"] == 1
    assert run(SMALL | {"l2": 0.01})["dead_pixels"] < 0.9


# --- The frameworks ------------------------------------------------------------------------------

QUICK = {"train_images": 300, "epochs": 2, "dropout": 0.5}


def run_twice(framework):
    results, again = (run(QUICK | {"framework": framework}) for _ in range(2))
    assert [*results] == [*RESULTS]
    assert (results["outcome"], results["parameters"]) == ("done", 109_386)
    assert (results["steps_taken"], results["measured_epochs"]) == (6, [1, 2])
    assert_allclose(results["val_loss_by_epoch"][-1], results["val_loss"], rtol=1e-5)
    assert_allclose(results["train_accuracy_by_epoch"][-1], results["train_accuracy"])
    assert_allclose(results["dead_pixels"], 1, rtol=1e-6)
    return results, again


def test_torch_runs_and_leaves_the_global_generator(torch):
    before = torch.random.get_rng_state()
    results, again = run_twice("torch")
    assert without_seconds(results) == without_seconds(again)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_keras_runs(keras_mlp):
    results, again = run_twice("keras")
    for name in ("train_loss", "val_loss", "test_loss", "weights_squared"):
        assert_allclose(results[name], again[name], rtol=1e-5)
