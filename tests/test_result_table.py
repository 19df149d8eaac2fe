"""The tables that scripts write: what their first line says, and that a failure leaves them."""

import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest
from result_table import comment

TOOLS = Path(__file__).parents[1] / "tools"
SCRIPT = """
import sys
from pathlib import Path

sys.path.insert(0, {tools!r})
from result_table import main_of_frameworks


def print_rows(framework):
    print(f"{{framework}},1")
    if framework in {failing}:
        sys.exit(1)


main_of_frameworks("Try.", __file__, Path({table!r}), "framework,value", print_rows)
"""


def test_the_first_line_names_command_day_and_what_is_installed():
    line = comment("python tools/x.py", ("numpy", "no-such-package"))
    assert line == f"# python tools/x.py on {date.today()} with numpy {version('numpy')}"


@pytest.fixture
def run(tmp_path):
    def start(failing=()):
        script, table = tmp_path / "try.py", tmp_path / "try.csv"
        script.write_text(SCRIPT.format(tools=str(TOOLS), failing=failing, table=str(table)))
        table.write_text("before")
        done = subprocess.run([sys.executable, script], capture_output=True, text=True)
        return done, table.read_text()

    return start


def test_each_framework_prints_its_rows_in_a_process_of_its_own(run):
    done, table = run()
    first, *lines = table.splitlines()
    assert done.returncode == 0
    assert first.startswith("# python tools/try.py on ")
    assert lines == ["framework,value", "keras,1", "torch,1"]


def test_a_framework_that_fails_leaves_the_table(run):
    done, table = run(failing=("torch",))
    assert done.returncode == 1
    assert "torch failed" in done.stderr
    assert table == "before"
