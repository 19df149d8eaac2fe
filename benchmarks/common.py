"""What the benchmarks share: two threads, contenders in processes of their own, and tables."""

import argparse
import os
import platform
import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

RESULTS = Path(__file__).parents[1] / "code" / "nnbook" / "results"
THREADS = 2
PACKAGES = ("numpy", "torch", "keras", "tensorflow", "tensorflow-cpu", "scikit-learn")

# Libraries read these when they are loaded, so a contender is started with them.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": str(THREADS),
    "OMP_NUM_THREADS": str(THREADS),
    "MKL_NUM_THREADS": str(THREADS),
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "1",  # TensorFlow's own default; the chapters switch it off
}


def read_arguments(doc, names=()):
    """Return the arguments of a benchmark: ``quick`` and, in a contender's process, ``name``."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="see that it runs; keep the table")
    parser.add_argument("--name", choices=[*names], help=argparse.SUPPRESS)
    return parser.parse_args()


# --- A contender, seen from the parent -----------------------------------------------------------


class Process:
    """This script again, as the process of one contender, which works only when asked to."""

    def __init__(self, name, environment):
        self.process = subprocess.Popen(
            [sys.executable, *sys.argv, "--name", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ENVIRONMENT | environment,
        )

    def ask(self, question="go"):
        """Return the numbers that answer `question`."""
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        return self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.process.args[-1]} has ended")
        return [*map(float, line.split())]


@contextmanager
def processes(names, environments=None):
    """Give a process for each name, all of them ready; end them afterwards."""
    environments = environments or {}
    started = {name: Process(name, environments.get(name, {})) for name in names}
    try:
        for process in started.values():
            process.read()
        yield started
    finally:
        for process in started.values():
            process.process.stdin.close()
            process.process.wait()


# --- The same, seen from the child ---------------------------------------------------------------


def wait():
    """Return the next question; end with the parent."""
    return sys.stdin.readline().rstrip() or sys.exit()


def answer(*numbers):
    """Answer the parent; without numbers, say that this process is ready."""
    print(*numbers, flush=True)


# --- Tables --------------------------------------------------------------------------------------


def quartiles(values):
    """Return the median and both quartiles."""
    return [*map(float, np.quantile(values, (0.5, 0.25, 0.75)))]


def digits(value):
    """Write a float with three digits, without exponent."""
    if not isinstance(value, float):
        return str(value)
    return np.format_float_positional(value, 3, unique=False, fractional=False, trim="-")


def write_table(name, columns, rows, quick=False):
    """Print the table; write it into the package, unless it comes from a quick run."""
    path = Path(sys.argv[0])
    first = f"# python {path.parent.name}/{path.name} on {date.today()}, {hardware()}, {versions()}"
    lines = [",".join(map(digits, row)) for row in rows]
    print("\n".join([",".join(columns), *lines]))
    if not quick:
        text = "\n".join([first, ",".join(columns), *lines]) + "\n"
        (RESULTS / f"{name}.csv").write_text(text, encoding="utf-8")


def hardware():
    """Say what ran the benchmark, in words."""
    model = platform.processor()
    with suppress(OSError):
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    words = f"{os.cpu_count()} cores, {platform.machine()}, {model}, {platform.system()}"
    return f"{words}, OpenBLAS kernels for {blas_kernels()}"


def blas_kernels():
    """Name the processor for which NumPy's BLAS has chosen its kernels, such as Haswell."""
    return next((b["architecture"] for b in threadpool_info() if "architecture" in b), "unknown")


def versions():
    """Name the packages that the numbers depend on; TensorFlow has two names."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)
