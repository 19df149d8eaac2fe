"""Find the Chromium or Chrome of this machine, for the PDF and for the tests of the site.

Nothing is downloaded. The variable CHROMIUM names another one: CHROMIUM=/path/to/chrome make pdf
"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "${PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
    "${PROGRAMFILES(X86)}/Google/Chrome/Application/chrome.exe",
    "${LOCALAPPDATA}/Google/Chrome/Application/chrome.exe",
)
MISSING = """\
Neither Chromium nor Chrome was found. Install one of them:
  Debian           sudo apt install chromium
  Ubuntu, Windows  https://www.google.com/chrome/
  macOS            brew install --cask google-chrome
or say where it is: CHROMIUM=/path/to/chrome"""


class BrowserNotFoundError(RuntimeError):
    """No Chromium is installed, or CHROMIUM names none."""


def find_chromium():
    """Return the path of an installed Chromium or Chrome; raise `BrowserNotFoundError`."""
    if named := os.environ.get("CHROMIUM"):
        if found := shutil.which(named):
            return found
        raise BrowserNotFoundError(f"CHROMIUM={named}, but there is no such program.")
    places = (os.path.expandvars(Path(place).expanduser()) for place in ELSEWHERE)
    for candidate in (*ON_PATH, *places):
        if found := shutil.which(candidate):
            return found
    raise BrowserNotFoundError(MISSING)


@contextmanager
def chromium():
    """Give a headless Chromium, driven by Playwright, for the time of a ``with`` block."""
    from playwright.sync_api import sync_playwright

    root = getattr(os, "geteuid", lambda: 1)() == 0  # Chromium's sandbox refuses root
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=not root)
        yield browser
        browser.close()
