"""Mend the pages where the theme and the extensions leave a barrier or invalid HTML.

The text of a page is mended when all pages are written. Each mend leaves nothing to mend, so a page
that a later build does not write again stays as it is. ``make audit`` and ``tests/site`` find what
a new version of the theme brings.
"""

import re
from pathlib import Path

from docutils import nodes

MENDS = [
    # A label that differs from the text on a button is no use to those who speak to the computer.
    (r'(<button class="btn search-button-field [^>]*) aria-label="Search"', r"\1"),
    (r'(<i class="theme-switch [^>]*?)\s+title="[^"]*"', r"\1"),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    # A summary takes no paragraph; access.css gives these the look of the title that they were.
    (r'<p class="(collapsed|expanded) admonition-title">(.*?)</p>', r'<span class="\1">\2</span>'),
    # The letters of the icon fonts are no words.
    (
        r'(<(?:i|span) class="(?:[\w-]+ )*fa-[\w -]+")(?! aria-hidden)',
        r'\1 aria-hidden="true"',
    ),
    # The name and the search button of the book stand outside all landmarks.
    (
        r'(<div id="pst-primary-sidebar"(?! role))',
        r'\1 role="region" aria-label="Book: search and contents"',
    ),
    # The role is deprecated, and a list wants its items.
    (r'role="doc-biblioentry"', r'role="listitem"'),
    # The index is a list in columns, without headings of columns.
    (r'(<table [^>]*?class="indextable[^"]*")(?! role)', r'\1 role="presentation"'),
    # On paper this stands for the title, which is hidden there: a second title for a machine.
    (r'(<div id="jb-print-docs-body"[^>]*>\s*)<h1>(.*?)</h1>', r'\1<p class="title">\2</p>'),
]
MENDS = [(re.compile(pattern, re.DOTALL), replacement) for pattern, replacement in MENDS]


def mend(page):
    """Return the HTML of a page without what the theme and the extensions leave."""
    for pattern, replacement in MENDS:
        page = pattern.sub(replacement, page)
    return page


def pages(site):
    """Return the files of all pages, those in folders as well."""
    return [path for path in site.rglob("*.html") if "_static" not in path.parts]


def mend_pages(app, error):
    """Mend every page of the site."""
    if error or app.builder.name != "html":
        return
    for path in pages(Path(app.outdir)):
        page = path.read_text(encoding="utf-8")
        mended = mend(page)
        if mended != page:
            path.write_text(mended, encoding="utf-8")


def drop_repeated_ids(app, doctree, docname):
    """Turn the body of an exercise or solution into a plain container.

    sphinx-exercise makes it a section without a heading, and gives all of them the same id.
    """
    if app.builder.format != "html":
        return
    for section in list(doctree.findall(nodes.section)):
        if section["ids"] in (["exercise-content"], ["solution-content"]):
            box = nodes.container("", *section.children, classes=section["ids"])
            section.parent.replace(section, box)


def setup(app):
    """Register both steps, the mending of pages after the last extension that writes one."""
    app.connect("doctree-resolved", drop_repeated_ids, priority=900)
    app.connect("build-finished", mend_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
