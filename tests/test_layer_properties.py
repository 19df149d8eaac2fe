"""Every layer's algebra: what holds for any input, without a second implementation."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

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

sizes, seeds = st.integers(1, 5), st.integers(0, 2**32)


def draw(m, n, seed):
    """Return a batch and the generator it comes from."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, (m, n)), rng


# --- Values and gradients ---------------------------------------------------------------


@given(m=sizes, n=sizes, seed=seeds)
def test_dense_is_linear_and_its_backward_is_the_adjoint(m, n, seed):
    x, rng = draw(m, n, seed)
    layer = Dense(n, 3, bias_initializer="pytorch_uniform").build((n,), rng, "float64")
    other, dy = rng.normal(size=(m, n)), rng.normal(size=(m, 3))
    y, y_other, bias = (layer.forward(a) for a in (x, other, 0 * x))
    assert_allclose(layer.forward(2 * x - 3 * other), 2 * y - 3 * y_other + 2 * bias, atol=1e-12)
    assert_allclose(np.sum((y - bias) * dy), np.sum(x * layer.backward(dy)), atol=1e-12)


@pytest.mark.parametrize(
    ("layer", "value", "slope"),
    [
        (ReLU(), lambda f, x: f(x) - f(-x) - x, lambda d, e: d + e - 1),
        (LeakyReLU(0.2), lambda f, x: f(x) - f(-x) - 1.2 * x, lambda d, e: d + e - 1.2),
        (GELU(), lambda f, x: f(x) - f(-x) - x, lambda d, e: d + e - 1),
        (Sigmoid(), lambda f, x: f(x) + f(-x) - 1, lambda d, e: d - e),
        (Tanh(), lambda f, x: f(x) + f(-x), lambda d, e: d - e),
    ],
    ids=["ReLU", "LeakyReLU", "GELU", "Sigmoid", "Tanh"],
)
@given(m=sizes, n=sizes, seed=seeds)
def test_symmetry_of_activations(layer, value, slope, m, n, seed):
    x, _ = draw(m, n, seed)
    assert_allclose(value(layer.forward, x), 0, atol=1e-14)
    slopes = []
    for sign in (1, -1):
        layer.forward(sign * x)
        slopes.append(layer.backward(np.ones_like(x)))
    assert_allclose(slope(*slopes), 0, atol=1e-14)


@given(m=st.integers(2, 5), n=sizes, seed=seeds)
def test_batch_norm_normalises_and_its_gradient_is_orthogonal_to_ones_and_to_x_hat(m, n, seed):
    x, rng = draw(m, n, seed)
    layer = BatchNorm(epsilon=1e-30).build(x.shape[1:], rng, "float64")
    x_hat = layer.forward(x, training=True)
    assert_allclose(x_hat.mean(axis=0), 0, atol=1e-9)
    assert_allclose(x_hat.var(axis=0), 1, rtol=1e-9)
    dx = layer.backward(rng.normal(size=x.shape)) * layer.std
    assert_allclose(dx.sum(axis=0), 0, atol=1e-9)
    assert_allclose((dx * x_hat).sum(axis=0), 0, atol=1e-9)


@given(m=sizes, n=st.integers(2, 5), seed=seeds, scale=st.floats(0.5, 9), shift=st.floats(-9, 9))
def test_layer_norm_ignores_scale_and_shift_of_a_sample(m, n, seed, scale, shift):
    x, rng = draw(m, n, seed)
    layer = LayerNorm(epsilon=1e-30).build(x.shape[1:], rng, "float64")
    x_hat = layer.forward(x)
    assert_allclose(layer.forward(scale * x + shift), x_hat, atol=1e-9)
    assert_array_equal(layer.forward(x, training=True), x_hat)
    assert_allclose(x_hat.mean(axis=1), 0, atol=1e-9)
    dx = layer.backward(rng.normal(size=x.shape)) * layer.std
    assert_allclose(dx.sum(axis=1), 0, atol=1e-9)
    assert_allclose((dx * x_hat).sum(axis=1), 0, atol=1e-9)


@pytest.mark.parametrize("rate", [0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_drops_the_share_it_says_and_keeps_the_mean(rate, dtype, rng):
    layer = Dropout(rate).build(None, rng, dtype)
    x = rng.uniform(1, 2, (500, 1000)).astype(dtype)
    y = layer.forward(x, training=True)
    kept = y != 0
    assert_allclose(y[kept], x[kept] / (1 - rate), rtol=1e-6)
    spread = np.sqrt(rate * (1 - rate) / x.size)
    assert_allclose(kept.mean(), 1 - rate, atol=4 * spread)
    assert_allclose(y.mean(), x.mean(), rtol=5 * spread / (1 - rate) + 1e-6)
    assert_array_equal(layer.backward(np.ones_like(x)) != 0, kept)
    assert_array_equal(layer.forward(x), x)
    assert_array_equal(layer.backward(x), x)


def test_dropout_takes_new_masks_from_its_generator():
    x, layer = np.ones((20, 20)), Dropout(0.5).build(None, 0, "float64")
    first, second = layer.forward(x, True), layer.forward(x, True)
    assert (first != second).any()
    assert_array_equal(Dropout(0.5).build(None, 0, "float64").forward(x, True), first)


@given(m=sizes, n=sizes, seed=seeds)
def test_layers_that_undo_each_other(m, n, seed):
    x, rng = draw(m, n, seed)
    there, back = Rescaling(1 / 255, -0.5), Rescaling(255, 127.5)
    assert_allclose(back.forward(there.forward(x)), x, atol=1e-12)
    images, flatten = rng.normal(size=(m, 2, n)), Flatten()
    assert_array_equal(flatten.backward(flatten.forward(images)), images)
    assert_array_equal(flatten.forward(images)[0], images[0].ravel())


# --- Batch normalisation: averages and edges -----------------------------------------------------


@given(m=st.integers(2, 5), n=sizes, seed=seeds, momentum=st.sampled_from([0.0, 0.5, 0.9, 0.99]))
def test_batch_norm_against_batchnorm1d(torch, m, n, seed, momentum):
    x, rng = draw(m, n, seed)
    ours = BatchNorm(momentum=momentum, unbiased=True).build(x.shape[1:], rng, "float64")
    theirs = torch.nn.BatchNorm1d(x.shape[1], momentum=1 - momentum, dtype=torch.float64)
    for training in (True, True, True, False):
        theirs.train(training)
        x, dy = x * 1.5 + 1, rng.normal(size=x.shape)
        t = torch.tensor(x, requires_grad=True)
        expected = theirs(t)
        theirs.zero_grad()
        expected.backward(torch.tensor(dy))
        assert_allclose(ours.forward(x, training), expected.detach(), rtol=1e-12, atol=1e-12)
        assert_allclose(ours.backward(dy), t.grad, rtol=1e-12, atol=1e-12)
        assert_allclose(ours.gradients["gamma"], theirs.weight.grad, rtol=1e-12, atol=1e-12)
        assert_allclose(ours.gradients["beta"], theirs.bias.grad, rtol=1e-12, atol=1e-12)
        assert_allclose(ours.buffers["mean"], theirs.running_mean, rtol=1e-12)
        assert_allclose(ours.buffers["variance"], theirs.running_var, rtol=1e-12)


@pytest.mark.parametrize("unbiased", [False, True])
def test_running_averages_in_closed_form(rng, unbiased):
    x, steps, momentum = rng.normal(3, 2, (5, 4)), 7, 0.8
    layer = BatchNorm(4, momentum, unbiased=unbiased).build(None, rng, "float64")
    for _ in range(steps):
        layer.forward(x, training=True)
    old = momentum**steps  # Keras keeps the biased variance, PyTorch the unbiased one
    variance = x.var(axis=0, ddof=int(unbiased))
    assert_allclose(layer.buffers["mean"], (1 - old) * x.mean(axis=0), rtol=1e-12)
    assert_allclose(layer.buffers["variance"], old + (1 - old) * variance, rtol=1e-12)
    before = {name: b.copy() for name, b in layer.buffers.items()}
    layer.forward(x)
    for name, b in before.items():
        assert_array_equal(layer.buffers[name], b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x", [[[7.0, -3.0]], [[7.0, -3.0]] * 4], ids=["one sample", "equal ones"])
@pytest.mark.parametrize("unbiased", [False, True])
def test_batch_norm_of_zero_variance_gives_beta_and_no_gradient_that_blows_up(dtype, x, unbiased):
    x = np.array(x, dtype)
    layer = BatchNorm(2, unbiased=unbiased).build(None, 0, dtype)
    layer.parameters["beta"] += 0.5
    assert_array_equal(layer.forward(x, training=True), np.full_like(x, 0.5))
    assert_array_equal(layer.backward(np.ones_like(x)), np.zeros_like(x))
    assert_array_equal(layer.gradients["gamma"], [0, 0])
    assert_array_equal(layer.gradients["beta"], [len(x)] * 2)
    assert_allclose(layer.buffers["variance"], 0.9, rtol=1e-6)


# --- Building, printing, refusing ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("make_layer", "printed", "shapes"),
    [
        (lambda: Dense(3, 2), "Dense(3, 2)", [((3,), (2,)), (None, (2,))]),
        (lambda: LeakyReLU(), "LeakyReLU()", [((3,), (3,)), ((2, 2), (2, 2)), (None, None)]),
        (lambda: LeakyReLU(0.3), "LeakyReLU(negative_slope=0.3)", [((3,), (3,))]),
        (lambda: Dropout(), "Dropout()", [((3,), (3,))]),
        (lambda: Dropout(0.1), "Dropout(rate=0.1)", [(None, None)]),
        (lambda: BatchNorm(), "BatchNorm()", [((3,), (3,))]),
        (lambda: BatchNorm(3, unbiased=True), "BatchNorm(features=3, unbiased=True)", []),
        (lambda: LayerNorm(3), "LayerNorm(features=3)", [(None, (3,))]),
        (lambda: Flatten(), "Flatten()", [((28, 28), (784,)), ((2, 3, 4), (24,)), (None, None)]),
        (lambda: Rescaling(2, 1), "Rescaling(2, offset=1)", [((28, 28), (28, 28))]),
    ],
)
def test_prints_its_arguments_and_knows_its_shapes(make_layer, printed, shapes):
    assert repr(make_layer()) == printed
    again = type(make_layer())(**make_layer().config())
    assert repr(again) == printed
    for shape, expected in shapes:
        assert make_layer().output_shape(shape) == expected
        if shape:
            y = make_layer().build(shape, 0, "float64").forward(np.ones((2, *shape)))
            assert y.shape == (2, *expected)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dense(0, 2), ValueError, "in_features is 0, expected at least 1"),
        (lambda: Dense(2, 1.5), TypeError, "out_features is 1.5, expected an integer"),
        (lambda: Dense(True, 2), TypeError, "in_features is True, expected an integer"),
        (lambda: Dense(2, 2, "he"), ValueError, "kernel_initializer is 'he', expected one of he_"),
        (lambda: Dense(2, 2, "zeros", 0), TypeError, "bias_initializer is 0, expected a name or"),
        (lambda: LeakyReLU(1), ValueError, "negative_slope is 1, expected a number from 0 to"),
        (lambda: LeakyReLU("a"), TypeError, "negative_slope is 'a', expected a number"),
        (lambda: Dropout(1.0), ValueError, "rate is 1.0, expected a number from 0 to below 1"),
        (lambda: Dropout(np.nan), ValueError, "rate is nan, expected"),
        (lambda: Dropout(None), TypeError, "rate is None, expected a number"),
        (lambda: BatchNorm(0), ValueError, "features is 0, expected at least 1"),
        (lambda: BatchNorm(momentum=1), ValueError, "momentum is 1, expected a number from 0 to"),
        (lambda: BatchNorm(epsilon=0), ValueError, "epsilon is 0, expected a positive, finite"),
        (lambda: LayerNorm(2.0), TypeError, "features is 2.0, expected an integer"),
        (lambda: LayerNorm(epsilon=-1), ValueError, "epsilon is -1, expected a positive, finite"),
        (lambda: Rescaling("1/255"), TypeError, "scale is '1/255', expected a number"),
        (lambda: Rescaling(1, np.inf), ValueError, "offset is inf, expected a finite number"),
        (lambda: Dense(3, 2).build((4,)), ValueError, "Dense(3, 2) expects 3 features"),
        (lambda: Dense(4, 2).build((2, 2)), ValueError, "Dense(4, 2) expects 4 features"),
        (lambda: LayerNorm(3).build((4,)), ValueError, "LayerNorm(features=3) expects 3 features"),
        (lambda: BatchNorm().build(None), ValueError, "BatchNorm() does not know its size: write"),
        (lambda: BatchNorm().build((2, 2)), ValueError, "BatchNorm() expects one row of features"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
