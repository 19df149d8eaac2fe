"""Keras in double precision, the pages' blocks, and what both training functions have to refuse."""

import re
from pathlib import Path

import numpy as np
import pytest

BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture
def page_block():
    """A page's block of Python that is printed, not executed, by what it begins with."""

    def read(slug, start=""):
        text = (BOOK / f"{slug}.md").read_text(encoding="utf-8")
        (code,) = re.findall(rf"^```python\n({re.escape(start)}.*?)^```$", text, re.M | re.S)
        return code

    return read


@pytest.fixture
def keras64(keras_mlp):
    """Keras on the CPU, in float64.

    Its policy for layers is kept from its first use, whatever `floatx` is later, so both are set.
    """
    keras = keras_mlp.keras
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    with keras.device("cpu"):
        yield keras
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


X, y = np.ones((3, 4), np.float32), np.array([0, 1, 2])


@pytest.fixture(
    params=[
        ({"epochs": 0}, ValueError, "epochs is 0, expected at least 1"),
        ({"epochs": 1.5}, TypeError, "epochs is 1.5, expected an integer"),
        ({"batch_size": 0}, ValueError, "batch_size is 0, expected at least 1"),
        ({"batch_size": "8"}, TypeError, "batch_size is '8', expected an integer"),
        ({"learning_rate": 0}, ValueError, "learning_rate is 0, expected a positive, finite"),
        ({"learning_rate": np.inf}, ValueError, "learning_rate is inf, expected a positive"),
        ({"learning_rate": None}, TypeError, "learning_rate is None, expected a number"),
        ({"train_data": X}, TypeError, r"train_data is no pair \(x, y\)"),
        ({"train_data": (X, y[:2])}, ValueError, "train_data: x has 3 rows and y 2 labels"),
        ({"train_data": (X * np.nan, y)}, ValueError, "train_data: x contains nan at index"),
        ({"train_data": (X[0], y)}, ValueError, r"train_data: x has shape \(4,\), expected"),
        ({"train_data": (X[:0], y)}, ValueError, r"train_data: x has shape \(0, 4\), expected"),
        ({"validation_data": None}, TypeError, "validation_data is no pair"),
        ({"validation_data": (X, y * 1.0)}, TypeError, "validation_data: y has dtype float64"),
    ],
    ids=lambda case: case[2],
)
def bad_input(request):
    """Arguments of `fit` that replace good ones, the error they raise, and its message."""
    return request.param
