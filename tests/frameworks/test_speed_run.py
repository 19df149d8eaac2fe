"""The recipe of the speed run in Keras, as its chapter prints it, against ours in float64."""

import numpy as np
import pytest

from nnbook import BatchNorm, Dense, OneCycle, ReLU, Sequential, SoftmaxCrossEntropy


@pytest.fixture
def printed(keras64, page_block):
    """Return the functions of the chapter's Keras block, in float64."""
    functions, _, use = page_block("speed-run").partition("model = in_keras()")
    assert "model.fit(x, ops.one_hot(y, 10)" in use
    names = {}
    exec(functions, names)
    return names


def test_forward_and_loss_are_ours(printed, keras_mlp, rng):
    keras = keras_mlp.keras
    x, y = rng.random((40, 784)), rng.integers(0, 10, 40)
    ours = Sequential(
        [
            *(Dense(784, 16), BatchNorm(), ReLU()),
            *(Dense(16, 16), BatchNorm(), ReLU()),
            Dense(16, 10),
        ],
        SoftmaxCrossEntropy(0.1),
        rng=0,
        dtype="float64",
    )
    model = printed["in_keras"](hidden=16, dropout=0.0, pixels=0)
    printed["compile_recipe"](model, steps=100)
    for variable, array in zip(
        model.trainable_variables, ours.named_parameters().values(), strict=True
    ):
        variable.assign(array)
    logits = model(x.reshape(-1, 28, 28, 1), training=True)
    expected = ours.forward(x, training=True)
    np.testing.assert_allclose(np.asarray(logits), expected, atol=1e-10)
    loss = float(model.loss(keras.ops.one_hot(y, 10), logits))
    assert loss == pytest.approx(ours.loss.forward(expected, y), rel=1e-10)
    for name, running in zip(
        ("moving_mean", "moving_variance"), ours.layers[1].buffers.values(), strict=True
    ):
        (layer, *_) = (each for each in model.layers if hasattr(each, name))
        np.testing.assert_allclose(np.asarray(getattr(layer, name)), running, atol=1e-10)


def test_the_schedule_meets_ours_at_the_start_the_peak_and_the_end(printed):
    model = printed["in_keras"](hidden=4)
    printed["compile_recipe"](model, steps=1000)
    rate, cycle = model.optimizer._learning_rate, OneCycle(3e-3, 1000)
    for step in (0, 300, 999):
        assert float(rate(step)) == pytest.approx(cycle(step), abs=3e-5)


def test_its_shifts_are_of_whole_pixels(printed, rng):
    model = printed["in_keras"](hidden=4)
    image = np.zeros((1, 28, 28, 1))
    image[0, 10:14, 12:15, 0] = rng.uniform(1, 2, (4, 3))
    moved = np.asarray(model.layers[0](np.repeat(image, 100, axis=0), training=True))
    for each in moved:
        found = [
            (a, b)
            for a in range(-2, 3)
            for b in range(-2, 3)
            if np.allclose(np.roll(image[0], (a, b), (0, 1)), each)
        ]
        assert len(found) == 1
