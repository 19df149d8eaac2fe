"""A Dask cluster that does the runs of a sweep, each alone in a worker's process.

A worker that dies loses no run: Dask hands what it had to another one. A run that kills one worker
after the other is given up, and all others are done.

Chapter: :doc:`/beyond-one-machine`.
"""

import logging
import warnings
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from threading import Lock

try:
    from distributed import Client, as_completed
    from distributed.comm import get_address_host_port
    from distributed.versions import VersionMismatchWarning
except ImportError as error:
    raise ImportError(
        'nnbook.sweep.cluster needs Dask: python -m pip install "nnbook[dask]"'
    ) from error

SCHEDULER_TIMEOUT = 10  # seconds
WORKER_TIMEOUT = 30
EXAMPLE = "tcp://localhost:8786"
LOGGERS = ("distributed", "distributed.client")  # each has a level of its own
ALONE = Lock()


@contextmanager
def cluster(address):
    """Connect to a scheduler and its workers, and give a function that does runs there.

    Parameters
    ----------
    address : str
        The scheduler's, such as ``"tcp://localhost:8786"``.

    Yields
    ------
    callable
        ``do(attempt, runs)`` calls ``attempt(settings)``, which returns a row and an error, for
        each of the runs, and yields what it returned, in the order of completion. Of a run that
        killed its workers it yields None and an error.

    Raises
    ------
    ValueError
        If `address` is no address, or a worker has several threads, no nnbook or another version.
    ConnectionError
        If no scheduler answers, or, raised by `do`, it goes away.
    TimeoutError
        If there is no worker.

    Notes
    -----
    Workers may come and go meanwhile; if all have gone, `do` waits for new ones.

    joblib has a backend for Dask too. In joblib 1.6 it waits for ever for a run that killed its
    workers, and where there is one worker it does all runs here.

    Chapter: :doc:`/beyond-one-machine`.
    """
    with _quiet(), _connect(address) as client:
        _check_workers(client, address)
        yield partial(_do, client, address)


def _do(client, address, attempt, runs):
    failed = []
    for settings, result in _try(client, address, attempt, runs):
        if isinstance(result, Exception):
            failed.append(settings)
        else:
            yield result
    # Dask blames every run that waited on a worker when it died. Alone, none waits.
    for run in failed:
        for settings, result in _try(client, address, attempt, [run]):
            if isinstance(result, Exception):
                told = f"{type(result).__name__}: {result}"
                result = None, f"A run failed: {settings}\n{told}"
            yield result


def _try(client, address, attempt, runs):
    """Yield settings and what `attempt` returned, or the exception with which Dask gave up."""
    futures = client.map(_alone, runs, attempt=attempt, pure=False, key="run")
    settings = {future.key: run for future, run in zip(futures, runs, strict=True)}
    done = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
    del futures  # a row that nobody holds is not made again when its worker dies
    for future, result in done:
        if future.cancelled():
            raise ConnectionError(
                f"The scheduler at {address} has gone. What is done is kept. "
                "With a scheduler and workers, the same command goes on from here."
            )
        yield settings[future.key], result[1] if future.status == "error" else result
        future.release()


def _alone(settings, attempt):
    # The door refuses a worker of several threads; one that comes later waits here. Runs in one
    # process would share random generators and the number of BLAS's threads.
    with ALONE:
        return attempt(settings)


# --- At the door ---------------------------------------------------------------------------------


def _connect(address):
    try:
        get_address_host_port(address)
    except ValueError:
        raise ValueError(f"dask is {address!r}, expected an address such as {EXAMPLE}") from None
    try:
        with warnings.catch_warnings():
            # Each row names the versions that its worker had.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            return Client(address, timeout=SCHEDULER_TIMEOUT, set_as_default=False)
    except OSError:
        raise ConnectionError(
            f"No scheduler answers at {address}. Start one: dask scheduler"
        ) from None


def _check_workers(client, address):
    start = f"dask worker {address} --nthreads 1"
    try:
        client.wait_for_workers(1, timeout=WORKER_TIMEOUT)
    except TimeoutError:
        raise TimeoutError(
            f"The scheduler at {address} has no worker after {WORKER_TIMEOUT} s. Start one: {start}"
        ) from None
    for worker, threads in client.nthreads().items():
        if threads != 1:
            raise ValueError(f"The worker {worker} has {threads} threads, expected 1: {start}")
    own = version("nnbook")
    for worker, found in client.run(version, "nnbook", on_error="return").items():
        if isinstance(found, ImportError):
            raise ValueError(f"The worker {worker} has no nnbook, expected nnbook {own}")
        if isinstance(found, str) and found != own:  # otherwise the worker has gone
            raise ValueError(f"The worker {worker} has nnbook {found}, expected nnbook {own}")


@contextmanager
def _quiet():
    """Keep distributed's log, which tells the same at length, off the terminal."""
    levels = {logger: logger.level for logger in map(logging.getLogger, LOGGERS)}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
