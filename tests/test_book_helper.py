"""`glue`: stores results in the book, does nothing elsewhere, refuses what prose cannot quote."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from nnbook.book import glue


@pytest.fixture
def glued(monkeypatch):
    """Collect what reaches MyST-NB."""
    values = {}

    def store(name, value, display):
        values[name] = value, display

    monkeypatch.setitem(sys.modules, "myst_nb", SimpleNamespace(glue=store))
    return values


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (0.5, 0.5),
        (3, 3),
        ("cpu", "cpu"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.mean([1, 2]), 1.5),
    ],
)
def test_numbers_and_strings_are_stored_as_plain_python(glued, value, stored):
    glue("name", value)
    assert glued == {"name": (stored, False)}
    assert type(glued["name"][0]) is type(stored)


@pytest.mark.parametrize("value", [None, [1], np.ones(2), {"a": 1}])
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError, match=f"value is {type(value).__name__}, expected a string or a"):
        glue("name", value)


@pytest.mark.parametrize("block", ["import sys; sys.modules['myst_nb'] = None; ", ""])
def test_outside_the_book_nothing_happens(block):
    code = f"{block}from nnbook.book import glue; glue('name', 0.5)"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
