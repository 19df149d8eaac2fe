"""Resolve pyproject.toml and the list below into requirements.txt, for every platform.

Usage (needs uv: `pip install uv`):

    python tools/pin.py                     # keep the pins that still fit
    python tools/pin.py --upgrade           # take the newest of everything
    python tools/pin.py --upgrade-package sphinx-design

One file serves Linux, macOS and Windows on Python 3.11 to 3.13: uv resolves all of them at once
and writes the differences as environment markers. PyTorch's CUDA packages are left out. Where a
CUDA build of PyTorch is wanted, pip takes them as its dependencies.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements.txt"

# What `make env` installs beyond the extras "dask", "book" and "test" of pyproject.toml.
EXTRA = """\
# The frameworks. TensorFlow's CPU build exists for Linux on x86-64 only.
torch==2.13.0
tensorflow-cpu==2.21.0 ; sys_platform == "linux" and platform_machine == "x86_64"
tensorflow==2.21.0 ; sys_platform != "linux" or platform_machine != "x86_64"

jupyter-book==1.0.4.post1

# make lint
check-jsonschema
codespell
ruff
zizmor

# make lab
jupyterlab

# The build backend of the editable install, and what builds a wheel.
build
setuptools
"""

CUDA = re.compile(r"(nvidia-|cuda-|triton\b)")
HEADER = """\
# Everything that building, testing and linting the book needs, for Linux, macOS and Windows on
# Python 3.11 to 3.13. It also serves as a constraints file:
#     pip install -e ".[all]" -c requirements.txt
# Made from pyproject.toml and the list in tools/pin.py. Regenerate it with:
#     python tools/pin.py
"""
RESOLVE = [
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--fork-strategy", "fewest", "--no-header", "--no-annotate"),
    *("--extra", "dask", "--extra", "book", "--extra", "test", "pyproject.toml", "-"),
    *("--output-file", PINS.name),
]


def main(options):
    """Write requirements.txt; `options` go to `uv pip compile`."""
    subprocess.run([*RESOLVE, *options], cwd=ROOT, input=EXTRA, text=True, check=True)
    lines = PINS.read_text(encoding="utf-8").splitlines(keepends=True)
    pins = [line for line in lines if not CUDA.match(line) and not line.startswith("#")]
    PINS.write_text(HEADER + "".join(pins), encoding="utf-8", newline="\n")
    print(f"{len(pins)} pins in {PINS.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
