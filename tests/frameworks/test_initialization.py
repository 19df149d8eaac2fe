"""What the chapter on initialisation says in Keras and PyTorch, held against the package."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnbook import BatchNorm, Dense, LayerNorm, ReLU, Sequential
from nnbook.frameworks.bridge import copy_weights
from nnbook.initializers import INITIALIZERS


@pytest.fixture
def keras_model(keras64, page_block):
    """The model of the page's block in Keras, in double precision."""
    names = {}
    exec(page_block("initialization", "import keras\n"), names)
    return names["model"]


def test_the_block_in_keras_starts_with_the_variances_it_names(keras_model):
    kernels = [layer.kernel for layer in keras_model.layers if hasattr(layer, "kernel")]
    for kernel, variance in zip(kernels, (2 / 784, 2 / 64, 1 / 64), strict=True):
        w = np.asarray(kernel)
        assert w.dtype == np.float64
        assert_allclose(w.std(), np.sqrt(variance), rtol=0.06)
        # The standard deviation of a normal distribution cut off at 2 is 0.8796.
        assert np.abs(w).max() <= 2 / 0.8796 * np.sqrt(variance) * 1.001


@pytest.mark.parametrize("training", [True, False])
def test_the_block_in_keras_computes_what_the_package_does(keras_model, training, rng):
    norms = BatchNorm(), LayerNorm()
    layers = [Dense(784, 64), norms[0], ReLU(), Dense(64, 64), norms[1], ReLU(), Dense(64, 10)]
    network = Sequential(layers, dtype="float64")
    copy_weights(keras_model, network)
    x = rng.normal(size=(20, 784))
    theirs = np.asarray(keras_model(x, training=training))
    assert_allclose(network.forward(x, training), theirs, rtol=1e-9, atol=1e-12)
    moving = keras_model.layers[1]
    assert_allclose(norms[0].buffers["mean"], moving.moving_mean, rtol=1e-9, atol=1e-12)
    assert_allclose(norms[0].buffers["variance"], moving.moving_variance, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("HeNormal", "he_normal"),
        ("GlorotUniform", "glorot_uniform"),
        ("LecunNormal", "lecun_normal"),
    ],
)
def test_keras_initializers_have_our_variances(name, ours, keras_mlp, rng):
    import keras

    theirs = np.asarray(getattr(keras.initializers, name)(seed=0)((400, 300)))
    w = INITIALIZERS[ours](rng, (400, 300), 400, 300)
    assert_allclose(theirs.std(), w.std(), rtol=0.02)


def test_the_defaults_of_keras_are_those_of_the_table(keras_mlp):
    import keras

    dense, norm = keras.layers.Dense(3), keras.layers.BatchNormalization()
    assert type(dense.kernel_initializer).__name__ == "GlorotUniform"
    assert type(dense.bias_initializer).__name__ == "Zeros"
    assert (norm.momentum, norm.epsilon) == (0.99, 1e-3)
    assert keras.layers.LayerNormalization().epsilon == 1e-3


def test_the_defaults_of_pytorch_are_those_of_the_table(torch):
    norm = torch.nn.BatchNorm1d(3)
    assert (norm.momentum, norm.eps) == (0.1, 1e-5)
    assert torch.nn.LayerNorm(3).eps == 1e-5


def test_pytorchs_fan_out_is_the_start_that_keeps_gradients(torch):
    weight = torch.empty(300, 400)  # 400 inputs, 300 outputs
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu", generator=generator)
    assert_allclose(weight.std().item(), np.sqrt(2 / 300), rtol=0.02)


def test_pytorch_refuses_a_batch_of_one_in_training(torch):
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        torch.nn.BatchNorm1d(3).train()(torch.ones(1, 3))
