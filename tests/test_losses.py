"""Cross-entropy: its algebra, its exactness where a network is confidently wrong, its gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.activations import softmax, softmax_jacobian
from nnbook.gradient_check import gradient_check
from nnbook.losses import cross_entropy, softmax_cross_entropy, softmax_cross_entropy_gradient
from nnbook.preprocessing import one_hot_encode


@st.composite
def problems(draw, limit=1e4, soft=None, dtypes=(np.float64,), fewest_classes=1):
    """Logits of shape (m, K) and targets: integer labels or, if soft, distributions."""
    m, num_classes = draw(st.integers(1, 5)), draw(st.integers(fewest_classes, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.uniform(-limit, limit, (m, num_classes)).astype(draw(st.sampled_from(dtypes)))
    if draw(st.booleans()) if soft is None else soft:
        return logits, rng.dirichlet(np.ones(num_classes), m)
    return logits, rng.integers(0, num_classes, m)


# --- Values --------------------------------------------------------------------------------------


@given(problem=problems(dtypes=[np.float32, np.float64]))
def test_never_negative_and_finite(problem):
    loss = softmax_cross_entropy(*problem)
    assert type(loss) is float
    assert 0 <= loss < np.inf


@given(problem=problems(limit=50))
def test_both_forms_agree(problem):
    logits, y = problem
    Y = y.T if y.ndim == 2 else one_hot_encode(y, logits.shape[1])
    expected = cross_entropy(Y, softmax(logits).T)
    assert_allclose(softmax_cross_entropy(logits, y), expected, rtol=1e-12, atol=1e-14)


@given(problem=problems(soft=False))
def test_labels_and_their_one_hot_rows_are_the_same(problem):
    logits, y = problem
    Y = one_hot_encode(y, logits.shape[1])
    assert softmax_cross_entropy(logits, y) == softmax_cross_entropy(logits, Y.T)
    assert_array_equal(
        softmax_cross_entropy_gradient(logits, y), softmax_cross_entropy_gradient(logits, Y.T)
    )


@given(problem=problems(limit=5, soft=True))
def test_smallest_at_the_true_distribution_where_it_is_the_entropy(problem):
    logits, y = problem
    entropy = -np.sum(y * np.log(y)) / len(y)
    assert_allclose(cross_entropy(y.T, y.T), entropy, rtol=1e-12, atol=1e-15)
    assert_allclose(softmax_cross_entropy(np.log(y), y), entropy, rtol=1e-12, atol=1e-15)
    assert softmax_cross_entropy(logits, y) >= entropy - 1e-12


@given(problem=problems(limit=100), shift=st.floats(-1e4, 1e4))
def test_ignores_a_shift_of_the_logits(problem, shift):
    logits, y = problem
    expected = softmax_cross_entropy(logits, y)
    assert_allclose(softmax_cross_entropy(logits + shift, y), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("num_classes", [1, 2, 10])
def test_no_knowledge_costs_the_logarithm_of_the_number_of_classes(num_classes):
    y = np.arange(num_classes)
    assert_allclose(
        softmax_cross_entropy(np.zeros((num_classes, num_classes)), y), np.log(num_classes)
    )


@given(problem=problems())
def test_value_against_pytorch(torch, problem):
    logits, y = problem
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(y)).item()
    assert_allclose(softmax_cross_entropy(logits, y), expected, rtol=1e-13, atol=1e-14)


def test_confidently_wrong_costs_the_gap_between_the_scores():
    assert softmax_cross_entropy([[1e4, -1e4]], [1]) == 2e4


@pytest.mark.parametrize("p", [1e-5, 1e-8, 1e-100, 1e-300])
def test_cross_entropy_is_exact_for_small_probabilities(p):
    assert_allclose(cross_entropy([[1.0], [0.0]], [[p], [1 - p]]), -np.log(p), rtol=1e-15)


def test_cross_entropy_is_finite_where_a_probability_underflowed():
    assert_allclose(cross_entropy([[1.0], [0.0]], [[0.0], [1.0]]), 708.4, atol=0.01)


# --- Gradient: three oracles ---------------------------------------------------------------------


# In a single class the gradient is 0, and nothing is there to be compared.
@given(problem=problems(limit=3, fewest_classes=2))
def test_gradient_against_central_differences(problem):
    logits, y = problem
    result = gradient_check(
        lambda p: softmax_cross_entropy(p["logits"], y),
        {"logits": logits},
        {"logits": softmax_cross_entropy_gradient(logits, y)},
    )
    assert result.passed, result


@given(problem=problems(limit=1e3))
def test_gradient_against_pytorch(torch, problem):
    logits, y = problem
    t = torch.tensor(logits, requires_grad=True)
    torch.nn.functional.cross_entropy(t, torch.tensor(y)).backward()
    assert_allclose(
        softmax_cross_entropy_gradient(logits, y), t.grad.numpy(), rtol=1e-12, atol=1e-15
    )


@given(problem=problems(dtypes=[np.float32, np.float64]))
def test_gradient_rows_sum_to_zero_in_the_dtype_of_the_logits(problem):
    logits, y = problem
    gradient = softmax_cross_entropy_gradient(logits, y)
    assert (gradient.shape, gradient.dtype) == (logits.shape, logits.dtype)
    assert_allclose(gradient.sum(axis=1), 0, atol=8 * np.finfo(logits.dtype).eps)


@given(problem=problems(limit=3, soft=True))
def test_gradient_is_the_chain_rule_through_the_softmax_jacobian(problem):
    logits, y = problem
    through_p = -y / softmax(logits) / len(y)
    chained = np.einsum("mk,mkj->mj", through_p, softmax_jacobian(logits))
    assert_allclose(softmax_cross_entropy_gradient(logits, y), chained, atol=1e-13)


# --- Bad input -----------------------------------------------------------------------------------

LOGITS = np.zeros((2, 3))


@pytest.mark.parametrize("function", [softmax_cross_entropy, softmax_cross_entropy_gradient])
@pytest.mark.parametrize(
    ("logits", "y", "error", "message"),
    [
        ([0.0, 1.0], [0], ValueError, r"logits has shape \(2,\), expected \(samples, classes\)"),
        (np.zeros((0, 3)), [], ValueError, r"logits has shape \(0, 3\), expected"),
        ([[0, np.nan]], [0], ValueError, r"logits contains nan at index \(0, 1\), expected finite"),
        ([["a"]], [0], TypeError, "logits has dtype <U1, expected real numbers"),
        (LOGITS, [0], ValueError, "y has 1 labels, expected 2"),
        (LOGITS, [0, 3], ValueError, "y contains the label 3, expected 0 to 2"),
        (LOGITS, [0.0, 1.0], TypeError, "y has dtype float64, expected integer labels"),
        (LOGITS, np.zeros((2, 3, 1), int), ValueError, r"y has shape \(2, 3, 1\), expected 1"),
        (LOGITS, np.ones((2, 3)), ValueError, "y.* sums to 3, expected 1"),
        (LOGITS, np.ones((2, 1)), ValueError, "y.* shape .*expected 3"),
    ],
)
def test_softmax_cross_entropy_refuses(function, logits, y, error, message):
    with pytest.raises(error, match=message):
        function(logits, y)


@pytest.mark.parametrize(
    ("Y", "P", "message"),
    [
        ([[1.0]], [1.0], r"P has shape \(1,\), expected"),
        ([[1.0]], [[np.nan]], r"P contains nan at index \(0, 0\), expected finite"),
        ([[1.0]], [[1.5]], "P lies from 1.5 to 1.5, expected probabilities"),
        ([[1.0]], [[-0.5]], "P lies from -0.5 to -0.5, expected probabilities"),
        ([[1.0, 1.0]], [[1.0]], r"Y has shape \(1, 2\): 2 columns, expected 1"),
        ([[0.5]], [[1.0]], "Y: column 0 sums to 0.5, expected 1"),
        (np.ones((1, 0)), np.ones((1, 0)), "P is empty"),
    ],
)
def test_cross_entropy_refuses(Y, P, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(Y, P)
