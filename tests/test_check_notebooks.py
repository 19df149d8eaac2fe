"""Running the notebooks as a reader does: verdicts, memory, and what must not be installed."""

import json
import re
import sys
from types import SimpleNamespace

import pytest

pytest.importorskip("nbclient", reason="Jupyter is not installed")
import nbformat
import notebooks
from nbformat.v4 import new_code_cell, new_notebook


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """The module, with notebooks of ours and with this environment instead of one of its own."""
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(notebooks, "make_environment", lambda constraints: sys.executable)
    monkeypatch.setattr(notebooks, "packages", lambda python: b"")
    return notebooks


def write_notebooks(folder, **sources):
    for name, source in sources.items():
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), folder / f"{name}.ipynb")


def verdicts(runner, capsys, *arguments):
    """Run notebooks; return the exit code, the verdicts and all that was printed."""
    with pytest.raises(SystemExit) as end:
        runner.main(arguments)
    printed = capsys.readouterr().out
    return end.value.code, re.findall(r"(\w+) +(passed|failed) in", printed), printed


def test_the_exit_code_counts_the_notebooks_that_fail(runner, tmp_path, capsys):
    right = "import os; assert os.listdir() == ['right.ipynb']"
    write_notebooks(tmp_path, right=right, wrong="1 / 0")
    code, found, _ = verdicts(runner, capsys)
    assert (code, found) == (1, [("right", "passed"), ("wrong", "failed")])


def test_a_kernel_that_takes_too_much_memory_fails(runner, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runner, "MEMORY", 400)
    write_notebooks(tmp_path, large="x = b'1' * 450_000_000", small="x = b'1' * 50_000_000")
    code, found, printed = verdicts(runner, capsys)
    assert (code, found) == (1, [("large", "failed"), ("small", "passed")])
    (large, small) = (int(n) for n in re.findall(r"with +(\d+) MB", printed))
    assert 450 < large < 700
    assert 50 < small < 400
    assert f"{large} MB is more than 400 MB" in printed


def test_what_a_kernel_starts_counts(runner, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runner, "MEMORY", 500)
    child = "import time; x = b'1' * 250_000_000; time.sleep(2)"
    source = f"""
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", {child!r}]) for _ in range(2)]
[child.wait() for child in children]"""
    write_notebooks(tmp_path, two=source, one=source.replace("range(2)", "range(1)"))
    code, found, printed = verdicts(runner, capsys)
    assert (code, found) == (1, [("one", "passed"), ("two", "failed")])
    (one, two) = (int(n) for n in re.findall(r"with +(\d+) MB", printed))
    assert 200 < two - one < 300


def test_binders_limit_is_not_that_of_other_environments(runner, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runner, "MEMORY", 1)
    write_notebooks(tmp_path, a="1")
    assert verdicts(runner, capsys, "--constraints", "list.txt")[0] == 0


def test_a_notebook_that_installs_something_is_told(runner, tmp_path, monkeypatch):
    write_notebooks(tmp_path, a="1")
    states = iter([b"a==1", b"a==2"])
    monkeypatch.setattr(runner, "packages", lambda python: next(states))
    with pytest.raises(SystemExit, match="changed which packages are installed"):
        runner.main([])


@pytest.mark.parametrize(("names", "told"), [([], "No notebook"), (["a"], "No a.ipynb")])
def test_missing_notebooks_are_told(runner, names, told):
    with pytest.raises(SystemExit, match=f"{told} in .* First run: make notebooks"):
        runner.main(names)


@pytest.mark.parametrize("number", [0, 2])
def test_there_must_be_one_wheel(runner, tmp_path, monkeypatch, number):
    monkeypatch.setattr(runner, "BUILD", tmp_path)
    (tmp_path / "dist").mkdir()
    for version in range(number):
        (tmp_path / "dist" / f"nnbook-{version}-py3-none-any.whl").touch()
    with pytest.raises(SystemExit, match=f"{number} wheels of nnbook in .*make wheel"):
        runner.wheel()


@pytest.mark.parametrize(
    ("installed", "told"),
    [
        (["nnbook"], None),
        (["nnbook", "numpy"], "Installing nnbook would also install numpy 1"),
    ],
)
def test_what_pip_would_install_beside_nnbook_is_told(runner, monkeypatch, installed, told):
    report = {"install": [{"metadata": {"name": name, "version": "1"}} for name in installed]}
    answer = SimpleNamespace(stdout=json.dumps(report))
    monkeypatch.setattr(runner, "run", lambda *command, **options: answer)
    monkeypatch.setattr(runner, "wheel", lambda: "nnbook.whl")
    if told is None:
        runner.refuse_changes("python")
    else:
        with pytest.raises(SystemExit, match=told):
            runner.refuse_changes("python")


def test_the_environment_takes_frameworks_and_kernel_in_their_pinned_versions(runner):
    pins = runner.NEEDED.findall(runner.PINS.read_text())
    names = {pin.partition("==")[0] for pin in pins}
    frameworks = {"torch", "tensorflow", "tensorflow-cpu", "keras"}
    assert names == {*frameworks, "distributed", "ipykernel", "nbclient"}
