"""The checks at the door: what passes unchanged, and what each message says."""

import re

import numpy as np
import pytest

from nnbook.validation import (
    check_choice,
    check_count,
    check_distributions,
    check_finite,
    check_fraction,
    check_labels,
    check_matrix,
    check_nonnegative,
    check_number,
    check_numeric,
    check_positive,
    check_probabilities,
    require_finite,
)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_check_numeric_keeps_floats(dtype):
    value = np.ones((2, 3), dtype)
    assert check_numeric("z", value) is value


@pytest.mark.parametrize("value", [[1, 2], (True, False), np.arange(2, dtype=np.uint8)])
def test_check_numeric_makes_integers_float64(value):
    array = check_numeric("z", value)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, value)


@pytest.mark.parametrize(
    ("check", "arguments", "error", "message"),
    [
        (check_numeric, ("z", ["a"]), TypeError, "z has dtype <U1, expected real numbers"),
        (check_numeric, ("z", [1j]), TypeError, "z has dtype complex128, expected real numbers"),
        (check_numeric, ("z", None), TypeError, "z has dtype object, expected real numbers"),
        (check_finite, ("z", np.float64("nan")), ValueError, "z contains nan, expected finite"),
        (
            check_finite,
            ("z", np.array([[0, 1], [-np.inf, np.nan]])),
            ValueError,
            "z contains -inf at index (1, 0), expected finite numbers",
        ),
        (check_matrix, ("X", [1.0]), ValueError, "X has shape (1,), expected 2 dimensions"),
        (check_matrix, ("X", np.ones((2, 0))), ValueError, "X is empty: shape (2, 0)"),
        (
            check_matrix,
            ("X", np.ones((2, 3)), (5, "features")),
            ValueError,
            "X has shape (2, 3): 2 rows, expected 5 (features)",
        ),
        (
            check_matrix,
            ("X", np.ones((2, 3)), (2, "features"), (4, "samples")),
            ValueError,
            "X has shape (2, 3): 3 columns, expected 4 (samples)",
        ),
        (check_matrix, ("X", [[np.inf]]), ValueError, "X contains inf at index (0, 0)"),
        (
            check_distributions,
            ("Y", [[1.5], [-0.5]], 2, 1),
            ValueError,
            "Y contains -0.5, expected probabilities of at least 0",
        ),
        (
            check_distributions,
            ("Y", [[1, 0.4], [0, 0.4]], 2, 2),
            ValueError,
            "Y: column 1 sums to 0.8, expected 1",
        ),
        (check_probabilities, ("P", [1.0]), ValueError, "P has shape (1,), expected"),
        (check_probabilities, ("P", [[np.nan]]), ValueError, "P contains nan at index (0, 0)"),
        (
            check_probabilities,
            ("P", [[-0.5], [1.5]]),
            ValueError,
            "P lies from -0.5 to 1.5, expected probabilities",
        ),
        (check_labels, ("y", 3), ValueError, "y has shape (), expected 1 dimension"),
        (check_labels, ("y", [[0], [1]]), ValueError, "y has shape (2, 1), expected 1 dimension"),
        (check_labels, ("y", []), ValueError, "y is empty, expected at least one label"),
        (check_labels, ("y", [0.0, 1.0]), TypeError, "y has dtype float64, expected integer"),
        (check_labels, ("y", [True]), TypeError, "y has dtype bool, expected integer labels"),
        (check_labels, ("y", [0, 3], 3), ValueError, "y contains the label 3, expected 0 to 2"),
        (check_labels, ("y", [0, -1], 3), ValueError, "y contains the label -1, expected 0 to 2"),
        (check_count, ("epochs", 0), ValueError, "epochs is 0, expected at least 1"),
        (check_count, ("epochs", 2.0), TypeError, "epochs is 2.0, expected an integer"),
        (check_count, ("epochs", True), TypeError, "epochs is True, expected an integer"),
        (check_count, ("epochs", None), TypeError, "epochs is None, expected an integer"),
        (check_count, ("rng", -1, 0), ValueError, "rng is -1, expected at least 0"),
        (check_positive, ("step", 0), ValueError, "step is 0, expected a positive, finite number"),
        (check_positive, ("step", -0.1), ValueError, "step is -0.1, expected a positive"),
        (check_positive, ("step", np.inf), ValueError, "step is inf, expected a positive"),
        (check_positive, ("step", np.nan), ValueError, "step is nan, expected a positive"),
        (check_positive, ("step", "1"), TypeError, "step is '1', expected a number"),
        (check_positive, ("step", False), TypeError, "step is False, expected a number"),
        (check_number, ("scale", np.nan), ValueError, "scale is nan, expected a finite number"),
        (check_nonnegative, ("l2", -1), ValueError, "l2 is -1, expected 0 or a positive, finite"),
        (check_fraction, ("rate", 1), ValueError, "rate is 1, expected a number from 0 to below 1"),
        (check_fraction, ("rate", -0.1), ValueError, "rate is -0.1, expected a number from 0"),
        (check_choice, ("kind", "c", "ab"), ValueError, "kind is 'c', expected one of a, b"),
        (check_choice, ("kind", 1, "ab"), TypeError, "kind is 1, expected one of a, b"),
    ],
)
def test_refusals(check, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check(*arguments)


def test_check_matrix_returns_float64_without_copying_it(rng):
    value = np.asfortranarray(rng.normal(size=(2, 3)))
    assert check_matrix("X", value, rows=(2, "features"), columns=(3, "samples")) is value
    assert check_matrix("X", value.astype(np.float32)).dtype == np.float64


def test_check_distributions_allows_rounding():
    Y = np.array([[1 / 3], [1 / 3], [1 / 3]], np.float32)
    assert check_distributions("Y", Y, 3, 1).dtype == np.float64


@pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1)])
def test_check_count_returns_int(value):
    assert type(check_count("epochs", value)) is int


def test_check_finite_is_not_fooled_by_a_sum_that_overflows():
    check_finite("z", np.full(3, 1e308))
    with pytest.raises(ValueError, match="z contains nan at index .1,."):
        check_finite("z", np.array([1e308, np.nan, 1e308]))


@pytest.mark.parametrize(
    ("check", "value"), [(check_number, -2), (check_nonnegative, 0), (check_fraction, 0)]
)
def test_the_ends_of_a_range_are_accepted_as_floats(check, value):
    assert check("scale", value) == value
    assert type(check("scale", value)) is float


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), 1e-300])
def test_check_positive_returns_float(value):
    assert check_positive("step", value) == value
    assert type(check_positive("step", value)) is float


def test_require_finite_names_the_array():
    require_finite(W1=np.ones(2))
    with pytest.raises(FloatingPointError, match="b1 holds nan or inf"):
        require_finite(W1=np.ones(2), b1=np.array([np.nan]))
