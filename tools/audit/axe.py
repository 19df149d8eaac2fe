"""What axe-core finds on a page, in every look that a reader may choose."""

from functools import cache
from importlib.resources import files

WIDTHS = (1300, 390)
MODES = ("light", "dark")
# Off by default, and Lighthouse asks for them.
EXTRA_RULES = (
    "identical-links-same-purpose",
    "label-content-name-mismatch",
    "table-fake-caption",
    "target-size",
    "td-has-header",
)
OPTIONS = {
    "preload": False,  # only a rule that is off reads style sheets
    "resultTypes": ["violations"],
    "rules": {rule: {"enabled": True} for rule in EXTRA_RULES},
}

# Details of one name close each other.
UNFOLD = """document.querySelectorAll("details").forEach(
  box => { box.name = ""; box.open = true; })"""


@cache
def script():
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page):
    """Return what axe finds on the page as it stands: rule, element and what to do."""
    page.evaluate(script())
    result = page.evaluate("options => axe.run(options)", OPTIONS)
    return [
        {
            "rule": rule["id"],
            "element": " ".join(map(str, node["target"])),
            "html": node["html"][:200],
            "mend": node["failureSummary"],
        }
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def every_look(page, url, prepare="0"):
    """Yield (mode, width, violations) of the address in each mode and width, with all unfolded.

    `prepare` is a script that runs on the page first.
    """
    page.emulate_media(reduced_motion="reduce")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(url)
        page.evaluate(prepare)
        page.evaluate(UNFOLD)
        for mode in MODES:
            page.emulate_media(color_scheme=mode)
            yield mode, width, violations(page)
