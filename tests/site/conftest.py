"""The built site, a server for it, and a browser; what is missing is skipped with the reason.

With --require-browser it fails instead.
"""

from pathlib import Path

import pytest
from browser import BrowserNotFoundError, chromium, find_chromium
from serve import serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def unavailable(pytestconfig):
    """A function that skips with a reason, or fails where the tests of the site are required."""

    def end(reason):
        if pytestconfig.getoption("--require-browser"):
            pytest.fail(f"--require-browser: {reason}", pytrace=False)
        pytest.skip(reason)

    return end


@pytest.fixture(scope="session")
def site(unavailable):
    """The folder of the built book."""
    folder = ROOT / "_build" / "html"
    if not (folder / "intro.html").exists():
        unavailable("the book is not built: make book")
    if (ROOT / "_build" / ".unfinished").exists():
        unavailable("the last build of the book failed: make book")
    return folder


@pytest.fixture(scope="session")
def server(site):
    """The address of the site on this machine, without a slash at its end."""
    with serving(site) as url:
        yield url


@pytest.fixture(scope="session")
def browser(unavailable):
    """A headless Chromium."""
    try:
        find_chromium()
    except BrowserNotFoundError as error:
        unavailable(str(error).splitlines()[0])
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, server):
    """A page in a fresh profile; it ends with no error and no request to another host."""
    context = browser.new_context(base_url=server, viewport={"width": 1300, "height": 900})
    context.set_default_timeout(10_000)
    page = context.new_page()
    faults = []
    page.on("console", lambda line: check_line(line, page.url, faults))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: check_host(request.url, server, faults))
    yield page
    context.close()
    assert not faults


def check_line(line, address, faults):
    """Note an error, but not that the address of the page itself is missing: a test wants that."""
    wanted = line.text.startswith("Failed to load resource") and line.location["url"] == address
    if line.type == "error" and not wanted:
        faults.append(f"{line.text} {line.location['url']}")


def check_host(url, server, faults):
    if not url.startswith((server, "data:", "blob:", "file:")):
        faults.append(f"asks another host: {url}")
