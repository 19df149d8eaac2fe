"""The residual block: three oracles, planted errors, and its place in a network."""

import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import Adam, ModelCheckpoint, Sequential
from nnbook.gradient_check import gradient_check
from nnbook.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    ReLU,
    Rescaling,
    Residual,
    Tanh,
)

seeds = st.integers(0, 2**32)


def inner(n):
    """Return the layers of a block of n features with all that a layer may have."""
    return [BatchNorm(epsilon=0.1), Tanh(), Dropout(0.4), Dense(n, 3), Tanh(), Dense(3, n)]


def make(n, rng, dtype="float64", block=None):
    layer = Residual(block or inner(n)).build((n,), rng, dtype)
    for p in layer.parameters.values():
        p += rng.normal(size=p.shape)
    return layer


def forward(layer, x, training=True):
    layer.rng = np.random.default_rng(5)  # the same mask in every pass
    return layer.forward(x.copy(), training)


def assert_matches_differences(layer, x, dy):
    forward(layer, x)
    dx = layer.backward(dy.copy())
    inputs = {"x": x.copy(), **layer.parameters}
    loss = lambda p: np.sum(forward(layer, p["x"]) * dy)  # noqa: E731
    result = gradient_check(loss, inputs, {"x": dx, **layer.gradients})
    assert result.passed, f"{layer}: {result}"


def assert_matches_torch(torch, layer, x, dy):
    """Compare x + W tanh(V x + a) + b and its derivatives with PyTorch's."""
    y = forward(layer, x)
    dx = layer.backward(dy.copy())
    arrays = {"x": x, **layer.parameters}
    t = {name: torch.tensor(a, requires_grad=True) for name, a in arrays.items()}
    hidden = (t["x"] @ t["0.W"] + t["0.b"]).tanh()
    expected = t["x"] + hidden @ t["2.W"] + t["2.b"]
    expected.backward(torch.tensor(dy))
    assert_allclose(y, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
    for name, gradient in {"x": dx, **layer.gradients}.items():
        assert_allclose(gradient, t[name].grad.numpy(), rtol=1e-12, atol=1e-12, err_msg=name)


def plain(n):
    return [Dense(n, 3), Tanh(), Dense(3, n)]


# --- Gradients: three oracles --------------------------------------------------------------------


@given(m=st.integers(2, 5), n=st.integers(1, 5), seed=seeds)
def test_against_central_differences(m, n, seed):
    rng = np.random.default_rng(seed)
    assert_matches_differences(make(n, rng), *rng.normal(size=(2, m, n)))


@given(m=st.integers(1, 5), n=st.integers(1, 5), seed=seeds)
def test_against_pytorch(torch, m, n, seed):
    rng = np.random.default_rng(seed)
    assert_matches_torch(torch, make(n, rng, block=plain(n)), *rng.normal(size=(2, m, n)))


@given(m=st.integers(1, 5), n=st.integers(1, 5), seed=seeds)
def test_a_linear_block_is_x_times_identity_plus_w_and_backward_its_adjoint(m, n, seed):
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(size=(2, m, n))
    layer = make(n, rng, block=[Dense(n, n)])
    y = layer.forward(x) - layer.parameters["0.b"]
    assert_allclose(y, x @ (np.eye(n) + layer.parameters["0.W"]), atol=1e-12)
    assert_allclose(np.sum(y * dy), np.sum(x * layer.backward(dy)), atol=1e-10)


def test_layers_that_give_nothing_leave_input_and_gradient_as_they_are(rng):
    x, dy = rng.normal(size=(2, 4, 3))
    layer = Residual([Dense(3, 3), ReLU(), Dense(3, 3, "zeros")]).build((3,), rng, "float64")
    assert_array_equal(layer.forward(x), x)
    assert_array_equal(layer.backward(dy), dy)


def test_blocks_stand_in_blocks(rng):
    layer = make(4, rng, block=[Residual(inner(4)), Tanh(), Residual([Dense(4, 4)])])
    assert "0.3.W" in layer.parameters
    assert_matches_differences(layer, *rng.normal(size=(2, 3, 4)))


PLANTED = {
    "without the path past the layers": lambda layer, dy, dx: dx - dy,
    "without the path through the layers": lambda layer, dy, dx: dy,
    "both paths halved": lambda layer, dy, dx: dx / 2,
    "the path past the layers twice": lambda layer, dy, dx: dx + dy,
    "off by 0.1 %": lambda layer, dy, dx: dx * 1.001,
}


@pytest.mark.parametrize("error", PLANTED)
def test_the_oracles_catch(torch, rng, error):
    class Broken(Residual):
        def backward(self, dy):
            return PLANTED[error](self, dy, super().backward(dy))

    x, dy = rng.normal(size=(2, 4, 3))
    layer = make(3, rng, block=plain(3))
    assert_matches_differences(layer, x, dy)
    assert_matches_torch(torch, layer, x, dy)
    layer.__class__ = Broken
    with pytest.raises(AssertionError, match="FAILED: worst at"):
        assert_matches_differences(layer, x, dy)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_matches_torch(torch, layer, x, dy)


# --- In a network --------------------------------------------------------------------------------


def make_network(seed=0, dtype="float32"):
    block = [BatchNorm(), ReLU(), Dropout(0.2), Dense(5, 5)]
    layers = [Dense(4, 5), Residual(block), Residual([Residual([Dense(5, 5)])]), Dense(5, 3)]
    return Sequential(layers, rng=seed, dtype=dtype)


@pytest.fixture
def data(rng):
    return rng.normal(size=(30, 4)), rng.integers(0, 3, 30)


def test_all_parameters_stand_in_the_networks_vector_under_their_names(data):
    network = make_network()
    names = ["0.W", "0.b", "1.0.gamma", "1.0.beta", "1.3.W", "1.3.b", "2.0.0.W", "2.0.0.b"]
    assert [*network.named_parameters()] == [*names, "3.W", "3.b"]
    assert [*network.named_buffers()] == ["1.0.mean", "1.0.variance"]
    assert network.num_weights == 4 * 5 + 5 * 5 + 5 * 5 + 5 * 3
    network.compute_gradients(*data)
    for kind in ("parameters", "gradients"):
        vector, arrays = getattr(network, kind), network._named(kind).values()
        assert sum(a.size for a in arrays) == vector.size
        assert all(np.shares_memory(a, vector) for a in arrays)
    inside = network.layers[1].layers[3]
    assert inside.parameters["W"] is network.named_parameters()["1.3.W"]


@pytest.mark.parametrize("training", [False, True])
def test_the_networks_gradients_are_right(data, training):
    network = make_network(dtype="float64")
    if training:  # without dropout: its masks would differ from pass to pass
        network.layers[1].layers[2].rate = 0
    network.compute_gradients(*data, training)
    loss = lambda p: network.compute_loss(*data, training)  # noqa: E731
    assert gradient_check(loss, network.named_parameters(), network.named_gradients()).passed


def test_a_first_block_computes_no_derivative_that_nobody_needs(data):
    x, y = data
    network = Sequential([Residual([Tanh(), Dense(4, 4)]), Dense(4, 3)], dtype="float64")
    assert not network.layers[0].needs_input_gradient
    assert network.layers[0].backward(network.layers[0].forward(x)) is None
    network.compute_gradients(x, y)
    loss = lambda p: network.compute_loss(x, y)  # noqa: E731
    assert gradient_check(loss, network.named_parameters(), network.named_gradients()).passed


def test_rng_decides_weights_and_masks(data):
    def outputs(seed):
        network = make_network()
        network.set_rng(seed)
        return network.forward(data[0], training=True)

    assert_array_equal(outputs(1), outputs(1))
    assert (outputs(1) != outputs(2)).any()
    assert_array_equal(make_network(3).parameters, make_network(3).parameters)
    network = make_network()
    assert network.layers[1].layers[2].rng is network.rng


@pytest.mark.parametrize("again", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_has_the_same_numbers_and_its_own_arrays(data, again):
    network = make_network()
    network.fit(*data, 2, 10, verbose=0)
    copied = again(network)
    assert_array_equal(copied.parameters, network.parameters)
    for each in (network, copied):
        each.fit(*data, 2, 10, rng=1, verbose=0)
    assert_array_equal(copied.parameters, network.parameters)
    assert np.shares_memory(copied.layers[1].layers[3].parameters["W"], copied.parameters)
    assert not np.shares_memory(copied.parameters, network.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saved_and_resumed_bit_for_bit(tmp_path, data, dtype):
    def train(network, epochs, resume=None):
        callbacks = [ModelCheckpoint(tmp_path / "{epoch}")]
        network.fit(*data, epochs, 10, Adam(), callbacks=callbacks, resume=resume, verbose=0)
        return network

    whole = train(make_network(0, dtype), 4)
    assert_array_equal(whole.parameters.dtype, dtype)
    resumed = train(make_network(7, dtype), 4, resume=tmp_path / "2")
    loaded = Sequential.load(tmp_path / "4")
    assert repr(loaded) == repr(whole)
    for network in (resumed, loaded):
        for name, array in whole.get_weights().items():
            assert_array_equal(network.get_weights()[name], array)


def test_a_file_of_another_block_is_refused(tmp_path):
    make_network().save(tmp_path / "a")
    layers = [Dense(4, 5), Residual([ReLU(), Dense(5, 5)]), ReLU(), Dense(5, 3)]
    with pytest.raises(ValueError, match=r"as layers\[1\], expected"):
        Sequential(layers).load_weights(tmp_path / "a")


def test_summary_counts_the_parameters_of_a_block(capsys):
    make_network().summary()
    lines = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[2].endswith("(m, 5)            40")


# --- The other frameworks ------------------------------------------------------------------------


def crossing(rng):
    """Return a network without dropout, with a random number in every weight."""
    block = [BatchNorm(), ReLU(), Dense(5, 5)]
    layers = [Dense(4, 5), Residual(block), Residual([Residual([Dense(5, 5)])]), Dense(5, 3)]
    network = Sequential(layers, rng=rng, dtype="float64")
    network.set_weights({n: rng.random(w.shape) for n, w in network.get_weights().items()})
    return network


@pytest.mark.parametrize("training", [False, True])
def test_crosses_to_pytorch_and_back(torch, rng, training):
    from nnbook.frameworks.bridge import copy_weights, to_torch

    network, x = crossing(rng), rng.normal(size=(6, 4))
    module = to_torch(network)
    outputs = module.train(training)(torch.tensor(x)).detach().numpy()
    assert_allclose(outputs, network.forward(x, training), rtol=1e-12)
    copy_weights(to_torch(network), other := crossing(rng))
    assert_array_equal(other.parameters, network.parameters)


@pytest.mark.parametrize("training", [False, True])
def test_crosses_to_keras_and_back(keras_mlp, rng, training):
    from nnbook.frameworks.bridge import copy_weights, to_keras

    keras = keras_mlp.keras
    network, x = crossing(rng), rng.normal(size=(6, 4))
    outputs = keras.ops.convert_to_numpy(to_keras(network)(x, training=training))
    tolerance = 1e-12 if keras.backend.backend() == "tensorflow" else 1e-5
    assert_allclose(outputs, network.forward(x, training), rtol=tolerance)
    copy_weights(to_keras(network), other := crossing(rng))
    assert_array_equal(other.parameters, network.parameters)


def test_the_chapters_spellings_compute_the_same(torch, keras_mlp, rng):
    from nnbook.frameworks.bridge import copy_weights

    class Spelled(torch.nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    block = [Dense(4, 5), ReLU(), Dense(5, 4)]
    network, x = Sequential([Residual(block)], dtype="float64"), rng.normal(size=(6, 4))
    linear = torch.nn.Linear
    module = Spelled(linear(4, 5), torch.nn.ReLU(), linear(5, 4)).double()
    copy_weights(network, module)
    assert_allclose(module(torch.tensor(x)).detach().numpy(), network.forward(x), rtol=1e-12)

    keras = keras_mlp.keras
    inputs = keras.Input((4,), dtype="float64")
    h = keras.layers.Dense(5, activation="relu", dtype="float64")(inputs)
    h = keras.layers.Dense(4, kernel_initializer="zeros", dtype="float64")(h)
    model = keras.Model(inputs, keras.layers.Add(dtype="float64")([inputs, h]))
    assert_array_equal(keras.ops.convert_to_numpy(model(x)), x)
    copy_weights(network, model)
    tolerance = 1e-12 if keras.backend.backend() == "tensorflow" else 1e-5
    assert_allclose(keras.ops.convert_to_numpy(model(x)), network.forward(x), rtol=tolerance)


# --- Building, printing, refusing ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keeps_the_precision_and_the_input(dtype, rng):
    x = rng.normal(size=(4, 3)).astype(dtype)
    before = x.copy()
    layer = make(3, rng, dtype)
    y = layer.forward(x, training=True)
    dx = layer.backward(np.ones_like(y))
    assert_array_equal(x, before)
    for array in (y, dx, *layer.gradients.values(), *layer.buffers.values()):
        assert array.dtype == dtype


def test_prints_its_layers_and_knows_its_shape():
    block = Residual([BatchNorm(), ReLU(), Dense(3, 3)])
    assert repr(block) == "Residual([BatchNorm(), ReLU(), Dense(3, 3)])"
    assert block.config() == {"layers": block.layers}
    assert block.output_shape((3,)) == (3,)
    assert Residual([ReLU()]).output_shape(None) is None
    assert Residual([Tanh(), Dense(3, 3)]).output_shape(None) == (3,)


def test_its_arrays_cannot_be_taken_away():
    block = Residual([Dense(3, 3)]).build(None)
    with pytest.raises(TypeError, match="0.W belongs to a layer of the block"):
        del block.parameters["0.W"]
    assert "1.W" not in block.parameters


def twice():
    layer = Dense(3, 3)
    return Residual([layer, ReLU(), layer])


def taken():
    layer = Dense(3, 3)
    return Sequential([Residual([layer]), layer])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Residual([]), ValueError, "layers is empty, expected at least one layer"),
        (lambda: Residual(ReLU()), TypeError, "layers is ReLU(), expected a list of layers"),
        (lambda: Residual(["relu"]), TypeError, "layers[0] is 'relu', expected a layer"),
        (twice, ValueError, "layers[2], Dense(3, 3), is in use already"),
        (taken, ValueError, "layers[1], Dense(3, 3), is in use already"),
        (
            lambda: Residual([Dense(3, 4)]).build((3,)),
            ValueError,
            "Residual([Dense(3, 4)]) adds its input to its output: x has 3 features, f(x) has 4",
        ),
        (
            lambda: Residual([Flatten()]).build((2, 2)),
            ValueError,
            "x has samples of shape (2, 2), f(x) has 4 features",
        ),
        (
            lambda: Residual([Dense(3, 4), ReLU(), Dense(3, 3)]).build((3,)),
            ValueError,
            "Residual([Dense(3, 4), ReLU(), Dense(3, 3)]): layers[2], Dense(3, 3) expects 3 "
            "features, but layers[0], Dense(3, 4), gives 4 features",
        ),
        (
            lambda: Sequential([Dense(2, 4), ReLU(), Residual([Dense(3, 3)])]),
            ValueError,
            "layers[2], Residual([Dense(3, 3)]): layers[0], Dense(3, 3) expects 3 features, but x "
            "gives 4 features",
        ),
        (
            lambda: Residual([LayerNorm()]).build(None),
            ValueError,
            "layers[0], LayerNorm() does not know its size",
        ),
        (
            lambda: Sequential([Rescaling(2), Residual([Dense(3, 3)])]).predict([[1, 2]]),
            ValueError,
            "but x gives 2 features",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
