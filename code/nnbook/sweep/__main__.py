"""Run a grid of trainings in parallel, and keep settings and results in one table.

A sweep that was stopped or killed goes on where it was: what stands in the table is not repeated.
"""

import argparse
import sys
from pathlib import Path

from nnbook.book import RESULTS
from nnbook.sweep.grid import read_grid
from nnbook.sweep.work import sweep

SWEEPS = RESULTS.parents[2] / "sweeps"  # in a clone; elsewhere there is no such folder


def main():
    """Run the command line; return its status: 0, 1 if a run failed, 2 if refused or cut off."""
    arguments = _read_arguments()
    try:
        runs = read_grid(arguments.grid)
        path = arguments.table or default_table(arguments.grid)
        command = _command(arguments.grid)
        done, failed, others = sweep(runs, path, command, arguments.jobs, arguments.dask)
    except (ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    before = len(runs) - done - failed
    print(f"{path}: {len(runs)} runs, {before} done before, {done} now, {failed} failed")
    if others:
        print(f"{others} rows at its end are none of the grid's any more")
    return 1 if failed else 0


def default_table(grid):
    """Return where the table of a grid file is: in the package if the grid is the book's own."""
    own = grid.resolve().parent == SWEEPS
    return (RESULTS if own else grid.parent) / f"{grid.stem}.csv"


def _command(grid):
    own = grid.resolve().parent == SWEEPS
    return f"python -m nnbook.sweep --grid {f'sweeps/{grid.name}' if own else grid.as_posix()}"


def _read_arguments():
    parser = argparse.ArgumentParser(
        prog="python -m nnbook.sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--grid", type=Path, required=True, help="the grid file, in YAML")
    parser.add_argument("--table", type=Path, help="the table, if not the grid's own")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_positive, default=-1, help="processes; default: all cores")
    where.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="a Dask scheduler, such as tcp://localhost:8786, whose workers do the runs; "
        "start them as: dask worker ADDRESS --nthreads 1; if all go, the sweep waits for new ones",
    )
    return parser.parse_args()


def _positive(text):
    if (value := int(text)) < 1:
        raise ValueError
    return value


if __name__ == "__main__":
    sys.exit(main())
