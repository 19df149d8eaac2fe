"""The checker is checked: it passes what is right, rejects every planted error, and says where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal

from nnbook.activations import relu_derivative, softmax
from nnbook.gradient_check import gradient_check, numerical_gradient
from nnbook.preprocessing import one_hot_encode
from nnbook.two_layer import NeuralNetwork

NAMES = ("W1", "b1", "W2", "b2")


def sum_of_squares(parameters):
    return sum(np.sum(p**2) for p in parameters.values())


# --- On functions whose gradient is known --------------------------------------------------------


@given(
    w=arrays(
        np.float64,
        array_shapes(min_dims=0, max_dims=3, max_side=4),
        elements=st.floats(-10, 10, allow_subnormal=False),
    )
)
def test_numerical_gradient_of_squares(w):
    numeric = numerical_gradient(sum_of_squares, {"w": w, "v": np.ones(2)})
    assert [*numeric] == ["w", "v"]
    assert_allclose(numeric["w"], 2 * w, atol=1e-6)
    assert_allclose(numeric["v"], [2, 2], rtol=1e-6)


def test_central_differences_are_exact_to_second_order():
    (error_1, error_2) = (
        numerical_gradient(lambda p: p["w"] ** 3, {"w": np.array(1.0)}, step)["w"] - 3
        for step in (1e-2, 1e-3)
    )
    assert_allclose([error_1, error_2], [1e-4, 1e-6], rtol=1e-4)  # step squared, not step


@given(data=st.data())
def test_reports_the_worst_coordinate(data):
    parameters = {"a": np.array([[1.0, 2], [3, 4]]), "b": np.array([5.0, 6, 7])}
    gradients = {name: 2 * p for name, p in parameters.items()}
    name = data.draw(st.sampled_from(["a", "b"]))
    index = data.draw(st.sampled_from([*np.ndindex(parameters[name].shape)]))
    right = gradients[name][index]
    gradients[name][index] *= 1.001

    result = gradient_check(sum_of_squares, parameters, gradients)
    assert not result.passed
    assert (result.parameter, result.index) == (name, index)
    assert result.analytic == 1.001 * right
    assert_allclose(result.numeric, right, rtol=1e-7)
    assert_allclose(result.relative_error, 0.001 / 1.001, rtol=1e-3)


def test_prints_as_one_line():
    parameters = {"w": np.array([[1.0, 2.0]])}
    right = gradient_check(sum_of_squares, parameters, {"w": np.array([[2.0, 4.0]])})
    wrong = gradient_check(sum_of_squares, parameters, {"w": np.array([[2.0, 5.0]])})
    assert str(right).startswith("passed: worst at w[0, ")
    assert str(wrong).startswith("FAILED: worst at w[0, 1], analytic 5, numeric 4")
    assert str(wrong).endswith("relative error 2.0e-01 (tolerance 1e-06)")


def test_tolerance_decides():
    parameters, gradients = {"w": np.array([1.0])}, {"w": np.array([2.02])}
    assert not gradient_check(sum_of_squares, parameters, gradients, tolerance=0.009).passed
    assert gradient_check(sum_of_squares, parameters, gradients, tolerance=0.011).passed


def test_rounding_next_to_a_large_derivative_is_no_error():
    parameters, gradients = {"w": np.array([0.0, 1e3])}, {"w": np.array([1e-10, 2e3])}
    assert gradient_check(sum_of_squares, parameters, gradients).passed


def test_a_gradient_of_zeros_is_right_where_nothing_changes():
    assert gradient_check(lambda p: 1.0, {"w": np.ones(2)}, {"w": np.zeros(2)}).passed


# --- On the network, with planted errors ---------------------------------------------------------

rng = np.random.default_rng(0)
# Square layers, so that a transposed matrix fits; one sample more, so that m is no layer's size.
NETWORK = NeuralNetwork(4, 4, 4, rng=rng)
NETWORK.b1 += 0.1 * rng.normal(size=(4, 1))
X, Y = rng.normal(size=(4, 5)), one_hot_encode([0, 1, 2, 3, 1], 4)
PARAMETERS = {name: getattr(NETWORK, name) for name in NAMES}


def network_loss(_parameters):
    return NETWORK.compute_loss(Y, NETWORK.forward(X))


def gradients(planted=None):
    """Backpropagation with, where `planted` says so, one mistake that people make."""
    m = X.shape[1]
    A2 = NETWORK.forward(X)
    Z1, A1, W2 = NETWORK.Z1, NETWORK.A1, NETWORK.W2
    mask = relu_derivative(Z1)

    if planted == "softmax twice":
        A2 = softmax(A2, axis=0)
    dZ2 = Y - A2 if planted == "sign" else A2 - Y
    if planted == "1/m missing":
        m = 1
    if planted == "1/m twice":
        m = m**2
    if planted == "mask after the activation":
        mask = A1 >= 0  # always true
    if planted == "mask of the output":
        mask = relu_derivative(W2.T @ dZ2)
    if planted == "transposed weights":
        W2 = W2.T
    if planted == "activations of another batch":
        NETWORK.forward(X + 0.1)
        A1 = NETWORK.A1
    dZ1 = (W2.T @ dZ2) * mask
    result = {
        "W1": dZ1 @ X.T / m,
        "b1": dZ1.sum(axis=1, keepdims=True) / m,
        "W2": dZ2 @ A1.T / m,
        "b2": dZ2.sum(axis=1, keepdims=True) / m,
    }
    if planted == "transposed gradient":
        result["W1"] = result["W1"].T
    if planted == "bias of one sample":
        result["b1"] = dZ1[:, :1] / m
    if planted == "bias summed, not averaged":
        result["b2"] = result["b2"] * m
    if planted == "0.1 % at one coordinate":
        result["W1"][np.unravel_index(np.abs(result["W1"]).argmin(), (4, 4))] *= 1.001
    return result


def test_the_setting_can_tell_every_planted_error():
    NETWORK.forward(X)
    assert np.abs(NETWORK.Z1).min() > 1e-3  # away from the kink
    assert (NETWORK.Z1 < 0).any()
    assert (gradients()["W1"] != 0).all()


def test_the_right_gradients_pass():
    result = gradient_check(network_loss, PARAMETERS, gradients(), tolerance=1e-7)
    assert result.passed, result


@pytest.mark.parametrize(
    "planted",
    [
        "softmax twice",
        "sign",
        "1/m missing",
        "1/m twice",
        "mask after the activation",
        "mask of the output",
        "transposed weights",
        "transposed gradient",
        "activations of another batch",
        "bias of one sample",
        "bias summed, not averaged",
        "0.1 % at one coordinate",
    ],
)
def test_every_planted_error_is_rejected(planted):
    result = gradient_check(network_loss, PARAMETERS, gradients(planted))
    assert not result.passed
    assert result.relative_error > 5e-4, "too close to the tolerance to be a test"


def test_a_loss_that_is_not_the_one_differentiated_is_rejected():
    """The seed's log(A2 + 1e-8), where the network is confidently wrong."""
    logits, y = np.array([[-18.0], [0.0]]), one_hot_encode([0], 2)
    result = gradient_check(
        lambda p: -np.sum(y * np.log(softmax(p["z"], axis=0) + 1e-8)),
        {"z": logits},
        {"z": softmax(logits, axis=0) - y},
    )
    assert result.relative_error > 0.3


# --- What it leaves behind -----------------------------------------------------------------------


@pytest.mark.parametrize("evaluations", [0, 1, 5])
def test_restores_the_parameters_whatever_the_loss_does(evaluations):
    parameters = {"w": np.arange(3.0), "v": np.ones((2, 2))}
    calls = iter(range(evaluations))

    def loss(p):
        if next(calls, None) is None:
            raise ZeroDivisionError
        return sum_of_squares(p)

    with pytest.raises(ZeroDivisionError):
        numerical_gradient(loss, parameters)
    assert_array_equal(parameters["w"], np.arange(3.0))
    assert_array_equal(parameters["v"], np.ones((2, 2)))


def test_changes_neither_parameters_nor_gradients():
    parameters, expected = {"w": np.array([0.1, 1e-3])}, {"w": np.array([0.2, 2e-3])}
    gradient_check(sum_of_squares, parameters, expected)
    assert_array_equal(parameters["w"], [0.1, 1e-3])
    assert_array_equal(expected["w"], [0.2, 2e-3])


# --- Bad input -----------------------------------------------------------------------------------

ONES = {"w": np.ones(2)}
FLOAT32 = {"w": np.ones(2, np.float32)}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (sum_of_squares, FLOAT32, ONES),
            TypeError,
            "parameters.'w'. is float32, expected a float64",
        ),
        (
            (sum_of_squares, ONES, FLOAT32),
            TypeError,
            "gradients.'w'. is float32, expected a float64",
        ),
        ((sum_of_squares, {"w": [1.0]}, ONES), TypeError, "parameters.'w'. is list, expected"),
        ((sum_of_squares, {}, {}), ValueError, "is empty, expected at least one named array"),
        ((sum_of_squares, {"w": np.ones(0)}, ONES), ValueError, "parameters.'w'. is empty"),
        (
            (sum_of_squares, {"w": np.array([1, np.nan])}, ONES),
            ValueError,
            r"parameters.'w'. contains nan at index \(1,\), expected finite",
        ),
        (
            (sum_of_squares, ONES, {"v": np.ones(2)}),
            ValueError,
            r"gradients has names \['v'\], expected \['w'\]",
        ),
        (
            (sum_of_squares, ONES, {"w": np.ones(3)}),
            ValueError,
            r"gradients.'w'. has shape \(3,\), expected \(2,\)",
        ),
        ((lambda p: np.float32(1), ONES, ONES), TypeError, "loss returned float32"),
        ((lambda p: p["w"], ONES, ONES), TypeError, r"loss returned float64 of shape \(2,\)"),
        ((lambda p: np.nan, ONES, ONES), ValueError, "the loss contains nan"),
        ((sum_of_squares, ONES, ONES, 0), ValueError, "step is 0, expected a positive"),
        (
            (sum_of_squares, ONES, ONES, 1e-5, -1),
            ValueError,
            "tolerance is -1, expected a positive",
        ),
    ],
)
def test_gradient_check_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        gradient_check(*arguments)
