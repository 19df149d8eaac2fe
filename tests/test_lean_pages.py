"""What the pages of the theme lose, and what they must keep."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("fontTools", reason="fontTools is not installed")
pytest.importorskip("pydata_sphinx_theme", reason="the theme is not installed")
import lean_pages
import pydata_sphinx_theme
from docutils import nodes
from fontTools.ttLib import TTFont

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FONTS = Path("_static/vendor/fontawesome/webfonts")


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<script src="a.js"></script>', '<script defer src="a.js"></script>'),
        ('<script defer src="a.js"></script>', '<script defer src="a.js"></script>'),
        ('<script src="documentation_options.js?v=1"></script>', None),
        ("<script>let hint = 1;</script>", None),
        ('<link rel="stylesheet" href="theme.css" />', None),
        ('<script async src="sphinx-thebe.js"></script>', ""),
        ('<script>const THEBE_JS_URL = "x"; const thebe_selector = 1</script>', ""),
        ('<link rel="stylesheet" href="thebe.css" />', ""),
        ('<script defer src="scripts/fontawesome.js?digest=1"></script>', ""),
        ('<script data-x="y" src="design-tabs.js"></script>', ""),
    ],
)
def test_each_element_of_the_head(element, expected):
    expected = element if expected is None else expected
    around = "<title>thebe</title>\n{}\n<meta name='a' />"
    assert lean_pages.lean(around.format(element)) == around.format(expected)


def test_the_settings_of_thebe_go_and_other_raw_html_stays():
    scripts = [
        '<script type="text/x-thebe-config">\n{}</script>',
        "<script>kernelName = 'python3'</script>",
        "<script>other()</script>",
        "<b>thebe</b>",
    ]
    page = nodes.section("", *(nodes.raw("", text, format="html") for text in scripts))
    lean_pages.drop_thebe(None, page, "page")
    assert [node.astext() for node in page] == scripts[2:]


def test_scripts_ask_the_system_for_the_mode():
    script = '<script>dataset.mode = localStorage.getItem("mode") || "{}";</script>'
    assert lean_pages.lean(script.format("light")) == script.format("auto")


@pytest.fixture
def site(tmp_path):
    """A site with the theme's own styles and fonts, and two icons on its page."""
    page = '<i class="fa-solid fa-magnifying-glass"></i><i class="fa-brands fa-github"></i>'
    (tmp_path / "page.html").write_text(page)
    files = ("styles/pydata-sphinx-theme.css", "scripts/pydata-sphinx-theme.js")
    for path in (*map(Path, files), *(STATIC / "vendor").rglob("*.woff2")):
        target = tmp_path / "_static" / (path.relative_to(STATIC) if path.is_absolute() else path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((STATIC / path).read_bytes())
    (tmp_path / FONTS / "fa-solid-900.ttf").touch()
    return tmp_path


def characters(site, font):
    with TTFont(site / FONTS / f"{font}.woff2") as opened:
        return {chr(code) for code in opened.getBestCmap()}


def test_icons_that_are_used_stay(site):
    lean_pages.shrink_icons(SimpleNamespace(outdir=site), None)
    assert "\uf002" in characters(site, "fa-solid-900")  # the magnifying glass
    assert "\uf09b" in characters(site, "fa-brands-400")  # GitHub's mark
    styles = (site / lean_pages.THEME).read_text()
    assert ".fa-magnifying-glass:before" in styles
    assert ".fa-github:before" in styles


def test_icons_that_the_style_sheet_draws_stay(site):
    lean_pages.shrink_icons(SimpleNamespace(outdir=site), None)
    drawn = lean_pages.icon_codes((site / lean_pages.THEME).read_text())
    kept = {char for name in ("fa-solid-900", "fa-brands-400") for char in characters(site, name)}
    assert len(drawn) > 10
    assert {chr(code) for code in drawn} <= kept


def test_icons_that_nobody_uses_go(site):
    styles = site / lean_pages.THEME
    before = len(styles.read_text())
    lean_pages.shrink_icons(SimpleNamespace(outdir=site), None)
    assert ".fa-hockey-puck" not in styles.read_text()
    assert "\uf453" not in characters(site, "fa-solid-900")
    assert len(styles.read_text()) < 0.8 * before
    assert sum(path.stat().st_size for path in (site / FONTS).iterdir()) < 10_000


def test_a_second_build_changes_nothing(site):
    app = SimpleNamespace(outdir=site)
    lean_pages.shrink_icons(app, None)
    before = {path: path.read_bytes() for path in site.rglob("*.*")}
    lean_pages.shrink_icons(app, None)
    assert {path: path.read_bytes() for path in site.rglob("*.*")} == before


def test_a_failed_build_and_other_builders_are_left_alone(site):
    before = (site / lean_pages.THEME).read_text()
    lean_pages.shrink_icons(SimpleNamespace(outdir=site), ValueError())
    assert (site / lean_pages.THEME).read_text() == before
    lean_pages.shrink_icons(SimpleNamespace(outdir=site / "elsewhere"), None)
