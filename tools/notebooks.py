"""Execute the notebooks of `make notebooks` as a reader does: outside the repository.

Usage (`make check-notebooks` builds the notebooks first):

    python tools/notebooks.py                  # all
    python tools/notebooks.py neuron intro     # some

The environment _build/notebooks-env gets nnbook from a wheel, the frameworks, and what runs a
notebook: nothing else, in the versions of requirements.txt. Each notebook runs alone in an empty
folder. The exit code is the number of those that fail.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "_build" / "notebooks"
ENV = ROOT / "_build" / "notebooks-env"
PYTHON = ENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PINS = ROOT / "requirements.txt"
NEEDED = re.compile(r"(?m)^(?:torch|tensorflow|tensorflow-cpu|keras|ipykernel|nbclient)==.*$")
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
quiet = ["--log-level=ERROR"]  # no word about unencrypted talk, which stays on this machine
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=600, kernel_name="python3", extra_arguments=quiet).execute()
"""


def run(*command):
    """Run `command` in the repository's root; raise where it fails."""
    subprocess.run(command, cwd=ROOT, check=True)


def build_wheel(folder):
    """Build nnbook's wheel into `folder` and return its path."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # it may hold modules that are gone
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, str(ROOT))
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    (wheel,) = Path(folder).glob("nnbook-*.whl")
    return str(wheel)


def make_environment(folder):
    """Make or renew the environment."""
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", str(ENV))
    pins = Path(folder, "pins.txt")
    pins.write_text("\n".join(NEEDED.findall(PINS.read_text(encoding="utf-8"))))
    pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "-c", str(PINS))
    wheel = build_wheel(folder)
    run(*pip, "-r", str(pins), wheel)
    run(*pip, "--no-deps", "--force-reinstall", wheel)  # the version has not changed, the code may


def execute(notebook):
    """Run one notebook in an empty folder, tell how it went, and return whether it passed."""
    start = time.perf_counter()
    variables = dict(os.environ, JUPYTER_PREFER_ENV_PATH="1", PYTHONNOUSERSITE="1")
    variables.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        command = [PYTHON, "-c", EXECUTE, shutil.copy(notebook, folder)]
        code = subprocess.run(command, cwd=folder, env=variables).returncode
    verdict = "failed" if code else "passed"
    print(f"{notebook.stem:24} {verdict} in {time.perf_counter() - start:.0f} s", flush=True)
    return code == 0


def main(names):
    """Execute the notebooks of these names, all where there are none."""
    chosen = [NOTEBOOKS / f"{name}.ipynb" for name in names] or sorted(NOTEBOOKS.glob("*.ipynb"))
    missing = [path.name for path in chosen if not path.exists()]
    if missing or not chosen:
        sys.exit(f"No {' '.join(missing) or 'notebook'} in {NOTEBOOKS}. First run: make notebooks")
    with tempfile.TemporaryDirectory() as folder:
        make_environment(folder)
    sys.exit(sum(not execute(path) for path in chosen))


if __name__ == "__main__":
    main(sys.argv[1:])
