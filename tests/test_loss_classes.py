"""Every loss of the engine: three gradient oracles, exactness at extremes, and its door."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.gradient_check import gradient_check
from nnbook.losses import (
    BinaryCrossEntropy,
    Loss,
    MeanSquaredError,
    SoftmaxCrossEntropy,
    get_loss,
    softmax_cross_entropy,
    softmax_cross_entropy_gradient,
)

# For each loss: how it is made, and the same function in PyTorch.
LOSSES = {
    "softmax": (SoftmaxCrossEntropy, lambda F, z, y: F.cross_entropy(z, y)),
    "smoothing": (
        lambda: SoftmaxCrossEntropy(label_smoothing=0.3),
        lambda F, z, y: F.cross_entropy(z, y, label_smoothing=0.3),
    ),
    "binary": (
        BinaryCrossEntropy,
        lambda F, z, y: F.binary_cross_entropy_with_logits(z, y.reshape(z.shape)),
    ),
    "squared": (MeanSquaredError, lambda F, z, y: F.mse_loss(z, y.reshape(z.shape))),
}
each_loss = pytest.mark.parametrize("name", LOSSES)
sizes, seeds = st.integers(1, 5), st.integers(0, 2**32)


def make_problem(name, m, k, rng, limit=3.0, dtype="float64"):
    """Return the loss, outputs up to `limit`, and targets as they come through its door."""
    loss = LOSSES[name][0]()
    outputs = rng.uniform(-limit, limit, (m, k)).astype(dtype)
    shape = (m,) if k == 1 else (m, k)
    y = {
        SoftmaxCrossEntropy: rng.integers(0, k, m),
        BinaryCrossEntropy: rng.integers(0, 2, shape),
        MeanSquaredError: rng.uniform(-limit, limit, shape),
    }[type(loss)]
    y = loss.check_targets("y", y, k)
    return loss, outputs, y if y.dtype.kind == "i" else y.astype(dtype)


def assert_matches_differences(loss, outputs, y):
    loss.forward(outputs, y)
    result = gradient_check(
        lambda p: loss.forward(p["z"], y), {"z": outputs.copy()}, {"z": loss.backward()}
    )
    assert result.passed, str(result)


def assert_matches_torch(torch, name, loss, outputs, y):
    z = torch.tensor(outputs, requires_grad=True)
    expected = LOSSES[name][1](torch.nn.functional, z, torch.tensor(y))
    expected.backward()
    assert_allclose(loss.forward(outputs, y), expected.item(), rtol=1e-13, atol=1e-14)
    assert_allclose(loss.backward(), z.grad.numpy(), rtol=1e-12, atol=1e-15)


# --- Gradients: central differences and PyTorch --------------------------------------------------


@each_loss
@given(m=sizes, k=st.integers(1, 4), seed=seeds)
def test_against_central_differences(name, m, k, seed):
    assert_matches_differences(*make_problem(name, m, k, np.random.default_rng(seed)))


@each_loss
@given(m=sizes, k=sizes, seed=seeds, limit=st.sampled_from([1, 30, 1e4]))
def test_against_pytorch(torch, name, m, k, seed, limit):
    problem = make_problem(name, m, k, np.random.default_rng(seed), limit)
    assert_matches_torch(torch, name, *problem)


PLANTED = {
    "softmax without 1/m": ("softmax", lambda loss, d: d * len(d)),
    "softmax off by 0.1 %": ("softmax", lambda loss, d: d * 1.001),
    "softmax without the label": ("softmax", lambda loss, d: loss.p / len(d)),
    "smoothing forgotten": ("smoothing", lambda loss, d: (loss.p - np.eye(3)[loss.y]) / len(d)),
    "binary averaged over samples only": ("binary", lambda loss, d: d * d.shape[1]),
    "binary with the sign turned": ("binary", lambda loss, d: -d),
    "squared without 2": ("squared", lambda loss, d: d / 2),
    "squared summed over outputs": ("squared", lambda loss, d: d * d.shape[1]),
}


@pytest.mark.parametrize("error", PLANTED)
def test_the_oracles_catch(torch, rng, monkeypatch, error):
    name, change = PLANTED[error]
    loss, outputs, y = make_problem(name, 4, 3, rng)
    assert_matches_differences(loss, outputs, y)
    right = loss.backward
    monkeypatch.setattr(loss, "backward", lambda: change(loss, right()))
    with pytest.raises(AssertionError, match="FAILED: worst at"):
        assert_matches_differences(loss, outputs, y)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_matches_torch(torch, name, loss, outputs, y)


# --- Algebra -------------------------------------------------------------------------------------


@given(m=sizes, k=sizes, seed=seeds, smoothing=st.floats(0, 0.99), shift=st.floats(-1e3, 1e3))
def test_softmax_rows_sum_to_zero_and_ignore_a_shift(m, k, seed, smoothing, shift):
    _, z, y = make_problem("softmax", m, k, np.random.default_rng(seed), limit=50)
    loss = SoftmaxCrossEntropy(smoothing)
    value, gradient = loss.forward(z, y), loss.backward()
    assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)
    assert_allclose(loss.forward(z + shift, y), value, rtol=1e-11, atol=1e-11)
    assert_allclose(loss.backward(), gradient, atol=1e-11)


@given(m=sizes, k=sizes, seed=seeds, smoothing=st.floats(0, 0.99))
def test_smoothing_is_cross_entropy_with_smooth_targets(m, k, seed, smoothing):
    _, z, y = make_problem("softmax", m, k, np.random.default_rng(seed), limit=30)
    targets = np.full((m, k), smoothing / k)
    targets[np.arange(m), y] += 1 - smoothing
    loss = SoftmaxCrossEntropy(smoothing)
    assert_allclose(loss.forward(z, y), softmax_cross_entropy(z, targets), rtol=1e-12, atol=1e-13)
    assert_allclose(loss.backward(), softmax_cross_entropy_gradient(z, targets), atol=1e-15)


@given(m=sizes, seed=seeds)
def test_binary_is_softmax_over_no_and_yes(m, seed):
    loss, z, y = make_problem("binary", m, 1, np.random.default_rng(seed), limit=30)
    two = SoftmaxCrossEntropy()
    value = two.forward(np.hstack([0 * z, z]), y.astype(int))
    assert_allclose(loss.forward(z, y), value, rtol=1e-12, atol=1e-14)
    assert_allclose(loss.backward()[:, 0], two.backward()[:, 1], atol=1e-15)


@given(m=sizes, k=sizes, seed=seeds)
def test_binary_is_symmetric_in_yes_and_no(m, k, seed):
    loss, z, y = make_problem("binary", m, k, np.random.default_rng(seed), limit=30)
    value, gradient = loss.forward(z, y), loss.backward()
    assert_allclose(loss.forward(-z, 1 - y), value, rtol=1e-14)
    assert_allclose(loss.backward(), -gradient, atol=1e-16)
    assert (np.abs(gradient) <= 1 / z.size).all()


@given(m=sizes, k=sizes, seed=seeds, factor=st.floats(-5, 5), shift=st.floats(-5, 5))
def test_squared_error_is_quadratic_and_ignores_a_shift_of_both(m, k, seed, factor, shift):
    loss, z, y = make_problem("squared", m, k, np.random.default_rng(seed))
    value, gradient = loss.forward(z, y), loss.backward()
    assert_allclose(np.sum(gradient * (z - y.reshape(z.shape))), 2 * value, rtol=1e-12)  # Euler
    assert_allclose(loss.forward(z + shift, y + shift), value, rtol=1e-12)
    assert_allclose(loss.backward(), gradient, atol=1e-14)
    assert_allclose(loss.forward(factor * z, factor * y), factor**2 * value, rtol=1e-12)


# --- Extremes and precision ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exact_where_a_network_is_confidently_wrong(dtype):
    z = np.array([[1e4, -1e4]], dtype)
    loss = SoftmaxCrossEntropy()
    assert loss.forward(z, np.array([1])) == 2e4
    assert_array_equal(loss.backward(), [[1, -1]])
    assert loss.forward(z, np.array([0])) == 0
    assert_array_equal(loss.backward(), [[0, 0]])
    loss = BinaryCrossEntropy()
    assert loss.forward(z, np.array([[0, 1]], dtype)) == 1e4
    assert_array_equal(loss.backward(), [[0.5, -0.5]])
    assert loss.forward(z, np.array([[1, 0]], dtype)) == 0
    loss = MeanSquaredError()
    assert loss.forward(z, np.array([[0, 0]], dtype)) == 1e8
    assert_array_equal(loss.backward(), [[1e4, -1e4]])


@each_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [1, 3])
def test_keeps_the_precision_and_the_arrays_it_is_given(name, dtype, k, rng):
    loss, z, y = make_problem(name, 4, k, rng, dtype=dtype)
    z_before, y_before = z.copy(), y.copy()
    assert type(loss.forward(z, y)) is float
    assert type(loss.score(z, y)) is float
    gradient = loss.backward()
    assert (gradient.dtype, gradient.shape) == (dtype, z.shape)
    assert_array_equal(loss.backward(), gradient)  # it may be asked twice
    assert_array_equal(z, z_before)
    assert_array_equal(y, y_before)


# --- Predictions and scores ----------------------------------------------------------------------


def test_softmax_predicts_the_largest_logit():
    z, loss = np.log([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]]), SoftmaxCrossEntropy()
    assert_array_equal(loss.predict(z), [1, 0])
    assert_allclose(loss.predict_proba(z), np.exp(z), rtol=1e-15)
    assert loss.score(z, np.array([1, 2])) == 0.5


def test_binary_says_yes_above_one_half():
    z, loss = np.log([[3.0], [1 / 3], [1.0]]), BinaryCrossEntropy()
    assert_array_equal(loss.predict(z), [1, 0, 0])
    assert_allclose(loss.predict_proba(z), [[0.75], [0.25], [0.5]])
    assert loss.score(z, np.array([1.0, 1, 0])) == pytest.approx(2 / 3)
    several = np.hstack([z, -z])
    assert_array_equal(loss.predict(several), [[1, 0], [0, 1], [0, 0]])
    assert loss.score(several, np.zeros((3, 2))) == pytest.approx(4 / 6)


def test_squared_error_predicts_the_output_itself():
    z, loss = np.array([[1.0], [2.0], [4.0]]), MeanSquaredError()
    assert_array_equal(loss.predict(z), [1, 2, 4])
    assert loss.forward(z, np.zeros(3)) == 7
    assert loss.score(z, np.array([2.0, 0, 4])) == 1
    assert_array_equal(loss.predict(np.hstack([z, z])), np.hstack([z, z]))
    with pytest.raises(TypeError, match=r"MeanSquaredError\(\) has no probabilities"):
        loss.predict_proba(z)


# --- Doors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "made"),
    [
        ("softmax_cross_entropy", "SoftmaxCrossEntropy(label_smoothing=0.0)"),
        ("binary_cross_entropy", "BinaryCrossEntropy()"),
        ("mean_squared_error", "MeanSquaredError()"),
        (SoftmaxCrossEntropy(0.1), "SoftmaxCrossEntropy(label_smoothing=0.1)"),
    ],
)
def test_get_loss(loss, made):
    assert repr(get_loss(loss)) == made


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: get_loss("mse"), ValueError, "loss is 'mse', expected one of softmax_cross"),
        (lambda: get_loss(MeanSquaredError), TypeError, "MeanSquaredError'>, expected a name or"),
        (lambda: get_loss(None), TypeError, "loss is None, expected a name or a Loss"),
        (lambda: SoftmaxCrossEntropy(1), ValueError, "label_smoothing is 1, expected a number"),
        (lambda: SoftmaxCrossEntropy(-0.1), ValueError, "label_smoothing is -0.1, expected"),
        (lambda: SoftmaxCrossEntropy("a"), TypeError, "label_smoothing is 'a', expected a number"),
    ],
)
def test_construction_refuses(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("name", "y", "k", "error", "message"),
    [
        ("softmax", np.eye(3), 3, ValueError, "y has shape (3, 3), expected 1 dimension (one"),
        ("softmax", [0, 3], 3, ValueError, "y contains the label 3, expected 0 to 2"),
        ("softmax", [0, -1], 3, ValueError, "y contains the label -1, expected 0 to 2"),
        ("softmax", [0.0, 1.0], 3, TypeError, "y has dtype float64, expected integer labels"),
        ("softmax", [True], 3, TypeError, "y has dtype bool, expected integer labels"),
        ("softmax", ["0"], 3, TypeError, "y has dtype <U1, expected integer labels"),
        ("softmax", [], 3, ValueError, "y is empty, expected at least one label"),
        ("binary", [0, 2], 1, ValueError, "y contains 2, expected 0 or 1"),
        ("binary", [0.5], 1, ValueError, "y contains 0.5, expected 0 or 1"),
        ("binary", [NAN], 1, ValueError, "y contains nan at index (0,), expected finite"),
        ("binary", [[0], [1]], 1, ValueError, "y has shape (2, 1), expected (m"),
        ("binary", [0, 1], 2, ValueError, "y has shape (2,), expected (m, 2)"),
        ("squared", 1.0, 1, ValueError, "y has shape (), expected (m"),
        ("squared", [], 1, ValueError, "y has shape (0,), expected (m"),
        ("squared", [[1, 2, 3]], 2, ValueError, "y has shape (1, 3), expected (m, 2)"),
        ("squared", [[[1.0]]], 1, ValueError, "y has shape (1, 1, 1), expected (m"),
        ("squared", [1j], 1, TypeError, "y has dtype complex128, expected real numbers"),
        ("squared", [np.inf], 1, ValueError, "y contains inf at index (0,), expected finite"),
    ],
)
def test_targets_refused(name, y, k, error, message):
    with pytest.raises(error, match=re.escape(message)):
        LOSSES[name][0]().check_targets("y", y, k)


@pytest.mark.parametrize("method", ["forward", "backward", "predict", "check_targets"])
def test_the_base_class_leaves_the_rest_to_its_losses(method):
    arguments = {"forward": 2, "backward": 0, "predict": 1, "check_targets": 3}[method]
    with pytest.raises(NotImplementedError):
        getattr(Loss(), method)(*[None] * arguments)
