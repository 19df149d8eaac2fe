"""A small book, laid out as ours is and built as strictly, for the tests of the extensions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXTENSIONS = Path(__file__).parents[1] / "book" / "_ext"
HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n"
SPHINX = """\
import sys
from sphinx.cmd.build import main

builders, *options = sys.argv[1:]
options += ["-q", "-n", "-W", "--keep-going", "-d", "_build/doctrees"]
for builder in builders.split():
    if code := main([*options, "-b", builder, "book", f"_build/{builder}"]):
        sys.exit(code)
"""


def write_book(root, pages, extensions, **settings):
    """Write `pages`, text by name, under `root`, with a copy of our extensions."""
    book = root / "book"
    shutil.copytree(EXTENSIONS, book / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    lines = ["import sys", f"sys.path.insert(0, {str(book / '_ext')!r})"]
    settings["extensions"] = extensions
    lines += [f"{name} = {value!r}" for name, value in settings.items()]
    (book / "conf.py").write_text("\n".join(lines), encoding="utf-8")
    for name, text in pages.items():
        path = book / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def build_book(root, *options, builders="html"):
    """Build it into `root/_build`; return the exit code and what Sphinx told."""
    command = [sys.executable, "-c", SPHINX, builders, *options]  # importing it once saves seconds
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    return result.returncode, result.stderr
