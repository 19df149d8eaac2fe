"""Initial weights: their mean, variance, range and shape of distribution, and what they are for."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.initializers import INITIALIZERS, constant_scale, get_initializer
from nnbook.layers import Dense

FAN_IN, FAN_OUT = 300, 200
# The variance of each, and what PyTorch calls it.
VARIANCES = {
    "he_normal": (2 / FAN_IN, ("kaiming_normal_", {"nonlinearity": "relu"})),
    "he_uniform": (2 / FAN_IN, ("kaiming_uniform_", {"nonlinearity": "relu"})),
    "glorot_normal": (2 / (FAN_IN + FAN_OUT), ("xavier_normal_", {})),
    "glorot_uniform": (2 / (FAN_IN + FAN_OUT), ("xavier_uniform_", {})),
    "lecun_normal": (1 / FAN_IN, ("kaiming_normal_", {"nonlinearity": "linear"})),
    "lecun_uniform": (1 / FAN_IN, ("kaiming_uniform_", {"nonlinearity": "linear"})),
    "pytorch_uniform": (1 / (3 * FAN_IN), ("kaiming_uniform_", {"a": 5**0.5})),
}


def draw(initializer, rng=0, shape=(FAN_IN, FAN_OUT)):
    return get_initializer("kernel_initializer", initializer)(
        np.random.default_rng(rng), shape, FAN_IN, FAN_OUT
    )


def test_every_initializer_is_tested():
    assert {*VARIANCES, "zeros"} == INITIALIZERS.keys()


@pytest.mark.parametrize("name", VARIANCES)
def test_mean_variance_and_distribution(name):
    variance = VARIANCES[name][0]
    w = draw(name) / np.sqrt(variance)
    sigma = 1 / np.sqrt(w.size)  # of the mean of w.size numbers with variance 1
    assert abs(w.mean()) < 4 * sigma
    kurtosis = 3 if name.endswith("normal") else 9 / 5
    assert_allclose(w.var(), 1, atol=4 * np.sqrt(kurtosis - 1) * sigma)
    assert_allclose((w**4).mean(), kurtosis, rtol=0.05)
    if name.endswith("uniform"):
        assert np.abs(w).max() <= np.sqrt(3)
        assert_allclose([w.min(), w.max()], [-np.sqrt(3), np.sqrt(3)], rtol=1e-3)
    else:
        assert_allclose(np.mean(np.abs(w) < 1), 0.6827, atol=4 * 0.47 * sigma)


@pytest.mark.parametrize("name", VARIANCES)
def test_spread_is_that_of_pytorchs_namesake(torch, name):
    function, arguments = VARIANCES[name][1]
    weight = torch.empty(FAN_OUT, FAN_IN, dtype=torch.float64)  # (out, in) there
    generator = torch.Generator().manual_seed(0)
    getattr(torch.nn.init, function)(weight, **arguments, generator=generator)
    assert_allclose(draw(name).std(), weight.std().item(), rtol=0.02)
    if name.endswith("uniform"):
        assert_allclose(np.abs(draw(name)).max(), weight.abs().max().item(), rtol=1e-3)


def test_pytorch_uniform_has_the_bounds_of_a_linear_layer(torch):
    linear = torch.nn.Linear(FAN_IN, FAN_OUT)
    bound = 1 / np.sqrt(FAN_IN)
    for theirs, shape in ((linear.weight, (FAN_IN, FAN_OUT)), (linear.bias, (FAN_OUT,))):
        ours = draw("pytorch_uniform", shape=shape)
        for array in (ours, theirs.detach().numpy()):
            assert 0.9 * bound < np.abs(array).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize("fans", [(1, 1), (10, 4000), (4000, 10)])
@pytest.mark.parametrize("stddev", [1e-3, 1, 30.0])
def test_constant_scale_ignores_the_width(fans, stddev):
    w = constant_scale(stddev)(np.random.default_rng(0), (200, 200), *fans)
    assert_allclose(w, draw(constant_scale(1), shape=(200, 200)) * stddev, rtol=1e-12)
    assert_allclose(w.std(), stddev, rtol=0.02)


def test_zeros():
    assert_array_equal(draw("zeros"), np.zeros((FAN_IN, FAN_OUT)))


@pytest.mark.parametrize("initializer", [*VARIANCES, constant_scale(0.5)])
def test_float64_of_the_shape_and_reproducible(initializer):
    w = draw(initializer, shape=(3, 4, 5))
    assert (w.shape, w.dtype) == ((3, 4, 5), np.float64)
    assert_array_equal(draw(initializer, shape=(3, 4, 5)), w)
    assert not np.isin(draw(initializer, rng=1, shape=(3, 4, 5)), w).any()


@pytest.mark.parametrize(
    ("name", "activation", "kept"),
    [
        ("he_normal", lambda z: np.maximum(z, 0), lambda z: (z**2).mean()),
        ("he_uniform", lambda z: np.maximum(z, 0), lambda z: (z**2).mean()),
        ("lecun_normal", lambda z: z, np.var),
        ("lecun_uniform", lambda z: z, np.var),
        ("glorot_normal", lambda z: z, np.var),
        ("glorot_uniform", lambda z: z, np.var),
    ],
)
def test_keeps_the_scale_through_many_layers(name, activation, kept, rng):
    z, initializer = rng.standard_normal((200, 400)), INITIALIZERS[name]
    for _ in range(10):
        z = activation(z) @ initializer(rng, (400, 400), 400, 400)
    assert 0.5 < kept(z) < 2
    for _ in range(10):
        z = activation(z) @ constant_scale(0.01)(rng, (400, 400), 400, 400)
    assert kept(z) < 1e-10


def test_dense_passes_its_fans_and_uses_both_initializers():
    seen = []

    def record(rng, shape, fan_in, fan_out):
        seen.append((shape, fan_in, fan_out))
        return np.full(shape, 7.0)

    layer = Dense(3, 2, kernel_initializer=record, bias_initializer=record).build((3,), 0)
    assert seen == [((3, 2), 3, 2), ((2,), 3, 2)]
    assert_array_equal(layer.parameters["W"], np.full((3, 2), 7))
    assert_array_equal(layer.parameters["b"], [7, 7])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: get_initializer("kernel_initializer", "he"), ValueError, "is 'he', expected one"),
        (lambda: get_initializer("bias_initializer", None), TypeError, "bias_initializer is None"),
        (lambda: get_initializer("bias_initializer", 0.1), TypeError, "expected a name or a funct"),
        (lambda: constant_scale(0), ValueError, "stddev is 0, expected a positive, finite number"),
        (lambda: constant_scale(np.nan), ValueError, "stddev is nan, expected a positive"),
        (lambda: constant_scale("1"), TypeError, "stddev is '1', expected a number"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
