"""Execute the notebooks of `make notebooks` as a reader does: outside the repository.

Usage (`make check-notebooks` builds the notebooks and the wheel first):

    python tools/notebooks.py                       # all
    python tools/notebooks.py neuron intro          # some
    python tools/notebooks.py --constraints FILE    # in an environment of these versions

The environment _build/notebooks-3.13-env, by Python's version, gets nnbook from its wheel, the
frameworks, and what runs a notebook: nothing else, in the versions of requirements.txt. With
--constraints it gets the file's packages instead, and nnbook must find there all it needs. Each
notebook runs alone in an empty folder and must not install anything. In the versions of
requirements.txt, which are Binder's too, its kernel, with what it starts, must stay below 1,600 MB,
because Binder gives 2 GB. The exit code is the number of notebooks that fail.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
NOTEBOOKS = BUILD / "notebooks"
PINS = ROOT / "requirements.txt"
NEEDED = re.compile(
    r"(?m)^(?:torch|tensorflow|tensorflow-cpu|keras|distributed|ipykernel|nbclient)==.*$"
)
MEMORY = 1600  # MB
# Processes share libraries, so their memory is not the sum of their sizes: Linux divides each page
# among those that use it (pss). A short peak may fall between two looks, but not the largest
# process's own, which the system keeps.
EXECUTE = """
import resource, sys, threading, time, nbformat, psutil
from nbclient import NotebookClient

def watch():
    while True:
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                memory = process.memory_full_info()
            except psutil.Error:
                continue
            total += getattr(memory, "pss", memory.uss)
        peaks.append(total)
        time.sleep(0.2)

peaks = []
threading.Thread(target=watch, daemon=True).start()
quiet = ["--log-level=ERROR"]  # no word about unencrypted talk, which stays on this machine
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=600, kernel_name="python3", extra_arguments=quiet).execute()
unit = 1 if sys.platform == "darwin" else 1024
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
print(max(largest, *peaks) // 1_000_000)
"""


def run(*command, **options):
    """Run `command` in the repository's root; raise where it fails."""
    return subprocess.run(command, cwd=ROOT, check=True, **options)


def python_of(environment):
    """Return the path of the environment's Python."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wheel():
    """Return the path of nnbook's wheel."""
    found = [*(BUILD / "dist").glob("nnbook-*.whl")]
    if len(found) != 1:
        sys.exit(f"{len(found)} wheels of nnbook in {BUILD / 'dist'}. First run: make wheel")
    return str(found[0])


def make_environment(constraints=None):
    """Make or renew the environment and return its Python."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    environment = BUILD / f"{constraints.stem if constraints else 'notebooks'}-{version}-env"
    python = python_of(environment)
    if not python.exists():
        run(sys.executable, "-m", "venv", str(environment))
    pip = (str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    if constraints:
        run(*pip, "-r", str(constraints))
        refuse_changes(python)
        run(*pip, wheel())
    else:
        run(*pip, "-c", str(PINS), *NEEDED.findall(PINS.read_text(encoding="utf-8")), wheel())
    run(*pip, "--no-deps", "--force-reinstall", wheel())  # the version may be the same as before
    return python


def refuse_changes(python):
    """End where pip would change or add another package than nnbook."""
    pip = (str(python), "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "uninstall", "--yes", "nnbook", stderr=subprocess.DEVNULL)
    wanted = f"{wheel()}[torch,tensorflow,dask]"
    asked = run(*pip, "install", "--dry-run", "--report", "-", wanted, stdout=subprocess.PIPE)
    changes = [change["metadata"] for change in json.loads(asked.stdout)["install"]]
    others = [f"{new['name']} {new['version']}" for new in changes if new["name"] != "nnbook"]
    if others:
        sys.exit(f"Installing nnbook would also install {', '.join(others)}")


def packages(python):
    """Return what is installed."""
    return run(str(python), "-m", "pip", "freeze", "--all", stdout=subprocess.PIPE).stdout


def execute(notebook, python, limit):
    """Run one notebook in an empty folder, tell how it went, and return whether it passed."""
    start = time.perf_counter()
    variables = dict(os.environ, JUPYTER_PREFER_ENV_PATH="1", PYTHONNOUSERSITE="1")
    variables.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", EXECUTE, shutil.copy(notebook, folder)]
        ran = subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True)
    memory = 0 if ran.returncode else int(ran.stdout.split()[-1])
    verdict = "failed" if ran.returncode or memory > limit else "passed"
    seconds = time.perf_counter() - start
    print(f"{notebook.stem:24} {verdict} in {seconds:3.0f} s with {memory:5,} MB", flush=True)
    if memory > limit:
        print(
            f"  {memory:,} MB is more than {limit:,} MB, which Binder cannot be relied on to give"
        )
    return verdict == "passed"


def read_options(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="of notebooks; all where there are none")
    parser.add_argument("--constraints", type=Path, help="a file of packages, name==version")
    return parser.parse_args(arguments)


def main(arguments):
    """Execute the notebooks that the arguments name."""
    options = read_options(arguments)
    named = [NOTEBOOKS / f"{name}.ipynb" for name in options.names]
    chosen = named or sorted(NOTEBOOKS.glob("*.ipynb"))
    missing = [path.name for path in chosen if not path.exists()]
    if missing or not chosen:
        sys.exit(f"No {' '.join(missing) or 'notebook'} in {NOTEBOOKS}. First run: make notebooks")
    python = make_environment(options.constraints)
    before = packages(python)
    limit = float("inf") if options.constraints else MEMORY
    failed = sum(not execute(path, python, limit) for path in chosen)
    if packages(python) != before:
        sys.exit("A notebook has changed which packages are installed")
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
