"""The derivative of the loss by the input: three oracles, and what it leaves as it was."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.frameworks.bridge import to_torch
from nnbook.gradient_check import gradient_check
from nnbook.layers import BatchNorm, Dense, Dropout, Flatten, LayerNorm, ReLU, Rescaling, Tanh
from nnbook.losses import softmax_cross_entropy_gradient
from nnbook.network import Network
from nnbook.sequential import mlp

LOSSES = ("softmax_cross_entropy", "binary_cross_entropy", "mean_squared_error")


def make_network(rng=0, loss="softmax_cross_entropy", dtype="float64"):
    """Return a network with layers below the first one with parameters, and averages not 0 or 1."""
    layers = [Rescaling(0.5, 0.1), Flatten(), Dense(4, 6), BatchNorm(epsilon=0.1), Tanh()]
    layers += [Dropout(0.3), Dense(6, 5), LayerNorm(epsilon=0.1), Tanh(), Dense(5, 3)]
    network = Network(layers, loss, rng, dtype)
    network.forward(np.random.default_rng(1).normal(1, 2, size=(8, 2, 2)), training=True)
    return network


def make_targets(loss, m, rng):
    if loss == "softmax_cross_entropy":
        return rng.integers(0, 3, m)
    shape = (m, 3)
    return rng.normal(size=shape) if loss == "mean_squared_error" else rng.integers(0, 2, shape)


def assert_matches_differences(network, x, y, training=False):
    def loss(arrays):
        network.set_rng(3)  # the same masks in every pass
        return network.compute_loss(arrays["x"], y, training) * len(x)

    network.set_rng(3)
    gradient = network.input_gradient(x, y, training)
    assert gradient.shape == x.shape
    result = gradient_check(loss, {"x": x}, {"x": gradient})
    assert result.passed, str(result)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_against_central_differences(loss, training, rng):
    network, x = make_network(loss=loss), rng.normal(size=(3, 2, 2))
    assert_matches_differences(network, x, make_targets(loss, 3, rng), training)


def test_a_dense_layer_at_the_front_against_central_differences(rng):
    network = Network([Dense(4, 6), Tanh(), Dense(6, 3)], rng=0, dtype="float64")
    assert_matches_differences(network, rng.normal(size=(3, 4)), rng.integers(0, 3, 3))


@pytest.mark.parametrize("wrong", [0.999, 1.001, -1])
def test_the_oracle_catches(monkeypatch, wrong, rng):
    backward = Dense.backward
    monkeypatch.setattr(Dense, "backward", lambda layer, dy: wrong * backward(layer, dy))
    with pytest.raises(AssertionError, match="FAILED"):
        assert_matches_differences(make_network(), rng.normal(size=(3, 2, 2)), [0, 1, 2])


def test_is_pytorchs_in_double(torch, rng):
    network, y = mlp([5, 7, 4], rng=0, dtype="float64", batch_norm=True), rng.integers(0, 4, 6)
    network.forward(rng.normal(1, 2, size=(8, 5)), training=True)
    x = torch.tensor(rng.normal(size=(6, 5)), requires_grad=True)
    logits = to_torch(network).eval()(x)
    torch.nn.functional.cross_entropy(logits, torch.tensor(y), reduction="sum").backward()
    assert_allclose(network.input_gradient(x.detach().numpy(), y), x.grad.numpy(), atol=1e-14)


def test_of_one_dense_layer_is_its_error_times_its_weights(rng):
    network, x, y = mlp([5, 3], rng=0, dtype="float64"), rng.normal(size=(4, 5)), [0, 2, 1, 1]
    error = len(x) * softmax_cross_entropy_gradient(network.forward(x), y)
    wanted = error @ network.named_parameters()["0.W"].T
    assert_allclose(network.input_gradient(x, y), wanted, atol=1e-15)


def test_a_sample_has_its_own_whatever_else_is_in_the_batch(rng):
    network, x, y = make_network(), rng.normal(size=(5, 2, 2)), rng.integers(0, 3, 5)
    one_by_one = [network.input_gradient(x[i : i + 1], y[i : i + 1])[0] for i in range(5)]
    assert_allclose(network.input_gradient(x, y), one_by_one, atol=1e-14)


def test_scaling_the_input_scales_the_gradient_back(rng):
    x, y = rng.normal(size=(3, 4)), [0, 1, 2]
    plain, scaled = (Network([*layer, Dense(4, 3)], rng=0) for layer in ([], [Rescaling(8.0)]))
    scaled.set_weights({f"1.{n[2:]}": w for n, w in plain.get_weights().items()})
    assert_array_equal(scaled.input_gradient(x / 8, y), 8 * plain.input_gradient(x, y))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_get_a_gradient_in_the_precision_of_the_network(dtype, rng):
    network, x = make_network(dtype=dtype), rng.integers(0, 256, (3, 2, 2)).astype(np.uint8)
    assert network.input_gradient(x, [0, 1, 2]).dtype == dtype


def test_leaves_the_network_as_it_was(rng):
    network, x, y = make_network(), rng.normal(size=(4, 2, 2)), [0, 1, 2, 0]
    network.compute_gradients(x, y)
    gradients, weights = network.gradients.copy(), network.get_weights()
    first = network.input_gradient(x[:2], y[:2])
    assert_array_equal(network.gradients, gradients)
    for name, array in network.get_weights().items():
        assert_array_equal(array, weights[name])
    assert_array_equal(network.input_gradient(x[:2], y[:2]), first)


def flags(network):
    return [layer.needs_input_gradient for layer in network.layers]


def test_an_error_on_the_way_back_leaves_the_network_as_it_was(monkeypatch, rng):
    network, x, y = make_network(), rng.normal(size=(2, 2, 2)), [0, 1]
    network.compute_gradients(x, y)
    before, gradients = flags(network), network.gradients.copy()

    def fail(layer, dy):
        raise KeyboardInterrupt

    monkeypatch.setattr(Flatten, "backward", fail)
    with pytest.raises(KeyboardInterrupt):
        network.input_gradient(x, y)
    assert flags(network) == before == [True, True, False, *[True] * 7]
    assert_array_equal(network.gradients, gradients)


def test_an_overflow_is_an_error(rng):
    network = Network([Dense(2, 3), ReLU(), Dense(3, 2)], rng=0)
    network.parameters *= 1e30
    with pytest.raises(FloatingPointError, match="nan or inf"):
        network.input_gradient([[1.0, -1.0]], [0])
    assert flags(network) == [False, True, True]


def test_an_overflow_of_the_gradient_alone_is_an_error():
    network = Network([Rescaling(1e30), Dense(1, 2)], "mean_squared_error", rng=0)
    network.set_weights({"1.W": [[1e15, 1e15]], "1.b": [1.0, 0.0]})
    with pytest.raises(FloatingPointError, match="input_gradient holds nan or inf"):
        network.input_gradient([[0.0]], [[0.0, 0.0]])
