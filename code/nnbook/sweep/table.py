"""The table of a sweep: a CSV file with one row a run, which survives being killed.

Rows are appended whole and reach the disk one by one; otherwise the file is only replaced by a
complete one. A last line without its end was broken off: it is dropped, and its run done again.

Chapter: :doc:`/exercises`.
"""

import csv
import io
import json
import os

import numpy as np

from nnbook.sweep.runs import RESULTS
from nnbook.sweep.settings import SETTINGS

ORIGIN = ("date", "python", "numpy", "framework_versions")
COLUMNS = (*SETTINGS, *RESULTS, *ORIGIN)


def settings_row(settings):
    """Return complete settings as cells: nothing for None, lists as in the grid file.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return {name: _setting_cell(settings[name]) for name in SETTINGS}


def _setting_cell(value):
    return "" if value is None else json.dumps(value) if isinstance(value, list) else str(value)


def results_row(results):
    """Return the results of a run as cells: nothing for None, numbers to six digits.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return {name: _result_cell(results[name]) for name in RESULTS}


def _result_cell(value):
    if isinstance(value, list):
        return " ".join(map(_result_cell, value))
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def key_of(row):
    """Return what tells a run from all others: the cells of its settings.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return tuple(row[name] for name in SETTINGS)


def curves(column):
    """Return a column of curves, such as ``table["val_loss_by_epoch"]``, as numbers.

    Parameters
    ----------
    column : iterable of str
        Cells of numbers. One with fewer than the longest, of a run that diverged or was stopped
        early, is filled up with NaN.

    Returns
    -------
    ndarray of shape (runs, points)

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    rows = [np.array(str(cell).split(), dtype=float) for cell in np.atleast_1d(column)]
    length = max(map(len, rows))
    return np.array([[*row, *[np.nan] * (length - len(row))] for row in rows])


def read_table(path):
    """Return the first line of a table, and its rows by their :func:`key_of`.

    Parameters
    ----------
    path : Path
        A file that need not exist. Settings that it has no column for had their defaults.

    Returns
    -------
    comment : str
    rows : dict of tuple to dict of str to str

    Raises
    ------
    ValueError
        If a line, other than one broken off at the end, is no row of a table; with its number.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    comment, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
    if comment and not comment.startswith("# "):
        raise ValueError(f"{path}, line 1: expected the comment of a table of nnbook.sweep")
    cells = [next(csv.reader([line])) for line in lines]
    header = cells[0] if cells else COLUMNS
    if unknown := {*header} - {*COLUMNS}:
        raise ValueError(f"{path}, line 2: {min(unknown)!r} is no column of nnbook.sweep")
    defaults = dict.fromkeys(COLUMNS, "") | settings_row(
        {name: setting.default for name, setting in SETTINGS.items()}
    )
    rows = {}
    for number, row in enumerate(cells[1:], start=3):
        if len(row) != len(header):
            raise ValueError(f"{path}, line {number}: {len(row)} cells, expected {len(header)}")
        record = defaults | dict(zip(header, row, strict=True))
        rows[key_of(record)] = record
    return comment, rows


def write_table(path, comment, rows):
    """Replace a table by a complete one, at once, if it differs.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    lines = (_line(row[name] for name in COLUMNS) for row in rows)
    text = "".join([f"{comment}\n", _line(COLUMNS), *lines])
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        _to_disk(file, text)
    temporary.replace(path)


def append_row(file, row):
    """Add a row to a table that is open for appending, and see it onto the disk.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    _to_disk(file, _line(row[name] for name in COLUMNS))


def _to_disk(file, text):
    file.write(text)
    file.flush()
    os.fsync(file.fileno())


def _line(cells):
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
