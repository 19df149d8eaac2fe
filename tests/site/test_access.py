"""axe finds nothing on one page of each kind, as it is first seen and with what opens opened.

`make audit` looks at every page.
"""

import pytest
from audit.axe import MODES, WIDTHS, every_look, violations

KINDS = ["intro", "neuron", "glossary", "api", "search", "genindex", "figures/fig-activations"]

# Of what a page repeats many times over, these are enough here.
SHORTEN = """["pre", ".math", "dl.py", "dl.glossary > *", ".indextable"].forEach(kind =>
  document.querySelectorAll(kind).forEach((element, i) => i < 6 || element.remove()))"""


def told(found):
    return [f"{one['rule']}: {one['element']}: {one['mend']}" for one in found]


@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing_in_any_look(page, name):
    looks = list(every_look(page, f"/{name}.html", SHORTEN))

    assert [look[:2] for look in looks] == [(mode, width) for width in WIDTHS for mode in MODES]
    assert [(mode, width, told(found)) for mode, width, found in looks if found] == []


def test_axe_finds_what_is_wrong(page):
    page.goto("/status.html")
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=_static/file.png>'")

    assert {one["rule"] for one in violations(page)} == {"empty-heading", "image-alt"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("width", "button", "opened"),
    [
        (1300, ".search-button__button", "#pst-search-dialog[open]"),
        (1300, ".dropdown-download-buttons > button", ".dropdown-menu.show"),
        (390, ".primary-toggle", "#pst-primary-sidebar-modal[open]"),
        (390, ".secondary-toggle", "#pst-secondary-sidebar-modal[open]"),
    ],
)
def test_axe_finds_nothing_in_what_opens(page, mode, width, button, opened):
    page.emulate_media(color_scheme=mode, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/status.html")
    page.locator(f"{button}:visible").first.click()
    page.locator(opened).wait_for()

    assert told(violations(page)) == []


def test_axe_finds_nothing_after_scrolling(page):
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/intro.html")
    page.mouse.wheel(0, 1500)
    page.mouse.wheel(0, -200)
    page.locator("#pst-back-to-top").wait_for()

    assert told(violations(page)) == []
