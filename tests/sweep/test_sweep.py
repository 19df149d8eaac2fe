"""The command: a table that can be resumed, no run twice, and faults that stop no other run."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnbook.sweep import work
from nnbook.sweep.__main__ import SWEEPS, default_table
from nnbook.sweep.grid import read_grid
from nnbook.sweep.table import COLUMNS, curves, key_of, read_table

GRID = """\
fixed: {data: digits, hidden: [16], batch_size: 32, epochs: 2}
grid:
  learning_rate: [1e-3, 1e-2, 1e-1]
seeds: [0, 1]
"""
LONG = GRID.replace("epochs: 2", "epochs: 20").replace("[0, 1]", str([*range(12)]))


@pytest.fixture
def grid(tmp_path):
    def write(text=GRID):
        path = tmp_path / "x.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def table(tmp_path):
    return tmp_path / "x.csv"


def command(grid, *options):
    return [sys.executable, "-m", "nnbook.sweep", "--grid", str(grid), *map(str, options)]


def do(grid, *options, status=0):
    ran = subprocess.run(command(grid, *options), capture_output=True, text=True, timeout=300)
    assert ran.returncode == status, ran.stderr
    return ran


def sweep(grid, table, jobs=1):
    return work.sweep(read_grid(grid), table, "a command", jobs)


def numbers(table):
    """Return the rows without what differs between two undisturbed sweeps."""
    rows = [*csv.DictReader(table.read_text(encoding="utf-8").splitlines()[1:])]
    return [{k: v for k, v in row.items() if k not in ("seconds", "date")} for row in rows]


# --- One sweep -----------------------------------------------------------------------------------


def test_a_table_tells_command_date_and_versions_and_holds_a_row_a_run(grid, table):
    ran = do(grid(), "--jobs", 2)
    assert ran.stdout == f"{table}: 6 runs, 0 done before, 6 now, 0 failed\n"
    assert "6/6" in ran.stderr
    comment, header, *rows = table.read_text(encoding="utf-8").splitlines()
    assert comment.startswith(f"# python -m nnbook.sweep --grid {grid().as_posix()} on 20")
    assert f"numpy {np.__version__}" in comment
    assert header.split(",") == [*COLUMNS]
    assert len({*COLUMNS}) == len(COLUMNS)
    assert len(rows) == 6
    first = numbers(table)[0]
    assert (first["hidden"], first["steps"], first["outcome"]) == ("[16]", "", "done")
    assert (first["numpy"], first["framework_versions"]) == (np.__version__, "")


def test_parallel_equals_serial(grid, tmp_path):
    serial, parallel = tmp_path / "serial.csv", tmp_path / "parallel.csv"
    assert sweep(grid(), serial) == sweep(grid(), parallel, jobs=2) == (6, 0, 0)
    assert numbers(serial) == numbers(parallel)


def test_what_is_done_is_never_repeated(grid, table, monkeypatch):
    sweep(grid(), table)
    before = table.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(work, "run", lambda settings: pytest.fail("a run was repeated"))
        assert sweep(grid(), table) == (0, 0, 0)
    assert table.read_bytes() == before
    assert sweep(grid(GRID.replace("[0, 1]", "[2, 0, 1]")), table) == (3, 0, 0)
    assert [row["seed"] for row in numbers(table)] == ["2", "0", "1"] * 3
    old = {*before.decode().splitlines()[1:]}
    assert old < {*table.read_text(encoding="utf-8").splitlines()}


def test_rows_of_no_run_of_the_grid_stay_and_are_told(grid, table):
    sweep(grid(), table)
    ran = do(grid(GRID.replace("[0, 1]", "[1]")))
    assert ran.stdout.splitlines() == [
        f"{table}: 3 runs, 3 done before, 0 now, 0 failed",
        "3 rows at its end are none of the grid's any more",
    ]
    assert [row["seed"] for row in numbers(table)] == ["1"] * 3 + ["0"] * 3


def test_a_run_that_fails_is_named_and_the_others_go_on(grid, table):
    text = GRID.replace("learning_rate: [1e-3, 1e-2, 1e-1]", "train_images: [100, 5000]")
    ran = do(grid(text), "--jobs", 1, status=1)
    assert "4 runs, 0 done before, 2 now, 2 failed" in ran.stdout
    assert ran.stderr.count("A run failed: {'framework': 'nnbook', 'data': 'digits'") == 2
    assert "ValueError: train_images is 5000, expected at most 1295" in ran.stderr
    assert [row["train_images"] for row in numbers(table)] == ["100", "100"]


def test_a_run_that_diverges_stands_in_the_table_without_numbers(grid, table):
    sweep(grid(GRID.replace("[1e-3, 1e-2, 1e-1]", "[1e30]\n  optimizer: [sgd]")), table)
    for row in numbers(table):
        assert (row["outcome"], row["val_loss"], row["val_loss_by_epoch"]) == ("diverged", "", "")
    assert "nan" not in table.read_text(encoding="utf-8")


def test_keras_comes_last_because_pytorch_must_be_loaded_first(grid, table, monkeypatch):
    done = []
    monkeypatch.setattr(work, "attempt", lambda s: (done.append(s["framework"]), (None, "no"))[1])
    text = "grid: {framework: [keras, nnbook, torch]}\nseeds: [0, 1]"
    assert sweep(grid(text), table) == (0, 6, 0)
    assert done == ["nnbook", "nnbook", "torch", "torch", "keras", "keras"]


# --- Resuming ------------------------------------------------------------------------------------


def lines_of(table):
    return table.read_text(encoding="utf-8").splitlines() if table.exists() else []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no groups of processes to kill")
def test_a_killed_sweep_goes_on_and_ends_as_an_undisturbed_one(grid, table, tmp_path):
    killed = subprocess.Popen(
        command(grid(LONG), "--jobs", 2), stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(lines_of(table)) < 6 and time.monotonic() < deadline:
        assert killed.poll() is None
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)  # its workers too, as when the power fails
    killed.wait()
    before = table.read_text(encoding="utf-8").splitlines(True)[2:]
    whole = [line for line in before if line.endswith("\n")]
    assert 4 <= len(whole) < 36
    ran = do(grid(LONG))
    assert f"36 runs, {len(whole)} done before, {36 - len(whole)} now, 0 failed" in ran.stdout
    after = table.read_text(encoding="utf-8").splitlines(True)[2:]
    assert {*whole} < {*after}  # to the second: none was done again
    assert len(after) == 36
    undisturbed = tmp_path / "undisturbed.csv"
    sweep(grid(LONG), undisturbed)
    assert numbers(table) == numbers(undisturbed)


@pytest.mark.parametrize("kept", [0, 1, 20, 80, 500, 900, -1, -2, -100])
def test_a_table_broken_off_anywhere_is_completed(grid, table, tmp_path, kept):
    sweep(grid(), whole := tmp_path / "whole.csv")
    raw = whole.read_bytes()
    table.write_bytes(raw[:kept])
    done, failed, others = sweep(grid(), table)
    rows_kept = max(raw[:kept].count(b"\n") - 2, 0)
    assert (done, failed, others) == (6 - rows_kept, 0, 0)
    assert numbers(table) == numbers(whole)


def test_a_setting_that_a_table_does_not_know_had_its_default(grid, table):
    sweep(grid(), table)
    rows = numbers(table)
    lines = [*csv.reader(lines_of(table)[1:])]
    index = COLUMNS.index("momentum")
    text = "".join(
        ",".join(f'"{c}"' for c in row[:index] + row[index + 1 :]) + "\n" for row in lines
    )
    table.write_text(f"{lines_of(table)[0]}\n{text}", encoding="utf-8")
    assert sweep(grid(), table) == (0, 0, 0)
    assert numbers(table) == rows


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[2:], "line 1: expected the comment of a table of nnbook.sweep"),
        (lambda text: text.replace("momentum", "impulse"), "line 2: 'impulse' is no column"),
        (
            lambda text: text.replace("[16],", "[16],5,", 1),
            f"line 3: {len(COLUMNS) + 1} cells, expected {len(COLUMNS)}",
        ),
        (lambda text: "a,b\n1,2\n", "line 1: expected the comment"),
    ],
)
def test_what_is_no_table_of_a_sweep_is_left_alone(grid, table, damage, message):
    sweep(grid(), table)
    table.write_text(damage(table.read_text(encoding="utf-8")), encoding="utf-8")
    before = table.read_bytes()
    with pytest.raises(ValueError, match=message):
        sweep(grid(), table)
    assert table.read_bytes() == before


# --- The command line ----------------------------------------------------------------------------


def test_a_malformed_grid_is_refused_in_one_line_and_nothing_is_written(grid, table):
    ran = do(grid(GRID.replace("hidden", "layers")), status=2)
    assert ran.stderr.startswith(f"{table.with_suffix('.yml')}, line 1: 'layers' is no setting")
    assert ran.stderr.count("\n") == 1
    assert not table.exists()


def test_a_table_elsewhere(grid, tmp_path):
    do(grid(GRID.replace("[0, 1]", "[0]")), "--table", tmp_path / "other.csv", "--jobs", 1)
    assert len(read_table(tmp_path / "other.csv")[1]) == 3
    assert not (tmp_path / "x.csv").exists()
    ran = do(grid(), "--table", tmp_path / "nowhere" / "x.csv", status=2)
    assert "No such file or directory" in ran.stderr


def test_the_tables_of_the_books_grids_ship_with_the_package(tmp_path, monkeypatch):
    root = Path(__file__).parents[2]
    assert root / "sweeps" == SWEEPS
    monkeypatch.chdir(root)
    for path in (Path("sweeps/dropout.yml"), root / "sweeps" / "dropout.yml"):
        assert default_table(path) == root / "code" / "nnbook" / "results" / "dropout.csv"
    assert default_table(tmp_path / "x.yml") == tmp_path / "x.csv"


def test_curves_are_numbers_and_nan_where_a_run_diverged():
    assert curves(["1 2.5", "", "3 4"]).tolist()[::2] == [[1, 2.5], [3, 4]]
    assert np.isnan(curves(["1 2.5", ""])[1]).all()
    assert curves(np.array(["1 2"])[0]).tolist() == [[1, 2]]


def test_the_key_of_a_run_is_its_settings(grid, table):
    sweep(grid(), table)
    _, rows = read_table(table)
    assert [*rows] == [key_of(row) for row in rows.values()]
    assert len(rows) == 6
