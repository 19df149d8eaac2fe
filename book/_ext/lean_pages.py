"""Take from every page what this book does not use, and let scripts load beside the text.

- sphinx-thebe puts its loader and its settings on each page even when live code is off.
- FontAwesome comes twice, as a script and as fonts; the fonts stay, with the icons that a page or
  a style sheet of the theme names.
- No script has to run before the text is shown, but the options that others read.
- Without scripts the theme has colours only for a mode that the page names, so that is light; a
  script then asks for the reader's choice, else the system's.
"""

import re
from io import BytesIO
from pathlib import Path

from docutils import nodes
from fontTools import subset

UNUSED = ("thebe", "fontawesome.js", "design-tabs.js")
AT_ONCE = "documentation_options.js"
ELEMENT = re.compile(r"<script\b[^>]*>.*?</script>|<link\b[^>]*>", re.S)
THEME = Path("_static/styles/pydata-sphinx-theme.css")
ICON_RULE = re.compile(r"(?:\.fa-[\w-]+:before,?)+\{content:\"[^\"]*\"\}")
ICON_NAME = re.compile(r"\bfa-[\w-]+")
ICON_CODE = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")


def lean(head):
    """Return a piece of a page's head without what is unused, its scripts deferred."""
    head = head.replace('|| "light"', '|| "auto"')
    return ELEMENT.sub(lambda match: needed(match[0]), head)


def needed(element):
    """Return one element, "" where it is unused."""
    if any(name in element for name in UNUSED):
        return ""
    if " src=" in element and AT_ONCE not in element and " defer" not in element:
        return element.replace("<script ", "<script defer ", 1)
    return element


def drop_thebe(app, doctree, docname):
    """Remove the settings of sphinx-thebe from a page."""
    for node in list(doctree.findall(nodes.raw)):
        if re.match(r"\s*<script( type=.text/x-thebe|>kernelName)", node.astext()):
            node.parent.remove(node)


def used_icons(site):
    """Return the names of the icons on the pages and in the theme's scripts."""
    files = [*site.rglob("*.html"), *(site / "_static" / "scripts").glob("*-theme.js")]
    return {name for path in files for name in ICON_NAME.findall(path.read_text(encoding="utf-8"))}


def without_unused_icons(styles, used):
    """Return the theme's style sheet without the rules of icons that no page shows."""

    def rule(match):
        return match[0] if used.intersection(ICON_NAME.findall(match[0])) else ""

    return ICON_RULE.sub(rule, styles)


def icon_codes(styles):
    """Return the code points in the icons' range that a style sheet names."""
    return {int(code, 16) if code else ord(char) for code, char in ICON_CODE.findall(styles)}


def shrink_fonts(folder, codes):
    """Leave these code points in the icon fonts; every browser of today reads woff2."""
    for path in folder.glob("*.woff2"):
        options = subset.Options(flavor="woff2", layout_features=[])
        font = subset.load_font(BytesIO(path.read_bytes()), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=codes)
        subsetter.subset(font)
        subset.save_font(font, path, options)
    for path in folder.glob("*.ttf"):
        path.unlink()


def shrink_icons(app, error):
    """Leave the icons that are used in the theme's style sheet and fonts."""
    site = Path(app.outdir)
    if error or not (site / THEME).exists():
        return
    styles = without_unused_icons((site / THEME).read_text(encoding="utf-8"), used_icons(site))
    (site / THEME).write_text(styles, encoding="utf-8")
    sheets = (path.read_text(encoding="utf-8") for path in site.glob("_static/**/*.css"))
    codes = set().union(*map(icon_codes, sheets))
    shrink_fonts(site / "_static" / "vendor" / "fontawesome" / "webfonts", codes)


def add_filter(app):
    """Give the filter to the template layout.html."""
    if templates := getattr(app.builder, "templates", None):
        templates.environment.filters["lean"] = lean


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("builder-inited", add_filter)
    app.connect("doctree-resolved", drop_thebe, priority=900)
    app.connect("build-finished", shrink_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
