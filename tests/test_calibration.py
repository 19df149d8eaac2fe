"""Reliability, calibration error and temperature, against scikit-learn, PyTorch and algebra."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import calibration_curve

from nnbook.activations import softmax
from nnbook.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
    temperature_slope,
)
from nnbook.losses import softmax_cross_entropy


def make_logits(rng, m=200, num_classes=4, scale=2.0):
    """Return logits, and labels drawn from their softmax: the right temperature is about 1."""
    logits = scale * rng.normal(size=(m, num_classes))
    y = [rng.choice(num_classes, p=p) for p in softmax(logits)]
    return logits, np.array(y)


# --- Reliability ---------------------------------------------------------------------------------


def test_bins_of_an_example_done_by_hand():
    P = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.45, 0.55], [0.5, 0.5]])
    found = reliability(P, [0, 0, 0, 1, 1], bins=5)
    assert_allclose(found.edges, [0, 0.2, 0.4, 0.6, 0.8, 1])
    assert found.count.tolist() == [0, 0, 3, 1, 1]
    assert_allclose(found.confidence, [np.nan, np.nan, 0.55, 0.8, 0.9])
    assert_allclose(found.accuracy, [np.nan, np.nan, 2 / 3, 0, 1])
    wanted = (3 * abs(2 / 3 - 0.55) + 1 * 0.8 + 1 * 0.1) / 5
    assert expected_calibration_error(P, [0, 0, 0, 1, 1], bins=5) == pytest.approx(wanted)


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
def test_bins_are_those_of_scikit_learn(bins, rng):
    logits, y = make_logits(rng, m=500)
    P = softmax(logits)
    right, confidence = P.argmax(axis=1) == y, P.max(axis=1)
    accuracy, mean = calibration_curve(right, confidence, n_bins=bins)
    found = reliability(P, y, bins)
    filled = found.count > 0
    assert_allclose(found.accuracy[filled], accuracy)
    assert_allclose(found.confidence[filled], mean)
    assert found.count.sum() == 500


def direct_error(P, y, bins):
    """Add up the definition, bin by bin and sample by sample."""
    total = 0
    for b in range(bins):
        inside = [i for i, p in enumerate(P) if b / bins < p.max() <= (b + 1) / bins]
        gaps = [float(P[i].argmax() == y[i]) - P[i].max() for i in inside]
        total += abs(sum(gaps)) / len(P)
    return total


@given(
    seed=st.integers(0, 2**32), m=st.integers(1, 30), K=st.integers(1, 5), bins=st.integers(1, 20)
)
def test_the_error_is_its_definition_and_a_fraction(seed, m, K, bins):
    rng = np.random.default_rng(seed)
    P, y = softmax(3 * rng.normal(size=(m, K))), rng.integers(0, K, m)
    found = expected_calibration_error(P, y, bins)
    assert found == pytest.approx(direct_error(P, y, bins), abs=1e-12)
    assert 0 <= found <= 1
    # With one bin it is the distance of two means, and a finer partition cannot lower it.
    coarse = abs((P.argmax(axis=1) == y).mean() - P.max(axis=1).mean())
    assert expected_calibration_error(P, y, 1) == pytest.approx(coarse)
    assert found >= coarse - 1e-12


def test_sure_and_right_has_no_error_and_sure_and_wrong_all():
    P = np.eye(3)[[0, 1, 2, 1]]
    assert expected_calibration_error(P, [0, 1, 2, 1]) == 0
    assert expected_calibration_error(P, [1, 2, 0, 0]) == 1
    assert expected_calibration_error(np.full((4, 4), 0.25), [0, 1, 2, 3]) == 0


def test_float32_probabilities_are_taken(rng):
    logits, y = make_logits(rng)
    P = softmax(logits.astype(np.float32))
    assert expected_calibration_error(P, y) == pytest.approx(direct_error(P, y, 15), abs=1e-6)


@pytest.mark.parametrize(
    ("P", "y", "bins", "error", "message"),
    [
        ([0.5, 0.5], [0], 5, ValueError, "probabilities has shape (2,), expected 2 dimensions"),
        ([[0.5, 0.4]], [0], 5, ValueError, "probabilities: row 0 sums to 0.9, expected 1"),
        ([[1.5, -0.5]], [0], 5, ValueError, "probabilities lies from -0.5 to 1.5, expected prob"),
        ([[np.nan, 1]], [0], 5, ValueError, "probabilities contains nan at index (0, 0)"),
        ([["a", "b"]], [0], 5, TypeError, "probabilities has dtype <U1, expected real numbers"),
        ([[0.5, 0.5]], [2], 5, ValueError, "y contains the label 2, expected 0 to 1"),
        ([[0.5, 0.5]], [0.0], 5, TypeError, "y has dtype float64, expected integer labels"),
        ([[0.5, 0.5]], [0, 1], 5, ValueError, "y has 2 labels, expected 1 (the rows of prob"),
        ([[0.5, 0.5]], [0], 0, ValueError, "bins is 0, expected at least 1"),
        ([[0.5, 0.5]], [0], 2.5, TypeError, "bins is 2.5, expected an integer"),
    ],
)
@pytest.mark.parametrize("function", [reliability, expected_calibration_error])
def test_refused(function, P, y, bins, error, message):
    with pytest.raises(error, match=re.escape(message)):
        function(P, y, bins)


# --- Temperature ---------------------------------------------------------------------------------


def test_the_slope_against_central_differences_and_pytorch(torch, rng):
    logits, y = make_logits(rng)
    for T in (0.3, 1.0, 2.5):
        slope = temperature_slope(logits, y, T)
        above, below = (softmax_cross_entropy(logits / t, y) for t in (T + 1e-5, T - 1e-5))
        assert slope == pytest.approx((above - below) / 2e-5, rel=1e-6)
        t = torch.tensor(T, dtype=torch.float64, requires_grad=True)
        torch.nn.functional.cross_entropy(torch.tensor(logits) / t, torch.tensor(y)).backward()
        assert slope == pytest.approx(t.grad.item(), rel=1e-10)


@given(seed=st.integers(0, 2**32), scale=st.floats(0.1, 20))
def test_the_fitted_temperature_is_the_lowest_and_takes_back_a_scale(seed, scale):
    logits, y = make_logits(np.random.default_rng(seed), m=100)
    T = fit_temperature(logits, y)
    assert abs(temperature_slope(logits, y, T)) < 1e-8
    lowest = softmax_cross_entropy(logits / T, y)
    for t in (0.5 * T, 0.99 * T, 1.01 * T, 2 * T, 1.0):
        assert softmax_cross_entropy(logits / t, y) >= lowest - 1e-12
    assert fit_temperature(scale * logits, y) == pytest.approx(scale * T, rel=1e-6)
    shifted = logits + np.arange(100)[:, None]
    assert fit_temperature(shifted, y) == pytest.approx(T, rel=1e-6)


def test_labels_drawn_from_the_softmax_need_no_temperature(rng):
    logits, y = make_logits(rng, m=4000)
    assert fit_temperature(logits, y) == pytest.approx(1, abs=0.1)
    assert fit_temperature(3 * logits, y) == pytest.approx(3, abs=0.3)


def test_no_answer_changes(rng):
    logits, y = make_logits(rng)
    scaled = logits / fit_temperature(logits, y)
    assert_array_equal(scaled.argmax(axis=1), logits.argmax(axis=1))


def test_logits_as_large_as_a_float_can_be(rng):
    logits, y = make_logits(rng)
    assert fit_temperature(1e300 * logits, y) == pytest.approx(1e300 * fit_temperature(logits, y))


@pytest.mark.parametrize(
    ("logits", "y", "message"),
    [
        ([[2.0, 0.0], [0.0, 1.0]], [0, 1], "every answer is right, so the loss falls for ever as"),
        ([[2.0, 0.0], [0.0, 1.0]], [1, 0], "the logits are no better than equal ones"),
        ([[1.0, 1.0], [3.0, 3.0]], [1, 0], "the logits are no better than equal ones"),
    ],
)
def test_where_no_temperature_is_best(logits, y, message):
    with pytest.raises(ValueError, match=message):
        fit_temperature(logits, y)


@pytest.mark.parametrize(
    ("logits", "y", "T", "error", "message"),
    [
        ([1.0, 2.0], [0], 1.0, ValueError, "logits has shape (2,), expected 2 dimensions"),
        ([[1.0, np.inf]], [0], 1.0, ValueError, "logits contains inf at index (0, 1)"),
        ([[1j, 2]], [0], 1.0, TypeError, "logits has dtype complex128, expected real numbers"),
        ([[1.0, 2.0]], [2], 1.0, ValueError, "y contains the label 2, expected 0 to 1"),
        ([[1.0, 2.0]], [0, 1], 1.0, ValueError, "y has 2 labels, expected 1 (the rows of logits)"),
        ([[1.0, 2.0]], [0], 0, ValueError, "temperature is 0, expected a positive, finite number"),
        ([[1.0, 2.0]], [0], "1", TypeError, "temperature is '1', expected a number"),
    ],
)
def test_logits_and_temperatures_refused(logits, y, T, error, message):
    with pytest.raises(error, match=re.escape(message)):
        temperature_slope(logits, y, T)
    if T == 1.0:
        with pytest.raises(error, match=re.escape(message)):
            fit_temperature(logits, y)
