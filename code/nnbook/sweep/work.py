"""The runs of a sweep that its table lacks, all at once, each kept as soon as it is done.

Chapter: :doc:`/exercises`.
"""

import platform
import sys
import traceback
from contextlib import contextmanager, nullcontext, suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version

from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from nnbook.sweep.runs import run
from nnbook.sweep.table import (
    append_row,
    key_of,
    read_table,
    results_row,
    settings_row,
    write_table,
)

FRAMEWORKS = {
    "nnbook": (),
    "keras": ("keras", "tensorflow", "tensorflow-cpu"),  # tensorflow has two names
    "torch": ("torch",),
}


def sweep(runs, path, command, jobs=-1, dask=None):
    """Do the runs that a table lacks, and put its rows in the order of the runs.

    Parameters
    ----------
    runs : list of dict
        Complete settings, as :func:`nnbook.sweep.grid.read_grid` gives them.
    path : Path
        The table; it is made if there is none.
    command : str
        What the first line of the table says if there is something to do.
    jobs : int, default -1
        Processes at a time on this machine; -1 is one for each core.
    dask : str or None, default None
        The address of a Dask scheduler, whose workers then do the runs instead. Where there is
        nothing to do, nothing is connected.

    Returns
    -------
    done, failed, others : int
        Runs done now, runs that raised an error, and rows that `runs` does not name, which stay
        at the end of the table.

    Raises
    ------
    OSError, ValueError
        If the table cannot be read or written, or as in :func:`nnbook.sweep.cluster.cluster`.
    ImportError
        If `dask` is given and Dask is not installed.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    comment, rows = read_table(path)
    named = {key_of(settings_row(settings)): settings for settings in runs}
    missing = [settings for key, settings in named.items() if key not in rows]
    # Keras last: in one process TensorFlow must not be loaded before PyTorch.
    missing.sort(key=lambda settings: settings["framework"] == "keras")
    if missing:
        comment = f"# {command} on {date.today()} with {_versions('nnbook')}"
    with _engine(jobs, dask) if missing else nullcontext(map) as do:
        write_table(path, comment, rows.values())  # whole lines only, before rows are appended
        done = _fill(path, rows, missing, do)
    ordered = [rows[key] for key in named if key in rows]
    others = [row for key, row in rows.items() if key not in named]
    write_table(path, comment, ordered + others)
    return done, len(missing) - done, len(others)


def _engine(jobs, dask):
    """Return what gives a function of `attempt` and runs, which yields what they return."""
    if dask is None:
        return _processes(jobs)
    from nnbook.sweep.cluster import cluster

    return cluster(dask)


@contextmanager
def _processes(jobs):
    def do(attempt, runs):
        return Parallel(jobs, return_as="generator_unordered")(map(delayed(attempt), runs))

    with parallel_config("loky", inner_max_num_threads=1):
        yield do


def _fill(path, rows, missing, do):
    """Append a row for each of the missing runs; return for how many that went well."""
    done = 0
    with path.open("a", encoding="utf-8", newline="") as file:
        work = do(attempt, missing)
        for row, error in tqdm(work, total=len(missing), unit="run", disable=not missing):
            if error:
                tqdm.write(error, sys.stderr)
                continue
            append_row(file, row)
            rows[key_of(row)] = row
            done += 1
    return done


def attempt(settings):
    """Do one run, in whatever process this is.

    Parameters
    ----------
    settings : dict
        Complete settings.

    Returns
    -------
    row : dict of str to str, or None
        Settings, results, date and versions as cells.
    error : str or None
        If an error was raised: the settings, and where it was.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    try:
        results = run(settings)
    except Exception:  # whatever it is, the other runs go on
        return None, f"A run failed: {settings}\n{traceback.format_exc()}"
    origin = {
        "date": str(date.today()),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "framework_versions": ", ".join(_found(FRAMEWORKS[settings["framework"]])),
    }
    return settings_row(settings) | results_row(results) | origin, None


def _found(packages):
    for name in packages:
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def _versions(framework):
    own = f"Python {platform.python_version()}, numpy {version('numpy')}"
    return ", ".join([own, *_found(FRAMEWORKS[framework])])
