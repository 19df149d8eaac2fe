"""Activation functions: algebra over shapes, dtypes and magnitudes, and every derivative held
against central differences and against PyTorch in double precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import activations
from nnbook.activations import (
    ActivationFunctions,
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    softmax,
    softmax_jacobian,
    tanh,
    tanh_derivative,
)
from nnbook.gradient_check import gradient_check

PAIRS = {"sigmoid": sigmoid_derivative, "tanh": tanh_derivative, "relu": relu_derivative}
ELEMENTWISE = [sigmoid, tanh, relu, *PAIRS.values()]


def reals(limit, min_dims=0, dtypes=(np.float32, np.float64), max_dims=3):
    """Arrays of any shape with elements from -limit to limit."""
    shapes = array_shapes(min_dims=min_dims, max_dims=max_dims, max_side=5)
    return st.sampled_from(dtypes).flatmap(
        lambda dtype: arrays(
            dtype, shapes, elements=st.floats(-limit, limit, width=8 * np.dtype(dtype).itemsize)
        )
    )


def close(actual, expected, ulps=8):
    """Assert equality up to some roundings of the dtype at hand."""
    info = np.finfo(np.asarray(actual).dtype)
    assert_allclose(actual, expected, rtol=ulps * info.eps, atol=ulps * info.tiny)


# --- Element by element --------------------------------------------------------------------------


@pytest.mark.parametrize("function", ELEMENTWISE)
@given(z=reals(1e4))
def test_keeps_shape_and_dtype_and_stays_finite(function, z):
    value = function(z)
    assert (np.shape(value), value.dtype) == (z.shape, z.dtype)
    assert np.isfinite(value).all()


@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, softmax_jacobian])
def test_integers_lists_and_half_precision(function):
    assert function([-1, 0, 2]).dtype == np.float64
    assert_array_equal(function([-1, 0, 2]), function(np.array([-1.0, 0, 2])))
    assert function(np.array([-1, 0, 2], np.float16)).dtype == np.float16


@pytest.mark.parametrize(
    ("function", "lowest", "highest"),
    [
        (sigmoid, 0, 1),
        (sigmoid_derivative, 0, 1 / 4),
        (tanh, -1, 1),
        (tanh_derivative, 0, 1),
        (relu, 0, 1e4),
        (relu_derivative, 0, 1),
    ],
)
@given(z=reals(1e4))
def test_range(function, lowest, highest, z):
    value = function(z)
    assert (value >= lowest).all()
    assert (value <= highest * (1 + 2 * np.finfo(z.dtype).eps)).all()


@given(z=reals(1e4))
def test_sigmoid_is_symmetric_about_one_half(z):
    assert_allclose(sigmoid(-z), 1 - sigmoid(z), rtol=0, atol=2 * np.finfo(z.dtype).eps)


@given(z=reals(50))
def test_tanh_is_a_stretched_sigmoid(z):
    assert_allclose(tanh(z), 2 * sigmoid(2 * z) - 1, rtol=0, atol=4 * np.finfo(z.dtype).eps)


@given(z=reals(1e4))
def test_relu_splits_a_number(z):
    assert_array_equal(relu(z) - relu(-z), z)
    assert_array_equal(relu(z) + relu(-z), np.abs(z))
    assert_array_equal(relu(z), z * relu_derivative(z))


@given(z=reals(1e4))
def test_derivative_identities(z):
    close(sigmoid_derivative(z), sigmoid(z) * sigmoid(-z))
    close(tanh_derivative(z), 4 * sigmoid_derivative(2 * z))


def test_values_known_by_heart():
    close(sigmoid(0), 0.5)
    close(sigmoid(np.log(3)), 0.75)
    close(sigmoid_derivative(0), 0.25)
    close(tanh(np.log(2)), 0.6)
    close(tanh_derivative(np.log(2)), 0.64)
    assert_array_equal(relu([-2, 0, 3]), [0, 0, 3])
    assert_array_equal(relu_derivative([-2, 0, 3]), [0, 0, 1])


def test_derivatives_keep_their_precision_in_saturation():
    close(sigmoid_derivative(40), np.exp(-40))
    close(tanh_derivative(20), 4 * np.exp(-40))


# --- Derivatives: three oracles ------------------------------------------------------------------

away_from_the_kink = arrays(
    np.float64, (2, 3), elements=st.floats(0.01, 4).flatmap(lambda x: st.sampled_from([x, -x]))
)


@pytest.mark.parametrize("name", PAIRS)
@given(z=away_from_the_kink)
def test_derivative_against_central_differences(name, z):
    function = getattr(activations, name)
    result = gradient_check(lambda p: np.sum(function(p["z"])), {"z": z}, {"z": PAIRS[name](z)})
    assert result.passed, result


@pytest.mark.parametrize("name", PAIRS)
@given(z=reals(1e4, dtypes=[np.float64]))
def test_value_and_derivative_against_pytorch(torch, name, z):
    t = torch.tensor(z, requires_grad=True)
    value = getattr(torch, name)(t)
    value.sum().backward()
    expected, tiny = value.detach().numpy(), np.finfo(np.float64).tiny
    assert_allclose(getattr(activations, name)(z), expected, rtol=1e-14, atol=tiny)
    # PyTorch computes 1 - tanh², which loses digits in saturation: hence the absolute tolerance.
    assert_allclose(PAIRS[name](z), t.grad.numpy(), rtol=1e-12, atol=1e-15)


# --- Softmax -------------------------------------------------------------------------------------

scores = reals(1e4, min_dims=1)


@given(z=scores)
def test_softmax_is_a_distribution(z):
    p = softmax(z)
    assert (p.shape, p.dtype) == (z.shape, z.dtype)
    assert (p >= 0).all()
    close(p.sum(axis=-1), np.ones(z.shape[:-1], z.dtype))


@given(z=reals(100, min_dims=1, dtypes=[np.float64]), shift=st.floats(-1e4, 1e4))
def test_softmax_ignores_a_shift(z, shift):
    assert_allclose(softmax(z + shift), softmax(z), rtol=1e-10)


@given(z=scores, data=st.data())
def test_softmax_follows_a_permutation(z, data):
    order = data.draw(st.permutations(range(z.shape[-1])))
    close(softmax(z[..., order]), softmax(z)[..., order])


@given(z=scores, data=st.data())
def test_softmax_along_any_axis(z, data):
    axis = data.draw(st.integers(-z.ndim, z.ndim - 1))
    close(softmax(z, axis), np.moveaxis(softmax(np.moveaxis(z, axis, -1)), -1, axis))


@given(z=scores)
def test_softmax_keeps_the_order_of_the_scores(z):
    ordered = np.take_along_axis(softmax(z), z.argsort(axis=-1), axis=-1)
    assert (np.diff(ordered, axis=-1) >= 0).all()


@given(z=reals(1e4, dtypes=[np.float64]))
def test_softmax_of_two_classes_is_the_sigmoid(z):
    close(softmax(np.stack([z, np.zeros_like(z)], axis=-1))[..., 0], sigmoid(z))


def test_softmax_gives_no_probability_to_minus_infinity():
    assert_array_equal(softmax([-np.inf, 0, -np.inf]), [0, 1, 0])


@given(z=scores)
def test_jacobian_is_symmetric_with_zero_row_sums(z):
    J, p = softmax_jacobian(z), softmax(z)
    assert (J.shape, J.dtype) == ((*z.shape, z.shape[-1]), z.dtype)
    close(J, np.swapaxes(J, -1, -2))
    assert_allclose(J.sum(axis=-1), 0, atol=4 * np.finfo(z.dtype).eps)
    close(np.diagonal(J, axis1=-2, axis2=-1), p * (1 - p))


@given(z=reals(3, min_dims=1, max_dims=1, dtypes=[np.float64]))
def test_jacobian_against_central_differences(z):
    J = softmax_jacobian(z)
    for i in range(len(z)):
        result = gradient_check(lambda p, i=i: softmax(p["z"])[i], {"z": z}, {"z": J[i]})
        assert result.passed, result


@given(z=reals(30, min_dims=1, max_dims=1, dtypes=[np.float64]))
def test_jacobian_against_pytorch(torch, z):
    expected = torch.autograd.functional.jacobian(
        lambda t: torch.softmax(t, dim=-1), torch.tensor(z)
    )
    assert_allclose(softmax_jacobian(z), expected.numpy(), rtol=1e-12, atol=1e-15)


# --- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, softmax_jacobian])
@pytest.mark.parametrize("z", ["text", [1j], None])
def test_what_is_no_real_number_is_refused(function, z):
    with pytest.raises(TypeError, match="z has dtype .*, expected real numbers"):
        function(z)


@pytest.mark.parametrize("function", [softmax, softmax_jacobian])
@pytest.mark.parametrize(
    ("z", "message"),
    [
        (1.0, r"z has shape \(\), expected"),
        (np.ones((2, 0)), r"z has shape \(2, 0\), expected"),
        ([0, np.nan], "z .*nan.*, expected a finite"),
        ([0, np.inf], "z .*inf.*, expected a finite"),
        ([[0, 1], [-np.inf, -np.inf]], "z .*inf.*, expected a finite"),
    ],
)
def test_softmax_refuses_what_has_no_finite_maximum(function, z, message):
    with pytest.raises(ValueError, match=message):
        function(z)


# --- The seed's names ----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, softmax_jacobian])
def test_activation_functions_gathers_them_all(function):
    assert getattr(ActivationFunctions, function.__name__) is function
    assert getattr(ActivationFunctions(), function.__name__) is function


def test_activation_functions_softmax_takes_one_sample_a_row(rng):
    Z2 = rng.normal(size=(3, 7))
    assert_allclose(ActivationFunctions.softmax(Z2.T).T.sum(axis=0), 1)
