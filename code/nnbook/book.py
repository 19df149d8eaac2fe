"""What a chapter needs to quote its results, and those of runs too long for a page.

Chapters: :doc:`/neuron`, :doc:`/mnist-keras`.
"""

import csv
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


def glue(name, value):
    """Store a result under `name`, so that the prose of the published book can quote it.

    Outside the book, in a notebook without MyST-NB, nothing happens.

    Parameters
    ----------
    name : str
        Unique within the chapter. ``book/claims.yml`` may give a number's accepted range.
    value : str, int, float or NumPy scalar
        What to quote.

    Notes
    -----
    Chapter: :doc:`/neuron`.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, str | int | float):
        raise TypeError(f"value is {type(value).__name__}, expected a string or a number")
    try:
        from myst_nb import glue as myst_glue
    except ModuleNotFoundError:
        return
    myst_glue(name, value, display=False)


def load_results(name):
    """Read a table of precomputed runs, which ships with the package.

    The first line of the file tells the command, the date and the versions that made it.

    Parameters
    ----------
    name : str
        Name of the table, such as ``"mnist_seeds"``.

    Returns
    -------
    ndarray, structured
        One record a run; ``table["seed"]`` is a column: of integers or floats if all its cells
        hold such, else of strings. A cell left empty among numbers is NaN.

    Raises
    ------
    ValueError
        If there is no such table.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        names = sorted(p.stem for p in RESULTS.glob("*.csv"))
        raise ValueError(f"name is {name!r}, expected one of {names}")
    with path.open(encoding="utf-8", newline="") as file:
        next(file)
        header, *rows = csv.reader(file)
    columns = dict(zip(header, map(_column, zip(*rows, strict=True)), strict=True))
    table = np.empty(len(rows), dtype=[(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        table[name] = column
    return table


def _column(cells):
    """Return cells as integers, else as floats, else as strings."""
    for kind, empty in ((int, ""), (float, "nan")):
        try:
            return np.array([kind(cell or empty) for cell in cells] if any(cells) else cells)
        except ValueError:
            continue
    return np.array(cells)
