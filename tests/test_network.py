"""Networks of layers: gradients of whole stacks, one vector of parameters, precision, use."""

import copy
import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.activations import sigmoid, softmax
from nnbook.gradient_check import gradient_check
from nnbook.layers import (
    GELU,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Rescaling,
    Sigmoid,
    Tanh,
)
from nnbook.losses import SoftmaxCrossEntropy
from nnbook.network import Network
from nnbook.preprocessing import one_hot_encode
from nnbook.sequential import mlp
from nnbook.two_layer import NeuralNetwork

LOSSES = ("softmax_cross_entropy", "binary_cross_entropy", "mean_squared_error")
each_loss = pytest.mark.parametrize("loss", LOSSES)
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

# Every kind of hidden layer; the epsilons leave room for differences.
HIDDEN = [
    ReLU,
    lambda: LeakyReLU(0.2),
    Sigmoid,
    Tanh,
    GELU,
    lambda: Dropout(0.3),
    lambda: BatchNorm(epsilon=0.1),
    lambda: LayerNorm(epsilon=0.1),
    lambda: Rescaling(0.7, 0.1),
]


def all_kinds(**arguments):
    """Return a network with every kind of layer, for images of 2 × 2 bytes, with 3 outputs."""
    layers = [Rescaling(1 / 255), Flatten(), Dense(4, 5), *(make() for make in HIDDEN), Dense(5, 3)]
    return Network(layers, **arguments)


def make_targets(loss, m, k, rng):
    if loss == "softmax_cross_entropy":
        return rng.integers(0, k, m)
    shape = (m,) if k == 1 else (m, k)
    return rng.normal(size=shape) if loss == "mean_squared_error" else rng.integers(0, 2, shape)


def read_only(*arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays


# --- Gradients of whole networks -----------------------------------------------------------------


def assert_gradients_match_differences(network, x, y, training=True):
    def loss(_):
        network.set_rng(np.random.default_rng(3))  # the same masks in every pass
        return network.compute_gradients(x, y, training)

    loss(None)
    gradients = {name: g.copy() for name, g in network.named_gradients().items()}
    result = gradient_check(loss, network.named_parameters(), gradients)
    assert result.passed, str(result)


@st.composite
def stacks(draw):
    """A float64 network of random layers and sizes, a batch, and targets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    first = [
        lambda n: Rescaling(0.7),
        *(partial(kind, epsilon=0.1) for kind in (BatchNorm, LayerNorm)),
    ]
    layers = [make(sizes[0]) for make in draw(st.lists(st.sampled_from(first), max_size=1))]
    for n, k in pairwise(sizes):
        layers.append(Dense(n, k))
        layers += [make() for make in draw(st.lists(st.sampled_from(HIDDEN), max_size=3))]
    loss = draw(st.sampled_from(LOSSES))
    network = Network(layers, loss, rng, "float64")
    network.parameters += rng.normal(0, 0.3, network.parameters.size)
    m = draw(st.integers(1, 4))
    return network, rng.normal(size=(m, sizes[0])), make_targets(loss, m, sizes[-1], rng)


def is_away_from_kinks(network, x, training):
    network.set_rng(np.random.default_rng(3))
    for layer in network.layers:
        if isinstance(layer, ReLU | LeakyReLU) and np.abs(x).min() < 1e-3:
            return False
        x = layer.forward(x, training)
    return True


@given(stack=stacks(), training=st.booleans())
def test_random_stacks_against_central_differences(stack, training):
    network, x, _ = stack
    assume(is_away_from_kinks(network, x, training))
    assert_gradients_match_differences(*stack, training)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ReLU, lambda self, dy: dy),
        (Sigmoid, lambda self, dy: dy * self.y),
        (Dropout, lambda self, dy: dy * (self.mask > 0)),
        (BatchNorm, lambda self, dy: self.scale_and_shift_backward(dy) / self.std),
        (SoftmaxCrossEntropy, lambda self: self.p - np.eye(3)[self.y]),
    ],
)
def test_the_oracle_catches(monkeypatch, kind, wrong):
    rng = np.random.default_rng(0)
    network = all_kinds(rng=rng, dtype="float64")
    x, y = rng.integers(0, 256, (4, 2, 2)), rng.integers(0, 3, 4)
    assert_gradients_match_differences(network, x, y)
    monkeypatch.setattr(kind, "backward", wrong)
    with pytest.raises(AssertionError, match="FAILED: worst at"):
        assert_gradients_match_differences(network, x, y)


@given(sizes=st.tuples(*[st.integers(1, 6)] * 3), m=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_is_the_network_of_lab_1_transposed(sizes, m, seed):
    rng = np.random.default_rng(seed)
    lab, network = NeuralNetwork(*sizes, rng=rng), mlp(sizes, rng=rng, dtype="float64")
    lab.b1, lab.b2 = rng.normal(size=lab.b1.shape), rng.normal(size=lab.b2.shape)
    network.set_weights(
        {"0.W": lab.W1.T, "0.b": lab.b1[:, 0], "2.W": lab.W2.T, "2.b": lab.b2[:, 0]}
    )
    x, y = rng.normal(size=(m, sizes[0])), rng.integers(0, sizes[2], m)
    Y = one_hot_encode(y, sizes[2])

    A2 = lab.forward(x.T)
    assert_allclose(network.forward(x).T, lab.Z2, rtol=1e-12, atol=1e-12)
    assert_allclose(network.predict_proba(x).T, A2, rtol=1e-12, atol=1e-13)
    assert_array_equal(network.predict(x), lab.predict(x.T))
    loss = network.compute_gradients(x, y)
    assert_allclose(loss, lab.compute_loss(Y, A2), rtol=1e-12, atol=1e-13)
    gradients = network.named_gradients()
    for name, expected in zip(("0.W", "0.b", "2.W", "2.b"), lab.backward(x.T, Y), strict=True):
        assert_allclose(np.atleast_2d(gradients[name]).T, expected, rtol=1e-12, atol=1e-12)


# --- All parameters in one vector ----------------------------------------------------------------


def test_the_vector_holds_the_weights_first_and_every_array_is_a_view():
    network = all_kinds(rng=0)
    names = ["2.W", "12.W", "2.b", "9.gamma", "9.beta", "10.gamma", "10.beta", "12.b"]
    for vector, named in (
        (network.parameters, network.named_parameters()),
        (network.gradients, network.named_gradients()),
    ):
        assert named.keys() == {*names}
        vector[:] = np.arange(vector.size)
        assert_array_equal(np.concatenate([named[name].ravel() for name in names]), vector)
        assert all(np.shares_memory(array, vector) for array in named.values())
    assert network.num_weights == 4 * 5 + 5 * 3
    assert network.layers[2].parameters["W"] is network.named_parameters()["2.W"]
    assert {*network.named_buffers()} == {"9.mean", "9.variance"}


def test_the_loss_alone_is_that_of_the_gradients_and_leaves_them(rng):
    network, x, y = all_kinds(rng=0), rng.integers(0, 256, (4, 2, 2)), [0, 1, 2, 0]
    for training in ({}, {"training": True}, {"training": False}):
        network.set_rng(np.random.default_rng(0))
        loss = network.compute_gradients(x, y, **training)
        before = network.gradients.copy()
        network.set_rng(np.random.default_rng(0))
        assert network.compute_loss(x, y, **training) == loss
        assert_array_equal(network.gradients, before)
        network.set_rng(np.random.default_rng(0))
        outputs = network.forward(x, training.get("training", True))
        assert network.loss.forward(outputs, np.array(y)) == loss


def test_the_vector_is_what_the_network_computes_with(rng):
    network, x = all_kinds(rng=0), rng.integers(0, 256, (4, 2, 2))
    network.compute_gradients(x, [0, 1, 2, 0])
    assert np.count_nonzero(network.gradients) > 0.5 * network.gradients.size
    network.parameters[:] = 0
    network.named_parameters()["12.b"][:] = [1, 2, 3]
    assert_array_equal(network.forward(x), [[1, 2, 3]] * 4)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_is_a_network_of_its_own(copied, rng):
    network, x = all_kinds(rng=0), rng.integers(0, 256, (4, 2, 2))
    outputs = network.forward(x)
    twin = copied(network)
    assert_array_equal(twin.forward(x), outputs)
    twin.compute_gradients(x, [0, 1, 2, 0])
    assert twin.gradients.any()
    twin.parameters[:] = 0  # as an optimizer changes them
    assert_array_equal(twin.forward(x), np.zeros((4, 3)))
    assert_array_equal(network.forward(x), outputs)
    assert all(layer.rng is twin.rng for layer in twin.layers)


def test_weights_are_given_as_copies_and_taken_back(rng):
    network, x = all_kinds(rng=0, dtype="float64"), rng.integers(0, 256, (4, 2, 2))
    network.forward(x, training=True)
    weights, outputs = network.get_weights(), network.forward(x)
    assert weights.keys() == network.named_parameters().keys() | network.named_buffers().keys()
    vector = network.parameters
    network.parameters[:] = 9
    network.forward(x, training=True)
    network.set_weights({name: w.tolist() for name, w in weights.items()})
    assert network.parameters is vector
    assert_array_equal(network.forward(x), outputs)
    other = all_kinds(rng=1)
    other.set_weights(weights)
    assert_allclose(other.forward(x), outputs, rtol=1e-4, atol=1e-5)


# --- Precision and reproducibility ---------------------------------------------------------------


def watched(method, seen):
    def watch(*args):
        seen.append(method(*args))
        return seen[-1]

    return watch


@each_loss
@each_dtype
def test_every_intermediate_has_the_precision_of_the_network(monkeypatch, rng, loss, dtype):
    network, seen = all_kinds(loss=loss, rng=rng, dtype=dtype), []
    for step in (*network.layers, network.loss):
        for method in ("forward", "backward"):
            monkeypatch.setattr(step, method, watched(getattr(step, method), seen))
    x, y = rng.integers(0, 256, (4, 2, 2), dtype=np.uint8), make_targets(loss, 4, 3, rng)
    assert type(network.compute_gradients(x, y)) is float
    assert [type(figure) for figure in network.evaluate(x.astype(np.float64), y)] == [float, float]
    arrays = [array for array in seen if isinstance(array, np.ndarray)]
    assert len(arrays) == 2 * 13 + 10 + 1  # two passes forward, and back to the first weights
    arrays += [*network.get_weights().values(), network.parameters, network.gradients]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert network.forward(x).dtype == dtype


def test_float32_by_default_and_the_rounded_weights_of_float64():
    single, double = all_kinds(rng=0), all_kinds(rng=0, dtype="float64")
    assert single.dtype == np.float32
    assert mlp([4, 3], rng=0).dtype == np.float32
    assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    assert (single.parameters != double.parameters).any()
    assert all_kinds(dtype=np.float64).dtype == all_kinds(dtype=np.dtype("f8")).dtype == "float64"


def test_equal_seeds_give_equal_networks_and_masks(rng):
    x = rng.integers(0, 256, (8, 2, 2))
    outputs = [all_kinds(rng=seed).forward(x, training=True) for seed in (7, 7, 8)]
    assert_array_equal(outputs[0], outputs[1])
    assert (outputs[0] != outputs[2]).any()
    generator = np.random.default_rng(7)
    assert_array_equal(all_kinds(rng=generator).forward(x, training=True), outputs[0])
    assert (all_kinds(rng=generator).forward(x, training=True) != outputs[0]).any()


# --- Use -----------------------------------------------------------------------------------------


@each_loss
@pytest.mark.parametrize("k", [1, 3])
def test_predictions_and_figures_follow_from_the_outputs(rng, loss, k):
    network = mlp([4, 6, k], loss=loss, rng=0, dtype="float64", batch_norm=True, dropout=0.3)
    x, y = rng.normal(size=(2500, 4)), make_targets(loss, 2500, k, rng)
    z = network.forward(x)
    found = network.predict(x)
    columns = z[:, 0] if k == 1 else z
    expected = {
        "softmax_cross_entropy": z.argmax(axis=1),
        "binary_cross_entropy": (columns > 0).astype(int),
        "mean_squared_error": columns,
    }[loss]
    assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert_allclose(network.predict(x[:1]), found[:1], rtol=1e-12, atol=1e-13)  # one sample alone
    if loss != "mean_squared_error":
        p = softmax(z) if loss == "softmax_cross_entropy" else sigmoid(z)
        assert_allclose(network.predict_proba(x), p, rtol=1e-12)
    figures = network.loss.forward(z, network.check_targets(y, 2500)), network.loss.score(z, y)
    assert_allclose(network.evaluate(x, y), figures, rtol=1e-12)
    assert_allclose(network.compute_gradients(x, y, training=False), figures[0], rtol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batches_give_what_the_whole_gives(rng, batch_size):
    network, x = all_kinds(rng=0, dtype="float64"), rng.integers(0, 256, (7, 2, 2))
    assert_allclose(network._outputs(x, batch_size), network.forward(x), rtol=1e-12, atol=1e-13)


def test_bytes_through_rescaling_and_flatten_equal_the_float_path(rng):
    network, plain = all_kinds(rng=0), Network([Dense(4, 2)], rng=0)
    images = rng.integers(0, 256, (20, 2, 2), dtype=np.uint8)
    outputs = network.forward(images)
    for x in (images.astype(np.float32), images.tolist(), np.asfortranarray(images)):
        assert_array_equal(network.forward(x), outputs)
    layers = [Rescaling(1 / 255), Flatten(), Dense(4, 2)]
    x = images.reshape(20, 4).astype(np.float32) / np.float32(255)
    assert_allclose(Network(layers, rng=0).forward(images), plain.forward(x), rtol=1e-5, atol=1e-6)
    assert_array_equal(network.forward(images > 127), network.forward((images > 127) * 1.0))


@each_dtype
@pytest.mark.parametrize(
    "first", [*HIDDEN[:6], lambda: BatchNorm(4), lambda: LayerNorm(4), Flatten]
)
def test_never_changes_what_it_is_given(rng, dtype, first):
    network = Network([first(), Dense(4, 3)], rng=0, dtype=dtype)
    x, y = read_only(rng.normal(size=(5, 4)).astype(dtype), rng.integers(0, 3, 5))
    network.compute_gradients(x, y)
    network.evaluate(x, y)
    network.predict_proba(x)
    squared = Network([first(), Dense(4, 1)], "mean_squared_error", 0, dtype)
    squared.compute_gradients(x, *read_only(rng.normal(size=5).astype(dtype)))
    kept = squared.predict(x)
    squared.predict(x + 1)
    assert_array_equal(kept, squared.predict(x))  # a result is not a buffer used again


def test_summary(capsys):
    all_kinds().summary()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 13 + 1
    assert [line.split()[-1] for line in lines] == [
        *("parameters", "0", "0", "25", "0", "0", "0", "0", "0", "0", "10", "10", "0", "18", "63")
    ]
    assert "unknown" in lines[2]
    assert lines[3].startswith("Dense(4, 5) ")
    assert all("(m, 5)" in line for line in lines[3:13])
    assert "(m, 3)" in lines[13]
    mlp([784, 128, 64, 10]).summary()
    assert capsys.readouterr().out.split()[-2:] == ["total", "109,386"]


def test_a_pickle_holds_the_network_and_not_the_last_batch(rng):
    network = mlp([50, 4, 3], rng=0)
    size = len(pickle.dumps(network))
    network.compute_gradients(rng.normal(size=(1000, 50)), rng.integers(3, size=1000))
    assert len(pickle.dumps(network)) < size + 500
