"""The small convolutional network: one in both frameworks, and from the same weights the same."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.frameworks.cnn_weights import copy_cnn_weights

MANY_STEPS = {"epochs": 30, "batch_size": 8, "learning_rate": 0.01}
PARAMETERS = (16 * 9 + 16) + (32 * 16 * 9 + 32) + (800 * 10 + 10)
# On other backends Keras rounds some results to float32; see test_three_ways.py.
EXACT = os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"


@pytest.fixture(scope="module")
def data():
    """40 random images with random labels: nothing to learn, only to remember."""
    rng = np.random.default_rng(0)
    return rng.random((40, 784), dtype=np.float32), rng.integers(0, 10, 40)


@pytest.fixture(scope="session")
def torch_cnn(torch_mlp):
    from nnbook.frameworks import torch_cnn

    return torch_cnn


@pytest.fixture(scope="session")
def keras_cnn(keras_mlp):
    from nnbook.frameworks import keras_cnn

    return keras_cnn


@pytest.fixture
def double(torch, torch_cnn, keras64, keras_cnn):
    """Both networks in float64, with the weights of PyTorch's."""
    module, model = torch_cnn.SmallCNN(rng=0).double(), keras_cnn.build_cnn(rng=1)
    copy_cnn_weights(module, model)
    return module, model


# --- In PyTorch ----------------------------------------------------------------------------------


def test_layers_and_shapes_in_pytorch(torch, torch_cnn, data):
    model = torch_cnn.SmallCNN()
    shapes = {name: (*p.shape,) for name, p in model.named_parameters() if "weight" in name}
    assert shapes == {
        "conv1.weight": (16, 1, 3, 3),
        "conv2.weight": (32, 16, 3, 3),
        "fc.weight": (10, 800),
    }
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS
    assert model(torch.from_numpy(data[0])).shape == (40, 10)


def test_forward_is_convolve_relu_pool_twice_then_logits(torch, torch_cnn, data):
    model, F = torch_cnn.SmallCNN(rng=0), torch.nn.functional
    x = torch.from_numpy(data[0]).reshape(40, 1, 28, 28)
    x = F.max_pool2d(F.conv2d(x, model.conv1.weight, model.conv1.bias), 2).clamp(min=0)
    x = F.max_pool2d(F.conv2d(x, model.conv2.weight, model.conv2.bias), 2).clamp(min=0)
    expected = F.linear(x.reshape(40, 800), model.fc.weight, model.fc.bias)
    torch.testing.assert_close(model(torch.from_numpy(data[0])), expected)


def test_rng_decides_the_weights_in_pytorch_and_leaves_the_global_generator(torch, torch_cnn):
    before = torch.random.get_rng_state()
    rngs = (1, np.random.default_rng(1), np.random.default_rng(1), 2)
    first, second, third, other = (torch_cnn.SmallCNN(rng).conv2.weight for rng in rngs)
    assert torch.equal(second, third)
    assert not torch.equal(first, other)
    assert torch.equal(torch_cnn.SmallCNN(1).conv2.weight, first)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(2, 783), (2, 28, 28), (784,), (2, 1, 28, 28)])
def test_images_that_are_no_rows_are_refused_in_pytorch(torch, torch_cnn, shape):
    with pytest.raises(ValueError, match=r"x has shape .*, expected \(samples, 784\)"):
        torch_cnn.SmallCNN()(torch.zeros(shape))


def test_a_bad_seed_is_refused_in_pytorch(torch_cnn):
    with pytest.raises(TypeError, match="rng is 'a', expected an integer"):
        torch_cnn.SmallCNN(rng="a")


def test_the_training_functions_take_it_in_pytorch(torch_mlp, torch_cnn, data):
    model = torch_cnn.SmallCNN(rng=0)
    history = torch_mlp.fit(
        model, data, data, epochs=30, batch_size=8, learning_rate=0.01, device="cpu"
    )
    assert history["loss"][0] > 1
    assert history["accuracy"][-1] == 1
    assert_allclose(torch_mlp.evaluate(model, *data)[0], history["val_loss"][-1], rtol=1e-5)


# --- In Keras ------------------------------------------------------------------------------------


def test_layers_and_shapes_in_keras(keras_cnn):
    model = keras_cnn.build_cnn()
    assert model.input_shape == (None, 784)
    assert model.output_shape == (None, 10)
    assert [w.shape for w in model.get_weights()[::2]] == [(3, 3, 1, 16), (3, 3, 16, 32), (800, 10)]
    assert model.count_params() == PARAMETERS
    named = {layer.name: layer.activation.__name__ for layer in model.layers if layer.weights}
    assert named == {"conv1": "relu", "conv2": "relu", "fc": "linear"}


def test_rng_decides_the_weights_in_keras_and_the_global_seed_does_not(keras_mlp, keras_cnn):
    def weights(seed, rng):
        keras_mlp.keras.utils.set_random_seed(seed)
        return keras_cnn.build_cnn(rng).get_weights()

    first = weights(0, 1)
    for again in (weights(1, 1), weights(2, np.random.default_rng(1))):
        for weight, expected in zip(again, first, strict=True):
            assert_array_equal(weight, expected)
    assert (weights(0, 2)[0] != first[0]).all()
    assert_allclose(first[2].std(), np.sqrt(2 / (9 * (16 + 32))), rtol=0.05)  # Glorot's


def test_images_that_are_no_rows_are_refused_in_keras(keras_cnn):
    with pytest.raises(ValueError, match="783"):
        keras_cnn.build_cnn()(np.zeros((2, 783), np.float32))


def test_the_training_functions_take_it_in_keras(keras_mlp, keras_cnn, data):
    model = keras_cnn.build_cnn(rng=0)
    history = keras_mlp.fit(
        model, data, data, epochs=30, batch_size=8, learning_rate=0.01, device="cpu:0"
    )
    assert history["loss"][0] > 1
    assert history["accuracy"][-1] == 1


# --- In both -------------------------------------------------------------------------------------


def gradients(torch, module, x, y):
    module.zero_grad()
    torch.nn.functional.cross_entropy(module(torch.tensor(x)), torch.tensor(y)).backward()


def test_both_give_the_same_outputs(torch, double, data):
    module, model = double
    x = data[0].astype(np.float64)
    ours, theirs = module(torch.tensor(x)).detach().numpy(), np.asarray(model(x))
    assert_allclose(ours, theirs, atol=1e-12 if EXACT else 1e-5)


def test_from_the_same_weights_both_have_the_same_gradients(
    torch, keras_mlp, torch_cnn, double, data
):
    """A step of plain descent at rate 1 is minus the gradient, in whatever order Keras keeps it."""
    keras, (module, model) = keras_mlp.keras, double
    x, y = data[0].astype(np.float64), data[1]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss)
    model.train_on_batch(x, y)
    copy_cnn_weights(model, after := torch_cnn.SmallCNN().double())
    gradients(torch, module, x, y)
    for (name, p), q in zip(module.named_parameters(), after.parameters(), strict=True):
        step = (p - q).detach().numpy()
        assert np.abs(step).max() > 1e-4
        assert_allclose(step, p.grad.numpy(), atol=1e-12 if EXACT else 1e-5, err_msg=name)


def test_weights_come_back_as_they_were(torch, torch_cnn, keras_cnn):
    module, model = torch_cnn.SmallCNN(rng=0), keras_cnn.build_cnn(rng=0)
    copy_cnn_weights(module, model)
    copy_cnn_weights(model, other := torch_cnn.SmallCNN(rng=1))
    copy_cnn_weights(other, third := torch_cnn.SmallCNN(rng=2))
    for p, q, r in zip(module.parameters(), other.parameters(), third.parameters(), strict=True):
        assert torch.equal(p, q)
        assert torch.equal(p, r)


def test_other_networks_are_refused(torch_mlp, torch_cnn, keras_mlp):
    model = torch_cnn.SmallCNN(rng=0)
    before = model.fc.weight.clone()
    for other in (torch_mlp.MNISTNet(), keras_mlp.build_mlp((784, 10)), None):
        with pytest.raises(TypeError, match="source is a .*, expected a SmallCNN or the model of"):
            copy_cnn_weights(other, model)
        with pytest.raises(TypeError, match="target is a .*, expected a SmallCNN or the model of"):
            copy_cnn_weights(model, other)
    assert torch_mlp.torch.equal(model.fc.weight, before)
