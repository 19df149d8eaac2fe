"""`make chapter` builds one page while it is being written."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jupyter_book", reason="jupyter-book is not installed")
ROOT = Path(__file__).parents[1]


def test_a_page_builds_alone(tmp_path):
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build"]
    command += ["book/references.md", "--config", "_config.yml", "--path-output", tmp_path]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert [*tmp_path.rglob("html/references.html")]
