"""The network in Keras, whatever its backend: its layers, its seed, and its training."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

SIZES = (20, 32, 16, 4)


@pytest.fixture(scope="module")
def data():
    """40 random samples with random labels: nothing to learn, only to remember."""
    rng = np.random.default_rng(0)
    return rng.random((40, 20), dtype=np.float32), rng.integers(0, 4, 40)


@pytest.fixture(scope="module")
def fitted(keras_mlp, data):
    """A model that has seen 32 samples 40 times, in batches of 5, and its history."""
    x, y = data
    model = keras_mlp.build_mlp(SIZES, rng=0)
    history = keras_mlp.fit(
        model,
        (x[:32], y[:32]),
        (x[32:], y[32:]),
        epochs=40,
        batch_size=5,
        learning_rate=0.01,
        device="cpu:0",
    )
    return model, history


# --- build_mlp -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(784, 128, 64, 10), (784, 10), [5, 4, 3]])
def test_layers_have_the_sizes_asked_for(keras_mlp, sizes):
    model = keras_mlp.build_mlp(sizes)
    assert model.input_shape == (None, sizes[0])
    assert [layer.units for layer in model.layers] == [*sizes[1:]]
    activations = [layer.activation.__name__ for layer in model.layers]
    assert activations == ["relu"] * (len(sizes) - 2) + ["linear"]


def test_the_default_is_the_network_of_the_chapters(keras_mlp):
    assert keras_mlp.build_mlp().count_params() == 785 * 128 + 129 * 64 + 65 * 10


def test_rng_decides_the_weights_and_the_global_seed_does_not(keras_mlp):
    def weights(seed, rng):
        keras_mlp.keras.utils.set_random_seed(seed)
        return keras_mlp.build_mlp((5, 4, 3), rng).get_weights()

    kernel_1, bias_1, kernel_2, bias_2 = weights(0, 1)
    for again in (weights(1, 1), weights(2, np.random.default_rng(1))):
        assert_array_equal(again[0], kernel_1)
        assert_array_equal(again[2], kernel_2)
    assert (weights(0, 2)[0] != kernel_1).all()
    assert not bias_1.any()
    assert not bias_2.any()


def test_weights_start_from_glorots_uniform_initialisation(keras_mlp):
    limit = np.sqrt(6 / (400 + 300))
    kernel = keras_mlp.build_mlp((400, 300), rng=0).get_weights()[0]
    assert np.abs(kernel).max() <= limit
    assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.01)


def test_layers_of_one_size_do_not_start_alike(keras_mlp):
    first, _, second, *_ = keras_mlp.build_mlp((6, 6, 6, 6), rng=0).get_weights()
    assert (first != second).all()


def test_dropout_follows_every_hidden_layer_and_leaves_the_weights_as_they_start(keras_mlp):
    model, plain = (keras_mlp.build_mlp((6, 5, 4, 3), rng=0, dropout=rate) for rate in (0.5, 0))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert [layer.rate for layer in model.layers[1::2]] == [0.5, 0.5]
    for weight, expected in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert_array_equal(weight, expected)


def test_the_masks_come_from_rng(keras_mlp, data):
    def outputs(seed, rng):
        keras_mlp.keras.utils.set_random_seed(seed)
        model = keras_mlp.build_mlp(SIZES, rng=rng, dropout=0.5)
        return np.asarray(model(data[0], training=True)), np.asarray(model(data[0]))

    (first, without), (again, _), (other, _) = outputs(0, 1), outputs(1, 1), outputs(1, 2)
    assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != without).any()
    masks = keras_mlp.build_mlp((9, 9, 9, 9), rng=0, dropout=0.5).layers[1::2]
    ones = np.ones((50, 9), np.float32)
    first, second = (np.asarray(layer(ones, training=True)) for layer in masks)
    assert {*first.ravel().tolist()} == {0, 2}
    assert (first != second).any()


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ((784,), ValueError, r"sizes is \(784,\), expected at least features and classes"),
        ((784, 0), ValueError, "sizes is 0, expected at least 1"),
        ((784, 12.0), TypeError, "sizes is 12.0, expected an integer"),
    ],
)
def test_build_mlp_refuses(keras_mlp, sizes, error, message):
    with pytest.raises(error, match=message):
        keras_mlp.build_mlp(sizes)


@pytest.mark.parametrize(("rate", "error"), [(1, ValueError), (-0.1, ValueError), ("x", TypeError)])
def test_a_rate_that_is_none_is_refused(keras_mlp, rate, error):
    with pytest.raises(error, match=f"dropout is {rate!r}, expected a number"):
        keras_mlp.build_mlp(dropout=rate)


# --- Training ------------------------------------------------------------------------------------


def test_remembers_a_small_batch(fitted):
    _, history = fitted
    assert history["loss"][0] > 1
    assert history["loss"][-1] < 0.1
    assert history["accuracy"][-1] == 1


def test_history_ends_with_what_evaluate_measures(fitted, data):
    model, history = fitted
    x, y = data
    assert {*history} == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert {len(values) for values in history.values()} == {40}
    assert all(isinstance(value, float) for values in history.values() for value in values)
    for prefix, part in (("", slice(32)), ("val_", slice(32, None))):
        measured = model.evaluate(x[part], y[part], batch_size=32, verbose=0, return_dict=True)
        for name, value in measured.items():
            assert_allclose(history[prefix + name][-1], value, rtol=1e-5)


def test_the_loss_is_the_cross_entropy_of_logits(fitted, data):
    model, history = fitted
    x, y = data[0][32:], data[1][32:]
    logits = np.float64(model.predict(x, verbose=0))
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert_allclose(history["val_loss"][-1], -log_p[range(8), y].mean(), rtol=1e-4)
    assert_allclose(history["val_accuracy"][-1], np.mean(logits.argmax(axis=1) == y))


def test_fit_takes_adam_steps_in_the_generators_order(keras_mlp, data, epoch_order):
    """Every sample once an epoch, the batches in the order that the PyTorch chapter sees too."""
    keras, (x, y) = keras_mlp.keras, data
    fitted, stepped = (keras_mlp.build_mlp(SIZES, rng=0) for _ in range(2))
    keras_mlp.fit(fitted, data, data, epochs=2, batch_size=16, rng=5, device="cpu:0")
    with keras.device("cpu:0"):
        stepped.compile(
            keras.optimizers.Adam(1e-3),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        for batch in epoch_order(40, batch_size=16, epochs=2, rng=5):
            stepped.train_on_batch(x[batch], y[batch])
    for weight, expected in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        assert_allclose(weight, expected, atol=1e-6)


def test_same_seeds_same_history(keras_mlp, data):
    def run(rng):
        model = keras_mlp.build_mlp(SIZES, rng=0)
        return keras_mlp.fit(model, data, data, epochs=2, batch_size=8, rng=rng, device="cpu:0")

    history = run(1)
    assert_allclose(run(np.random.default_rng(1))["loss"], history["loss"], rtol=1e-6)
    assert abs(run(2)["loss"][-1] - history["loss"][-1]) > 1e-5


def test_divergence_ends_the_training_and_says_when(keras_mlp, data):
    model, settings = keras_mlp.build_mlp(SIZES), {"learning_rate": 1e30, "device": "cpu:0"}
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1 with learning_rate 1e\+30"):
        keras_mlp.fit(model, data, data, epochs=3, batch_size=10, **settings)
    assert int(model.optimizer.iterations) == 4  # one epoch, not three


def test_fit_refuses(keras_mlp, data, bad_input):
    model = keras_mlp.build_mlp(SIZES, rng=0)
    before = model.get_weights()
    arguments, error, message = bad_input
    with pytest.raises(error, match=message):
        keras_mlp.fit(model, **{"train_data": data, "validation_data": data} | arguments)
    assert_array_equal(model.get_weights()[0], before[0])


# --- Device --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gpus", "device"), [(["gpu:0"], "gpu:0"), ([], "cpu:0")])
def test_choose_device(monkeypatch, keras_mlp, gpus, device):
    keras = keras_mlp.keras
    if keras.backend.backend() == "torch":
        monkeypatch.setattr("torch.cuda.device_count", lambda: len(gpus))
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0", *gpus])
    assert keras_mlp.choose_device() == device


@pytest.mark.parametrize(
    ("device", "error", "message"),
    [
        ("gpu:99", ValueError, "device is 'gpu:99', expected auto or one of .*cpu:0"),
        ("cuda", ValueError, "device is 'cuda', expected auto or one of .*cpu:0"),
        (None, TypeError, 'device is None, expected "auto", or a name such as "gpu:0"'),
    ],
)
def test_a_device_that_is_not_there_is_refused(keras_mlp, data, device, error, message):
    with pytest.raises(error, match=message):
        keras_mlp.fit(keras_mlp.build_mlp(SIZES), data, data, epochs=1, device=device)


def test_fit_computes_where_it_is_told_and_says_so(monkeypatch, keras_mlp, data, capsys):
    used, device = [], keras_mlp.keras.device
    monkeypatch.setattr(keras_mlp.keras.distribution, "list_devices", lambda: ["cpu:0"])
    monkeypatch.setattr(keras_mlp.keras, "device", lambda name: used.append(name) or device(name))
    for name in ("auto", "cpu:0", "CPU"):
        model = keras_mlp.build_mlp((20, 4))
        keras_mlp.fit(model, data, data, epochs=1, device=name, verbose=True)
        told = capsys.readouterr().out
        assert told.startswith(f"training on {used[-1]}\n")
    assert used == ["cpu:0", "cpu:0", "CPU"]


@pytest.mark.gpu("keras")
def test_trains_on_a_gpu_as_on_the_cpu(keras_mlp, data):
    on_gpu, on_cpu = (
        keras_mlp.fit(keras_mlp.build_mlp(SIZES, rng=0), data, data, epochs=3, device=device)
        for device in ("auto", "cpu:0")
    )
    assert_allclose(on_gpu["loss"], on_cpu["loss"], rtol=1e-2)  # TensorFlow multiplies in TF32
