"""What the chapter on regularisation spells in Keras, against the engine."""

import numpy as np
import pytest

from nnbook import SGD, SoftmaxCrossEntropy, one_hot_encode
from nnbook.exercises.solutions.regularization import early_stopping, shift_images


@pytest.fixture(scope="module")
def keras(keras_mlp):
    return keras_mlp.keras


@pytest.mark.parametrize("alpha", [0, 0.1, 0.6])
def test_the_smoothed_loss_and_its_gradient(keras, alpha, rng):
    import tensorflow

    logits, y = rng.normal(size=(6, 10)), rng.integers(10, size=6)
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=alpha, dtype="float64"
    )
    z = tensorflow.Variable(logits)
    with tensorflow.GradientTape() as tape:
        value = loss(one_hot_encode(y, 10).T, z)
    ours = SoftmaxCrossEntropy(alpha)
    assert ours.forward(logits, y) == pytest.approx(float(value), rel=1e-12)
    np.testing.assert_allclose(ours.backward(), tape.gradient(value, z).numpy(), atol=1e-15)


def test_half_the_factor_of_an_l2_penalty(keras, rng):
    import tensorflow

    w = tensorflow.Variable(rng.normal(size=12))
    with tensorflow.GradientTape() as tape:
        penalty = keras.regularizers.L2(0.3 / 2)(w)
    ours = w.numpy()
    SGD(0.1, l2=0.3).step(ours, np.zeros(12))
    slope = tape.gradient(penalty, w).numpy()
    np.testing.assert_allclose(ours, w.numpy() - 0.1 * slope, rtol=1e-7)  # the factor is float32


@pytest.mark.parametrize("patience", [1, 3, 20])
def test_early_stopping_stops_where_ours_does(keras, patience, rng):
    for _ in range(20):
        losses = rng.integers(1, 10, size=15) / 10
        early = keras.callbacks.EarlyStopping("val_loss", patience=patience)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        early.set_model(model)
        early.on_train_begin()
        model.stop_training, epoch = False, 0
        while not model.stop_training and epoch < len(losses):
            early.on_epoch_end(epoch, {"val_loss": losses[epoch]})
            epoch += 1
        assert (epoch, early.best_epoch + 1) == early_stopping(losses, patience)


@pytest.mark.parametrize(("a", "b"), [(2, 0), (0, -1), (-2, 2)])
def test_a_translation_of_whole_pixels(keras, a, b, rng):
    layer = keras.layers.RandomTranslation(
        (a / 28, a / 28), (b / 28, b / 28), fill_mode="constant", interpolation="nearest"
    )
    images = rng.random((3, 28, 28)).astype("float32")
    moved = np.asarray(layer(images[..., None], training=True))[..., 0]
    np.testing.assert_array_equal(moved, shift_images(images, a, b))


def test_the_block_of_the_page_trains(keras, rng, page_block):
    images, labels = rng.random((64, 28, 28, 1)), np.arange(64) % 10
    names = {
        "images": images.astype("float32"),
        "one_hot": one_hot_encode(labels, 10).T,
        "validation": (images[:10], one_hot_encode(labels[:10], 10).T),
        "lam": 0.01,
        "epochs": 2,
    }
    exec(page_block("regularization", "from keras import"), names)
    model = names["model"]
    kernel, _ = model.layers[2].get_weights()
    assert float(model.losses[0]) == pytest.approx(0.005 * np.sum(kernel**2), rel=1e-5)
    assert model.loss.label_smoothing == 0.1
    assert model.predict(images, verbose=0).shape == (64, 10)
