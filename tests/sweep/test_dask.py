"""A sweep on a Dask cluster: the same table, whoever is killed meanwhile."""

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time

import pytest
from test_sweep import GRID, command, do, lines_of, numbers

from nnbook.sweep import work
from nnbook.sweep.grid import read_grid

distributed = pytest.importorskip("distributed", reason="needs the extra dask: distributed")

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows has no groups of processes to kill"
)

LONG = GRID.replace("epochs: 2", "epochs: 40").replace("[0, 1]", str([*range(8)]))
RUNS = 24
DEADLY = 666  # workers with this preload die of a run with this seed, and count what they start
# Not at once: a worker that dies while its nanny still starts it takes the nanny along.
PRELOAD = f"""\
import os
import time
from nnbook.sweep import runs, work

def run(settings):
    with open("STARTED", "a") as file:
        file.write("*")
    if settings["seed"] == {DEADLY}:
        time.sleep(0.5)
        os._exit(1)
    return runs.run(settings)

work.run = run
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of schedulers and workers, with what the workers load first."""
    folder = tmp_path_factory.mktemp("dask")
    preload = PRELOAD.replace("STARTED", str(folder / "started"))
    (folder / "preload.py").write_text(preload, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def start(folder):
    """Start dask scheduler or dask worker, each in a group of its own, and kill all at the end."""
    processes = []

    def start_one(*arguments, **environment):
        any_port = ["--dashboard-address", "127.0.0.1:0"]
        with (folder / "log.txt").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, arguments), *any_port],
                cwd=folder,
                env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder), **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        processes.append(process)
        return process

    yield start_one
    for process in processes:
        kill_group(process)


def kill_group(process):
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start_worker(start, address, *options, **environment):
    return start("worker", address, "--nthreads", 1, *options, **environment)


def start_scheduler(start, folder):
    """Return the process of a new scheduler, and its address."""
    told = folder / "scheduler.json"
    process = start("scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", told)
    wait_until(lambda: told.exists() and told.read_text(encoding="utf-8").endswith("}"))
    return process, json.loads(told.read_text(encoding="utf-8"))["address"]


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def address(start, folder):
    """The scheduler of two workers that come back when they are killed."""
    _, address = start_scheduler(start, folder)
    start_worker(start, address, "--nworkers", 2, "--preload", "preload.py")
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2)
    return address


@pytest.fixture
def client(address):
    with distributed.Client(address, set_as_default=False) as client:
        yield client


@pytest.fixture
def here():
    """A scheduler in this process."""
    with distributed.LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
    ) as here:
        yield here


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """The table of LONG, done on this machine, one run after the other."""
    table = tmp_path_factory.mktemp("serial") / "x.csv"
    table.with_suffix(".yml").write_text(LONG, encoding="utf-8")
    assert sweep(table, jobs=1) == (RUNS, 0, 0)
    return table


@pytest.fixture
def undisturbed(serial):
    return numbers(serial)


@pytest.fixture
def table(tmp_path):
    """The table that is not there yet, beside its grid of 24 runs."""
    (tmp_path / "x.yml").write_text(LONG, encoding="utf-8")
    return tmp_path / "x.csv"


def sweep(table, **engine):
    return work.sweep(read_grid(table.with_suffix(".yml")), table, "a command", **engine)


def begin(table, address, runs=3):
    """Start the command, and return its process when it has done some runs."""
    process = subprocess.Popen(
        command(table.with_suffix(".yml"), "--dask", address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(lines_of(table)) >= 2 + runs or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


def finish(process, status=0):
    """Return what the command wrote to stdout, and the last line of stderr."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, err
    return out, err.splitlines()[-1]


def refuse(table, *options):
    """Return the one line that the command says when it refuses."""
    ran = do(table.with_suffix(".yml"), *options, status=2)
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert not table.exists()
    return ran.stderr.strip()


# --- Undisturbed ---------------------------------------------------------------------------------


def test_a_cluster_gives_the_table_of_a_serial_sweep(table, address, undisturbed):
    grid = table.with_suffix(".yml")
    ran = do(grid, "--dask", address)
    assert ran.stdout == f"{table}: {RUNS} runs, 0 done before, {RUNS} now, 0 failed\n"
    assert f"{RUNS}/{RUNS}" in ran.stderr
    assert numbers(table) == undisturbed
    assert lines_of(table)[0].startswith(f"# python -m nnbook.sweep --grid {grid.as_posix()} on 20")


def test_a_finished_table_needs_no_cluster(serial):
    before = serial.read_bytes()
    assert sweep(serial, dask="tcp://127.0.0.1:1") == (0, 0, 0)
    assert serial.read_bytes() == before


def test_runs_in_one_process_wait_for_each_other(table, here, monkeypatch):
    running, most = [], []

    def run(settings):
        running.append(settings)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()
        raise ValueError(threading.current_thread().name)

    monkeypatch.setattr(work, "run", run)
    here.scale(2)  # threads of this process
    assert sweep(table, dask=here.scheduler_address) == (0, RUNS, 0)
    assert most == [1] * RUNS


# --- Killed --------------------------------------------------------------------------------------


def test_a_worker_killed_in_the_middle_loses_what_it_did_and_no_more(
    table, client, undisturbed, folder
):
    (folder / "started").write_text("")
    process = begin(table, client.scheduler.address, runs=8)
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
    out, _ = finish(process)
    assert f"{RUNS} runs, 0 done before, {RUNS} now, 0 failed" in out
    assert numbers(table) == undisturbed
    # One run was half done; at worst another one's row had not been fetched.
    assert RUNS < len((folder / "started").read_text()) <= RUNS + 2


def test_a_worker_gone_for_good_is_replaced_by_one_that_comes(table, here, start, undisturbed):
    address = here.scheduler_address
    first = start_worker(start, address)
    process = begin(table, address)
    kill_group(first)
    wait_until(lambda: not here.scheduler.workers)
    assert len(lines_of(table)) < 2 + RUNS
    start_worker(start, address)
    out, _ = finish(process)
    assert f"{RUNS} runs, 0 done before, {RUNS} now, 0 failed" in out
    assert numbers(table) == undisturbed


@pytest.mark.parametrize(
    ("by", "status", "last"),
    [
        (signal.SIGINT, 130, "Stopped. The same command goes on from here."),
        (signal.SIGKILL, -9, ""),
    ],
)
def test_a_stopped_sweep_goes_on_and_repeats_nothing(table, client, undisturbed, by, status, last):
    address = client.scheduler.address
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # which shells take from background jobs
    process = begin(table, address)
    process.send_signal(by)
    assert last in finish(process, status)[1]
    wait_until(
        lambda: not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    )
    before = lines_of(table)[2:]
    assert 3 <= len(before) < RUNS
    assert sweep(table, dask=address) == (RUNS - len(before), 0, 0)
    assert {*before} < {*lines_of(table)}  # to the second: none was done again
    assert numbers(table) == undisturbed


def test_a_run_that_kills_its_workers_is_given_up_and_no_other(table, here, start, undisturbed):
    here.scheduler.allowed_failures = 1
    start_worker(start, here.scheduler_address, "--preload", "preload.py")
    grid = table.with_suffix(".yml")
    text = GRID.replace("epochs: 2", "epochs: 40").replace("1e-2, 1e-1", "")
    # Dask blames also the run that waits on the worker meanwhile.
    grid.write_text(text.replace("[0, 1]", f"[{DEADLY}, 0, 1]"), encoding="utf-8")
    ran = do(grid, "--dask", here.scheduler_address, status=1)
    assert "3 runs, 0 done before, 2 now, 1 failed" in ran.stdout
    assert ran.stderr.count("A run failed: {'framework': 'nnbook', 'data': 'digits'") == 1
    assert "\nKilledWorker: Attempted to run task 'run-" in ran.stderr
    assert "distributed.client" not in ran.stderr
    assert numbers(table) == undisturbed[:2]
    assert sweep(table, jobs=1) == (1, 0, 0)


def test_a_scheduler_that_goes_away_takes_no_row(table, start, tmp_path, undisturbed):
    scheduler, address = start_scheduler(start, tmp_path)
    start_worker(start, address)
    process = begin(table, address)
    kill_group(scheduler)
    _, last = finish(process, 2)
    assert last == (
        f"The scheduler at {address} has gone. What is done is kept. "
        "With a scheduler and workers, the same command goes on from here."
    )
    before = lines_of(table)[2:]
    assert sweep(table, jobs=2) == (RUNS - len(before), 0, 0)
    assert {*before} < {*lines_of(table)}
    assert numbers(table) == undisturbed


# --- Refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["", "localhost", "tcp://localhost", "http://localhost:8786"])
def test_what_is_no_address_is_refused(table, wrong):
    with pytest.raises(ValueError, match=f"^dask is '{wrong}', expected an address such as tcp://"):
        sweep(table, dask=wrong)


def test_where_no_scheduler_is_the_command_says_how_to_start_one(table, monkeypatch):
    monkeypatch.setattr("nnbook.sweep.cluster.SCHEDULER_TIMEOUT", 0.5)
    with pytest.raises(ConnectionError, match="^No scheduler answers at tcp://127.0.0.1:1. Start"):
        sweep(table, dask="tcp://127.0.0.1:1")
    assert not table.exists()


def test_where_no_worker_is_the_command_says_how_to_start_one(table, here, monkeypatch):
    monkeypatch.setattr("nnbook.sweep.cluster.WORKER_TIMEOUT", 0.5)
    address = here.scheduler_address
    with pytest.raises(TimeoutError, match=f"has no worker .*: dask worker {address} --nthreads 1"):
        sweep(table, dask=address)
    assert not table.exists()


def test_a_worker_of_several_threads_is_refused(table, start, here):
    start_worker(start, here.scheduler_address, "--no-nanny", "--nthreads", 2)
    said = refuse(table, "--dask", here.scheduler_address)
    start = f"dask worker {here.scheduler_address} --nthreads 1"
    assert said.startswith("The worker tcp://127.0.0.1:")
    assert said.endswith(f" has 2 threads, expected 1: {start}")


def test_a_worker_with_another_nnbook_is_refused(table, start, here, tmp_path):
    (other := tmp_path / "nnbook-0.0.1.dist-info").mkdir()
    (other / "METADATA").write_text("Name: nnbook\nVersion: 0.0.1\n", encoding="utf-8")
    start_worker(start, here.scheduler_address, "--no-nanny", PYTHONPATH=str(tmp_path))
    said = refuse(table, "--dask", here.scheduler_address)
    assert said.endswith(f" has nnbook 0.0.1, expected nnbook {work.version('nnbook')}")


def test_a_worker_without_nnbook_is_refused(table, start, here, tmp_path):
    hide = tmp_path / "hide.py"
    hide.write_text(
        "from importlib import metadata\n"
        "def version(name):\n    raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = version\n",
        encoding="utf-8",
    )
    start_worker(start, here.scheduler_address, "--no-nanny", "--preload", hide)
    said = refuse(table, "--dask", here.scheduler_address)
    assert said.endswith(f" has no nnbook, expected nnbook {work.version('nnbook')}")


def test_without_dask_the_command_names_the_extra(table, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "nnbook.sweep.cluster", raising=False)
    monkeypatch.setattr(sys, "argv", [*command(table.with_suffix(".yml"), "--dask", "a:1")[2:]])
    monkeypatch.delitem(sys.modules, "nnbook.sweep.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("nnbook.sweep", run_name="__main__")
    assert ended.value.code == 2
    told = 'nnbook.sweep.cluster needs Dask: python -m pip install "nnbook[dask]"\n'
    assert capsys.readouterr().err == told


def test_processes_here_and_a_cluster_exclude_each_other(table):
    ran = do(table.with_suffix(".yml"), "--jobs", 2, "--dask", "tcp://localhost:8786", status=2)
    assert "argument --dask: not allowed with argument --jobs" in ran.stderr
