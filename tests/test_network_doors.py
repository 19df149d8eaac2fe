"""What a network, and mlp(), refuse: in one wording, and with nothing changed."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.initializers import constant_scale, zeros
from nnbook.layers import BatchNorm, Dense, Dropout, Flatten, LayerNorm, ReLU, Rescaling, Tanh
from nnbook.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from nnbook.network import Network
from nnbook.sequential import mlp

X = np.ones((4, 3))
Y = np.array([0, 1, 0, 1])
WITH_TARGETS = ("evaluate", "compute_loss", "compute_gradients", "input_gradient")
each_method = pytest.mark.parametrize("method", WITH_TARGETS)


# --- Building ------------------------------------------------------------------------------------


def used_twice():
    layer = ReLU()
    return Network([Dense(2, 2), layer, Dense(2, 2), layer])


def used_elsewhere():
    layer = Dense(2, 2)
    Network([layer])
    return Network([layer, ReLU()])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Network([]), ValueError, "layers is empty, expected at least one layer"),
        (lambda: Network(3), TypeError, "layers is 3, expected a list of layers"),
        (lambda: Network(ReLU()), TypeError, "layers is ReLU(), expected a list of layers"),
        (lambda: Network([Dense(2, 2), ReLU]), TypeError, "layers[1] is <class 'nnbook.layers.act"),
        (
            lambda: Network([Dense(2, 2), "relu"]),
            TypeError,
            "layers[1] is 'relu', expected a layer",
        ),
        (used_twice, ValueError, "layers[3], ReLU(), is in use already, expected a new layer"),
        (used_elsewhere, ValueError, "layers[0], Dense(2, 2), is in use already, expected a new"),
        (lambda: Network([ReLU(), Flatten()]), ValueError, "no layer knows its size, expected a D"),
        (
            lambda: Network([BatchNorm(), Dense(2, 2)]),
            ValueError,
            "layers[0], BatchNorm() does not know its size: write BatchNorm(n)",
        ),
        (
            lambda: Network([Flatten(), LayerNorm()]),
            ValueError,
            "layers[1], LayerNorm() does not know its size: write LayerNorm(n)",
        ),
        (
            lambda: Network([Dense(2, 3), ReLU(), Dropout(0.5), Dense(4, 2)]),
            ValueError,
            "layers[3], Dense(4, 2) expects 4 features, but layers[0], Dense(2, 3), gives 3 feat",
        ),
        (
            lambda: Network([Dense(2, 3), BatchNorm(4)]),
            ValueError,
            "layers[1], BatchNorm(features=4) expects 4 features, but layers[0], Dense(2, 3), g",
        ),
        (
            lambda: Network([BatchNorm(4), Dense(3, 2)]),
            ValueError,
            "layers[1], Dense(3, 2) expects 3 features, but layers[0], BatchNorm(features=4), g",
        ),
        (lambda: mlp([2, 2], loss="mse"), ValueError, "loss is 'mse', expected one of softmax_cro"),
        (lambda: mlp([2, 2], loss=BinaryCrossEntropy), TypeError, "expected a name or a Loss"),
        (lambda: mlp([2, 2], dtype="float16"), ValueError, "dtype is 'float16', expected one of"),
        (lambda: mlp([2, 2], dtype=complex), ValueError, "dtype is 'complex128', expected one of"),
        (lambda: mlp([2, 2], dtype="floaty"), ValueError, "dtype is 'floaty', expected one of"),
        (lambda: mlp([2, 2], dtype=None), TypeError, "dtype is None, expected one of float32"),
        (lambda: mlp([3]), ValueError, "sizes is [3], expected at least the numbers of inputs"),
        (lambda: mlp([]), ValueError, "sizes is [], expected at least the numbers of inputs"),
        (lambda: mlp(3), TypeError, "sizes is 3, expected"),
        (lambda: mlp([3, 0]), ValueError, "sizes is 0, expected at least 1"),
        (lambda: mlp([3, 2.0]), TypeError, "sizes is 2.0, expected an integer"),
        (lambda: mlp([2, 2], "RELU"), ValueError, "activation is 'RELU', expected one of relu, "),
        (lambda: mlp([2, 2], ReLU), TypeError, "activation is <class 'nnbook.layers.activation"),
        (lambda: mlp([2, 2, 2], dropout=1), ValueError, "dropout is 1, expected a number from 0"),
        (lambda: mlp([2, 2, 2], dropout="a"), TypeError, "dropout is 'a', expected a number"),
        (
            lambda: mlp([2, 2], kernel_initializer="he"),
            ValueError,
            "kernel_initializer is 'he', expected one of he_normal, ",
        ),
        (
            lambda: Network([Dense(2, 3, lambda rng, shape, n, k: zeros(rng, (k, n), n, k))]),
            ValueError,
            "kernel_initializer gave shape (3, 2), expected (2, 3)",
        ),
    ],
)
def test_building_refuses(build, error, message):
    with pytest.raises(error, match=re.escape(message)):
        build()


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        ({}, [Dense, ReLU, Dense]),
        ({"activation": "tanh", "dropout": 0.5}, [Dense, Tanh, Dropout, Dense]),
        ({"batch_norm": True, "dropout": 0.5}, [Dense, BatchNorm, ReLU, Dropout, Dense]),
    ],
)
def test_mlp_builds(arguments, kinds):
    network = mlp([3, 4, 2], rng=0, **arguments)
    assert [type(layer) for layer in network.layers] == kinds
    assert mlp(np.array([3, 2]), rng=0).layers[0].out_features == 2


@pytest.mark.parametrize(
    ("activation", "variances"),
    [
        ("relu", [2 / 300, 2 / 200]),
        ("leaky_relu", [2 / 300, 2 / 200]),
        ("gelu", [2 / 300, 2 / 200]),
        ("tanh", [2 / 500, 2 / 600]),
        ("sigmoid", [2 / 500, 2 / 600]),
    ],
)
def test_mlp_gives_each_activation_the_weights_made_for_it(activation, variances):
    dense = mlp([300, 200, 400], activation, rng=0).layers[::2]
    assert_allclose([layer.parameters["W"].var() for layer in dense], variances, rtol=0.05)
    assert not any(layer.parameters["b"].any() for layer in dense)
    own = mlp([300, 200, 400], activation, rng=0, kernel_initializer=constant_scale(0.5))
    assert_allclose(own.parameters[: own.num_weights].std(), 0.5, rtol=0.05)


# --- Samples and targets -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["forward", "predict", "predict_proba", *WITH_TARGETS])
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X[0], ValueError, "x has shape (3,), expected (samples, features)"),
        (X[:0], ValueError, "x has shape (0, 3), expected (samples, features)"),
        (X[:, :2], ValueError, "layers[0], Dense(3, 2) expects 3 features, but x gives 2 features"),
        (X[..., None], ValueError, "expects 3 features, but x gives samples of shape (3, 1)"),
        (X + 0j, TypeError, "x has dtype complex128, expected real numbers"),
        (X.astype(str), TypeError, "x has dtype <U32, expected real numbers"),
        (X.astype(object), TypeError, "x has dtype object, expected real numbers"),
        (None, TypeError, "x has dtype object, expected real numbers"),
        (X * [1, np.nan, 1], ValueError, "x contains nan at index (0, 1), expected finite numbers"),
        (X * [1, 1, np.inf], ValueError, "x contains inf at index (0, 2), expected finite numbers"),
    ],
)
def test_samples_refused(method, x, error, message):
    network = mlp([3, 2], rng=0)
    targets = [Y] if method in WITH_TARGETS else []
    with pytest.raises(error, match=re.escape(message)):
        getattr(network, method)(x, *targets)


@each_method
@pytest.mark.parametrize(
    ("loss", "y", "error", "message"),
    [
        ("softmax_cross_entropy", Y[:3], ValueError, "y has 3 targets, expected 4 (the samples of"),
        ("softmax_cross_entropy", np.eye(2)[Y], ValueError, "y has shape (4, 2), expected 1 dim"),
        ("softmax_cross_entropy", Y + 1, ValueError, "y contains the label 2, expected 0 to 1"),
        ("softmax_cross_entropy", Y * 1.0, TypeError, "y has dtype float64, expected integer"),
        ("binary_cross_entropy", Y, ValueError, "y has shape (4,), expected (m, 2)"),
        ("binary_cross_entropy", np.ones((5, 2)), ValueError, "y has 5 targets, expected 4"),
        ("mean_squared_error", np.full((4, 2), np.nan), ValueError, "y contains nan at index (0, "),
        ("mean_squared_error", np.full((4, 2), 1e300), ValueError, "y contains 1e+300 at index (0"),
    ],
)
def test_targets_refused(method, loss, y, error, message):
    network = mlp([3, 2], loss=loss, rng=0)
    with pytest.raises(error, match=re.escape(message)):
        getattr(network, method)(X, y)
    assert not network.gradients.any()


def test_an_image_of_another_size_is_told_by_the_layers():
    network = Network([Rescaling(1 / 255), Flatten(), Dense(784, 10)], rng=0)
    message = "layers[2], Dense(784, 10) expects 784 features, but layers[1], Flatten(), gives 783"
    with pytest.raises(ValueError, match=re.escape(message)):
        network.predict(np.zeros((2, 27, 29), np.uint8))


# --- Weights -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda w: w.pop("0.b"), ValueError, "weights lacks 0.b, expected 0.W, 0.b"),
        (lambda w: w.update(a=1), ValueError, "weights has an unknown entry a, expected 0.W, 0.b"),
        (
            lambda w: w.update({"0.W": w["0.W"].T}),
            ValueError,
            "weights['0.W'] has shape (4, 3), exp",
        ),
        (
            lambda w: w.update({"1.mean": 0.0}),
            ValueError,
            "weights['1.mean'] has shape (), expected",
        ),
        (lambda w: w["3.b"].fill(np.nan), ValueError, "weights['3.b'] contains nan at index (0,)"),
        (
            lambda w: w.update({"3.b": [1j, 0]}),
            TypeError,
            "weights['3.b'] has dtype complex128, exp",
        ),
        (
            lambda w: w.update({"3.b": [1e300, 0]}),
            ValueError,
            "weights['3.b'] contains 1e+300 at in",
        ),
    ],
)
def test_refused_weights_change_nothing(change, error, message):
    network = mlp([3, 4, 2], rng=0, batch_norm=True)
    before = network.get_weights()
    weights = {name: w + 1 for name, w in before.items()}
    change(weights)
    with pytest.raises(error, match=re.escape(message)):
        network.set_weights(weights)
    for name, w in network.get_weights().items():
        assert_array_equal(w, before[name])


def test_weights_have_to_be_named():
    with pytest.raises(TypeError, match="weights is .*, expected a dict"):
        mlp([3, 2]).set_weights([np.ones((3, 2)), np.ones(2)])


# --- Overflow ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda network: network.forward(X),
        lambda network: network.forward(X, training=True),
        lambda network: network.predict(X),
        lambda network: network.predict_proba(X),
        lambda network: network.evaluate(X, Y),
        lambda network: network.compute_loss(X, Y),
        lambda network: network.compute_gradients(X, Y),
    ],
    ids=["forward", "training", "predict", "predict_proba", "evaluate", "loss", "gradients"],
)
def test_an_overflow_in_float32_is_an_error_and_no_warning(call):
    single, double = (mlp([3, 4, 2], rng=0, dtype=dtype) for dtype in ("float32", "float64"))
    for network in (single, double):
        network.parameters *= 1e30
    call(double)
    with pytest.raises(FloatingPointError, match="nan or inf: the parameters are too large"):
        call(single)


@each_method
@pytest.mark.parametrize("loss", ["mean_squared_error", SoftmaxCrossEntropy()])
def test_a_loss_that_overflows_where_the_outputs_do_not(method, loss):
    network = Network([Dense(1, 2)], loss, rng=0)
    network.set_weights({"0.W": [[3e38, -3e38]], "0.b": [0, 0]})
    assert_allclose(network.forward([[1.0]]), [[3e38, -3e38]], rtol=1e-6)
    y = [1] if isinstance(loss, SoftmaxCrossEntropy) else [[0.0, 0.0]]
    with pytest.raises(FloatingPointError, match="loss holds nan or inf"):
        getattr(network, method)([[1.0]], y)


def test_an_overflow_in_training_mode_is_not_remembered():
    network = Network([Dense(2, 3), BatchNorm(), Dense(3, 2)], rng=0)
    with pytest.raises(FloatingPointError, match="outputs holds nan or inf"):
        network.forward(np.full((2, 2), 3e38, np.float32), training=True)
    assert all(np.isfinite(buffer).all() for buffer in network.named_buffers().values())


def test_set_rng_takes_a_seed_and_its_own_generator():
    network = Network([Dense(2, 3), Dropout(0.5), Dense(3, 2)], rng=0)
    network.set_rng(1)
    assert network.layers[1].rng is network.rng
    assert network.rng.bit_generator.state == np.random.default_rng(1).bit_generator.state
