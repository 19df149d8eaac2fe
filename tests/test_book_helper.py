"""What a chapter quotes: `glue` stores it in the book, `load_results` reads it from a table."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from nnbook.book import glue, load_results


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


def test_the_table_of_seeds_holds_five_runs_of_each_model():
    table = load_results("mnist_seeds")
    for framework in ("keras", "torch"):
        for model in ("softmax", "mlp"):
            rows = table[(table["framework"] == framework) & (table["model"] == model)]
            assert rows["seed"].tolist() == [0, 1, 2, 3, 4]
            assert ((rows["test_accuracy"] > 0.92) & (rows["test_accuracy"] < 0.982)).all()


def test_a_column_is_of_integers_else_of_floats_else_of_strings(monkeypatch, tmp_path):
    rows = ['1,1,2.5,"[1, 2]",', "2,,1e-3,all,", "-3,4,5,7,"]
    text = "\n".join(["# a comment, with commas", "seed,steps,loss,hidden,note", *rows, ""])
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr("nnbook.book.RESULTS", tmp_path)
    table = load_results("t")
    assert table["seed"].tolist() == [1, 2, -3]
    assert np.isnan(table["steps"]).tolist() == [False, True, False]
    assert table["loss"].tolist() == [2.5, 1e-3, 5]
    assert table["hidden"].tolist() == ["[1, 2]", "all", "7"]
    assert table["note"].tolist() == ["", "", ""]
    assert table[table["seed"] > 1]["loss"].tolist() == [1e-3]


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match="name is 'seeds', expected one of .*'mnist_seeds'"):
        load_results("seeds")
