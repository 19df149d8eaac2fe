"""Tests marked gpu run where a GPU is, skip with the reason elsewhere, and fail if required."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = (Path(__file__).parent / "conftest.py").read_text(encoding="utf-8")
TESTS = """\
import pytest

@pytest.mark.gpu("torch")
def test_on_gpu(): pass

def test_anywhere(): pass
"""


@pytest.mark.parametrize(
    ("reason", "option", "outcome", "told"),
    [
        (None, (), "2 passed", ""),
        (None, ("--require-gpu",), "2 passed", ""),
        ("torch sees no GPU", (), "1 passed, 1 skipped", r"SKIPPED \[1\] .*: torch sees no GPU"),
        (
            "torch sees no GPU",
            ("--require-gpu",),
            "1 passed, 1 error",
            "ERROR .*test_on_gpu - .*--require-gpu: torch sees no GPU",
        ),
    ],
)
def test_require_gpu(tmp_path, reason, option, outcome, told):
    planted = f"\n\ndef missing_gpu(framework):\n    return {reason!r}\n"
    (tmp_path / "conftest.py").write_text(CONFTEST + planted, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = gpu\n")
    command = [sys.executable, "-m", "pytest", "-ra", "--strict-markers", "--color=no", *option]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert outcome in result.stdout
    assert re.search(told, result.stdout)
    assert result.returncode == ("error" in outcome)


def test_the_reason_names_what_is_missing(request, torch_mlp, monkeypatch):
    conftest = request.config.pluginmanager.get_plugin(str(Path(__file__).parent / "conftest.py"))
    monkeypatch.setattr(torch_mlp, "choose_device", lambda: "cpu")
    assert conftest.missing_gpu("torch") == "torch sees no GPU"
    monkeypatch.setattr(torch_mlp, "choose_device", lambda: "cuda")
    assert conftest.missing_gpu("torch") is None
    monkeypatch.delitem(sys.modules, "nnbook.frameworks.torch_mlp")
    monkeypatch.setitem(sys.modules, "torch.utils.data", None)
    assert 'pip install "nnbook[torch]"' in conftest.missing_gpu("torch")
