"""Checks at the door: every public function refuses bad input here, in one wording.

Each message names the argument, what came and what was expected. A wrong type raises
``TypeError``, a wrong value or shape ``ValueError``. A computation that overflowed raises
``FloatingPointError``.
"""

from numbers import Integral, Real

import numpy as np


def check_numeric(name, value):
    """Return `value` as a real NumPy array; integers and booleans become float64."""
    array = np.asarray(value)
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} has dtype {array.dtype}, expected real numbers")
    return array


def check_finite(name, array):
    """Refuse NaN and infinity, telling where the first one stands."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):  # no copy; a sum that overflowed says nothing yet
            return
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        where = f" at index {index}" if index else ""
        raise ValueError(f"{name} contains {array[index]}{where}, expected finite numbers")


def check_cast(name, array, dtype):
    """Return the finite `array` in `dtype`, refusing numbers that are too large for it."""
    check_finite(name, array)
    with np.errstate(over="ignore"):
        cast = array.astype(dtype, copy=False)
    if not np.isfinite(cast).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(cast))[0])
        raise ValueError(f"{name} contains {array[index]} at index {index}, too large for {dtype}")
    return cast


def check_matrix(name, value, rows=None, columns=None):
    """Return `value` as a finite, non-empty float64 matrix with as many rows and columns as given.

    `rows` and `columns` are pairs of a number and what it counts, such as ``(20, "features")``.
    """
    array = check_numeric(name, value)
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}, expected 2 dimensions")
    if array.size == 0:
        raise ValueError(f"{name} is empty: shape {array.shape}, expected at least one value")
    for axis, wanted, noun in ((0, rows, "rows"), (1, columns, "columns")):
        if wanted and array.shape[axis] != wanted[0]:
            raise ValueError(
                f"{name} has shape {array.shape}: {array.shape[axis]} {noun}, "
                f"expected {wanted[0]} ({wanted[1]})"
            )
    array = array.astype(np.float64, copy=False)
    check_finite(name, array)
    return array


def check_distributions(name, value, num_classes, samples):
    """Return `value` as a float64 matrix whose columns are distributions over the classes."""
    array = check_matrix(name, value, (num_classes, "classes"), (samples, "samples"))
    if (array < 0).any():
        raise ValueError(f"{name} contains {array.min()}, expected probabilities of at least 0")
    sums = array.sum(axis=0)
    worst = np.abs(sums - 1).argmax()
    if abs(sums[worst] - 1) > 1e-6:
        raise ValueError(f"{name}: column {worst} sums to {sums[worst]:g}, expected 1")
    return array


def check_probabilities(name, value):
    """Return `value` as a finite, non-empty float64 matrix of numbers from 0 to 1."""
    array = check_matrix(name, value)
    if ((array < 0) | (array > 1 + 1e-6)).any():
        low, high = array.min(), array.max()
        raise ValueError(f"{name} lies from {low:g} to {high:g}, expected probabilities")
    return array


def check_labels(name, value, num_classes=None):
    """Return `value` as a 1-D, non-empty array of integers from 0 to ``num_classes - 1``."""
    array = np.asarray(value)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected 1 dimension (one label each)")
    if array.size == 0:
        raise ValueError(f"{name} is empty, expected at least one label")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}, expected integer labels")
    if num_classes is not None:
        wrong = (array < 0) | (array >= num_classes)
        if wrong.any():
            raise ValueError(
                f"{name} contains the label {array[wrong][0]}, "
                f"expected 0 to {num_classes - 1} (num_classes is {num_classes})"
            )
    return array


def check_pair(name, data, second):
    """Return the samples x and what `second` names, y, of a pair."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"{name} is no pair (x, y) of samples and {second}")
    return data


def check_data(name, data):
    """Return `data` as finite float32 samples, one a row, and an integer label for each."""
    x, y = check_pair(name, data, "labels")
    x, y = check_numeric(f"{name}: x", x), check_labels(f"{name}: y", y)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"{name}: x has shape {x.shape}, expected (samples, features)")
    if len(x) != len(y):
        raise ValueError(f"{name}: x has {len(x)} rows and y {len(y)} labels, expected as many")
    check_finite(f"{name}: x", x)
    return x.astype(np.float32, copy=False), y


def check_count(name, value, minimum=1):
    """Return `value` as an int of at least `minimum`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}, expected an integer")
    if value < minimum:
        raise ValueError(f"{name} is {value}, expected at least {minimum}")
    return int(value)


def check_number(name, value):
    """Return `value` as a finite float."""
    return _check_range(name, value, lambda v: -float("inf") < v < float("inf"), "a finite number")


def check_positive(name, value):
    """Return `value` as a positive, finite float."""
    return _check_range(name, value, lambda v: 0 < v < float("inf"), "a positive, finite number")


def check_nonnegative(name, value):
    """Return `value` as a finite float of at least 0."""
    return _check_range(name, value, lambda v: 0 <= v < float("inf"), "0 or a positive, finite one")


def check_fraction(name, value):
    """Return `value` as a float from 0 to below 1."""
    return _check_range(name, value, lambda v: 0 <= v < 1, "a number from 0 to below 1")


def check_choice(name, value, choices):
    """Return `value`, one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        error = ValueError if isinstance(value, str) else TypeError
        raise error(f"{name} is {value!r}, expected one of {', '.join(choices)}")
    return value


def require_finite(**computed):
    """Raise FloatingPointError if one of the computed arrays holds NaN or infinity."""
    for name, array in computed.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(f"{name} holds nan or inf: the parameters are too large")


def _check_range(name, value, accepts, expected):
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}, expected a number")
    if not accepts(value):
        raise ValueError(f"{name} is {value}, expected {expected}")
    return float(value)
