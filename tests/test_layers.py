"""Every layer against central differences and PyTorch; and planted errors that both have to catch.

The third oracle, the algebra of each layer, is in test_layer_properties.py.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

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

SLOPE, SCALE, OFFSET = 0.2, 1 / 255, -0.5
EPSILON = 0.1  # large, so that the differences see no curvature where a variance is next to 0

# For each layer: how it is made for n features, and the same function in PyTorch.
LAYERS = {
    "Dense": (lambda n: Dense(n, 3), lambda F, x, p, kept: F.linear(x, p["W"].T, p["b"])),
    "ReLU": (lambda n: ReLU(), lambda F, x, p, kept: F.relu(x)),
    "LeakyReLU": (lambda n: LeakyReLU(SLOPE), lambda F, x, p, kept: F.leaky_relu(x, SLOPE)),
    "Sigmoid": (lambda n: Sigmoid(), lambda F, x, p, kept: x.sigmoid()),
    "Tanh": (lambda n: Tanh(), lambda F, x, p, kept: x.tanh()),
    "GELU": (lambda n: GELU(), lambda F, x, p, kept: F.gelu(x)),
    "Dropout": (lambda n: Dropout(0.4), lambda F, x, p, kept: x * kept / 0.6),
    "Dropout 0": (lambda n: Dropout(0), lambda F, x, p, kept: x),
    "Dropout 0.999": (lambda n: Dropout(0.999), lambda F, x, p, kept: x * kept * 1000),
    "BatchNorm": (
        lambda n: BatchNorm(n, epsilon=EPSILON),
        # The function below torch.nn: that one refuses a batch of a single sample.
        lambda F, x, p, kept: F.torch.batch_norm(
            x, p["gamma"], p["beta"], None, None, True, 0.0, EPSILON, False
        ),
    ),
    "LayerNorm": (
        lambda n: LayerNorm(n, epsilon=EPSILON),
        lambda F, x, p, kept: F.layer_norm(x, x.shape[1:], p["gamma"], p["beta"], EPSILON),
    ),
    "Flatten": (lambda n: Flatten(), lambda F, x, p, kept: x.flatten(1)),
    "Rescaling": (lambda n: Rescaling(SCALE, OFFSET), lambda F, x, p, kept: x * SCALE + OFFSET),
}
# In use, where training differs.
IN_USE = {
    "Dropout in use": (LAYERS["Dropout"][0], lambda F, x, p, kept: x),
    "BatchNorm in use": (
        LAYERS["BatchNorm"][0],
        lambda F, x, p, kept: (x - 0.3) / np.sqrt(2 + EPSILON) * p["gamma"] + p["beta"],
    ),
}
each_layer = pytest.mark.parametrize("name", [*LAYERS, *IN_USE])
ACTIVATIONS = ["ReLU", "LeakyReLU", "Sigmoid", "Tanh", "GELU"]


def make(name, n, rng, dtype="float64"):
    """Return the layer, its parameters and averages moved away from 0 and 1."""
    layer = (LAYERS | IN_USE)[name][0](n).build((n,), rng, dtype)
    for p in layer.parameters.values():
        p += rng.normal(size=p.shape)
    if layer.buffers:
        layer.buffers["mean"][...], layer.buffers["variance"][...] = 0.3, 2
    return layer


def forward(layer, x, training, seed=5):
    layer.rng = np.random.default_rng(seed)  # the same mask in every pass
    return layer.forward(x.copy(), training)


def assert_matches_differences(layer, x, dy, training=True):
    """Hold every derivative of the sum of output times `dy` against central differences."""
    forward(layer, x, training)
    inputs = {"x": x.copy(), **layer.parameters}
    dx = layer.backward(dy.copy())
    result = gradient_check(
        lambda p: np.sum(forward(layer, p["x"], training) * dy),
        inputs,
        {"x": dx, **layer.gradients},
    )
    assert result.passed, f"{layer}: {result}"


def assert_matches_torch(torch, name, layer, x, dy):
    y = forward(layer, x, training=name in LAYERS)
    dx = layer.backward(dy.copy())
    tensors = {
        n: torch.tensor(a, requires_grad=True) for n, a in {"x": x, **layer.parameters}.items()
    }
    functional = torch.nn.functional
    kept = torch.tensor(y != 0) if "Dropout" in name else None
    expected = (LAYERS | IN_USE)[name][1](functional, tensors["x"], tensors, kept)
    expected.backward(torch.tensor(dy))
    assert_allclose(y, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
    for n, gradient in {"x": dx, **layer.gradients}.items():
        assert_allclose(gradient, tensors[n].grad.numpy(), rtol=1e-12, atol=1e-12, err_msg=n)


@st.composite
def batches(draw, fewest_samples=1, fewest_features=1, low=0.01, high=3.0):
    """A batch with no number within `low` of 0, where ReLU has its kink, and a generator."""
    m, n = draw(st.integers(fewest_samples, 5)), draw(st.integers(fewest_features, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.uniform(low, high, (m, n)) * rng.choice([-1, 1], (m, n)), rng


def like_output(layer, x, rng):
    return rng.normal(size=layer.forward(x.copy()).shape)


# --- Gradients: central differences and PyTorch --------------------------------------------------


@each_layer
@given(batch=batches())
def test_against_central_differences(name, batch):
    x, rng = batch
    layer = make(name, x.shape[1], rng)
    assert_matches_differences(layer, x, like_output(layer, x, rng), training=name in LAYERS)


@each_layer
@given(batch=batches())
def test_against_pytorch(torch, name, batch):
    x, rng = batch
    layer = make(name, x.shape[1], rng)
    assert_matches_torch(torch, name, layer, x, like_output(layer, x, rng))


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(batch=batches(low=10, high=1e4))
def test_activations_against_pytorch_at_extremes(torch, name, batch):
    x, rng = batch
    assert_matches_torch(torch, name, make(name, x.shape[1], rng), x, rng.normal(size=x.shape))


def test_images_against_both_oracles(torch, rng):
    x = rng.normal(size=(2, 3, 4))
    for name, shape in (("Flatten", (2, 12)), ("Rescaling", (2, 3, 4))):
        layer, dy = make(name, 4, rng), rng.normal(size=shape)
        assert_matches_torch(torch, name, layer, x, dy)
        assert_matches_differences(layer, x, dy)


def broken(name, change):
    """Return the layer class of `name` whose backward pass `change` has spoilt."""
    base = type(LAYERS[name][0](2))
    return type(base.__name__, (base,), {"backward": lambda self, dy: change(self, dy, base)})


def constant(*parts):
    """Batch norm's gradient without what flows through the mean or through the variance."""

    def change(layer, dy, base):
        d = layer.scale_and_shift_backward(dy)
        through_mean = d.mean(axis=0)
        through_variance = layer.x_hat * (d * layer.x_hat).mean(axis=0)
        flows = {"mean": through_mean, "variance": through_variance}
        return (d - sum(flows[part] for part in flows if part not in parts)) / layer.std

    return change


def spoil_gradient(parameter, factor):
    def change(layer, dy, base):
        dx = base.backward(layer, dy)
        layer.gradients[parameter] *= factor
        return dx

    return change


PLANTED = {
    "dense dx averaged": ("Dense", lambda s, dy, b: b.backward(s, dy) / len(dy)),
    "dense weights averaged": ("Dense", spoil_gradient("W", 1 / 4)),
    "dense bias averaged": ("Dense", spoil_gradient("b", 1 / 4)),
    "dense weights off by 0.1 %": ("Dense", spoil_gradient("W", 1.001)),
    "relu without mask": ("ReLU", lambda s, dy, b: dy),
    "relu mask of its output": ("ReLU", lambda s, dy, b: dy * (np.maximum(s.x, 0) >= 0)),
    "leaky relu without slope": ("LeakyReLU", lambda s, dy, b: dy * (s.x > 0)),
    "sigmoid without 1 - y": ("Sigmoid", lambda s, dy, b: dy * s.y),
    "tanh without square": ("Tanh", lambda s, dy, b: dy * (1 - s.y)),
    "gelu without density": ("GELU", lambda s, dy, b: dy * s.cdf),
    "gelu off by 0.1 %": ("GELU", lambda s, dy, b: b.backward(s, dy) * 1.001),
    "dropout without factor": ("Dropout", lambda s, dy, b: b.backward(s, dy) * 0.6),
    "dropout without mask": ("Dropout", lambda s, dy, b: dy / 0.6),
    "batch norm, constant mean": ("BatchNorm", constant("mean")),
    "batch norm, constant variance": ("BatchNorm", constant("variance")),
    "batch norm, both constant": ("BatchNorm", constant("mean", "variance")),
    "batch norm, gamma averaged": ("BatchNorm", spoil_gradient("gamma", 1 / 4)),
    "layer norm over the batch": ("LayerNorm", constant()),
    "layer norm, beta forgotten": ("LayerNorm", spoil_gradient("beta", 0)),
    "flatten in another order": ("Flatten", lambda s, dy, b: dy.reshape(s.shape)[::-1]),
    "rescaling without scale": ("Rescaling", lambda s, dy, b: dy),
}


@pytest.mark.parametrize("error", PLANTED)
def test_the_oracles_catch(torch, rng, error):
    name, change = PLANTED[error]
    x = rng.uniform(0.5, 2, (4, 3)) * np.resize([1, -1, 1, 1, -1], (4, 3))
    layer = make(name, 3, rng)
    dy = like_output(layer, x, rng)
    assert_matches_differences(layer, x, dy)
    layer.__class__ = broken(name, change)
    with pytest.raises(AssertionError, match="FAILED: worst at"):
        assert_matches_differences(layer, x, dy)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_matches_torch(torch, name, layer, x, dy)


# --- Precision and extremes ----------------------------------------------------------------------


@each_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("extreme", [False, True])
def test_keeps_the_precision_and_stays_finite(name, dtype, extreme, rng):
    layer = make(name, 2, rng, dtype)
    x = (
        np.array([[1e4, -1e4], [-1e4, 1e4], [0, -0.0], [88.8, -745.2]])
        if extreme
        else rng.normal(size=(4, 2))
    )
    y = layer.forward(x.astype(dtype), training=name in LAYERS)
    dx = layer.backward(np.ones_like(y))
    assert dx.shape == x.shape
    kept = [a for a in vars(layer).values() if isinstance(a, np.ndarray) and a.dtype != bool]
    for array in (y, dx, *layer.gradients.values(), *layer.buffers.values(), *kept):
        assert array.dtype == dtype
        assert np.isfinite(array).all()


@each_layer
def test_float32_is_float64_rounded(name):
    results = []
    for dtype in ("float32", "float64"):
        rng = np.random.default_rng(0)
        layer = make(name, 3, rng, dtype)
        y = forward(layer, rng.normal(size=(6, 3)).astype(dtype), training=name in LAYERS)
        dx = layer.backward(rng.normal(size=y.shape).astype(dtype))
        results.append([y, dx, *layer.gradients.values(), *layer.buffers.values()])
    for single, double in zip(*results, strict=True):
        assert_allclose(single, double, rtol=1e-5, atol=1e-5)


def test_only_what_is_needed_is_computed_below_the_first_weights(rng):
    layer = make("Dense", 3, rng)
    layer.needs_input_gradient = False
    layer.forward(rng.normal(size=(2, 3)))
    assert layer.backward(np.ones((2, 3))) is None
    assert_array_equal(layer.gradients["b"], [2, 2, 2])
