"""Finding the browser that prints the book and that the tests of the site drive."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "tools" / "browser.py"


@pytest.fixture
def browser(monkeypatch):
    spec = importlib.util.spec_from_file_location("browser", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ELSEWHERE", ())
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    return module


def test_none_says_how_to_get_one(browser):
    with pytest.raises(browser.BrowserNotFoundError, match="sudo apt install chromium"):
        browser.find_chromium()


def test_the_variable_comes_first(browser, monkeypatch):
    monkeypatch.setattr(browser, "ELSEWHERE", ("/nowhere/chrome",))
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert browser.find_chromium() == sys.executable


def test_a_wrong_variable_is_told(browser, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")
    with pytest.raises(browser.BrowserNotFoundError, match="CHROMIUM=/nowhere/chrome"):
        browser.find_chromium()


def test_looks_on_the_path_then_elsewhere(browser, monkeypatch, tmp_path):
    monkeypatch.setenv("PLACE", str(Path(sys.executable).parent))
    monkeypatch.setattr(browser, "ELSEWHERE", (f"${{PLACE}}/{Path(sys.executable).name}",))
    assert browser.find_chromium() == sys.executable
    suffix = ".exe" if sys.platform == "win32" else ""
    program = tmp_path / f"google-chrome{suffix}"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(browser.find_chromium()).name.lower() == program.name
