"""Finding the browser that prints the book and that the tests of the site drive."""

import sys
from pathlib import Path

import browser
import pytest


@pytest.fixture(autouse=True)
def without_any(monkeypatch):
    monkeypatch.setattr(browser, "ELSEWHERE", ())
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)


def test_none_says_how_to_get_one():
    with pytest.raises(browser.BrowserNotFoundError, match="sudo apt install chromium"):
        browser.find_chromium()


def test_the_variable_comes_first(monkeypatch):
    monkeypatch.setattr(browser, "ELSEWHERE", ("/nowhere/chrome",))
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert browser.find_chromium() == sys.executable


def test_a_wrong_variable_is_told(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")
    with pytest.raises(browser.BrowserNotFoundError, match="CHROMIUM=/nowhere/chrome"):
        browser.find_chromium()


def test_looks_on_the_path_then_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("PLACE", str(Path(sys.executable).parent))
    monkeypatch.setattr(browser, "ELSEWHERE", (f"${{PLACE}}/{Path(sys.executable).name}",))
    assert browser.find_chromium() == sys.executable
    suffix = ".exe" if sys.platform == "win32" else ""
    program = tmp_path / f"google-chrome{suffix}"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(browser.find_chromium()).name.lower() == program.name
