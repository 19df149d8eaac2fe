"""List on the landing page what the book has besides pages: the PDF and the EPUB.

The directive ``downloads`` shows its text and one link for each file that `make pdf` and `make
epub` have left in ``_build``, and nothing where there is none. The files are copied into the site.
The bundle of `make zip` holds the site itself, so it is listed only where `html_baseurl` gives the
address at which it is published.
"""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

BUILD = Path(__file__).parents[2] / "_build"
FILES = {
    "nnbook.pdf": "PDF, to print or to read on a wide screen",
    "nnbook.epub": "EPUB, for readers of e-books",
}
BUNDLE = {"nnbook.zip": "ZIP, to read offline: this site, both files and the notebooks"}


class Downloads(SphinxDirective):
    """A place for the links, under the text that introduces them."""

    has_content = True

    def run(self):
        self.assert_has_content()
        self.env.metadata[self.env.docname]["downloads"] = True
        place = nodes.container(classes=["downloads"])
        self.state.nested_parse(self.content, self.content_offset, place)
        return [place]


def pages_to_write(app, env):
    """Return the pages that list files, which may have come or gone since they were written."""
    return [page for page, data in env.metadata.items() if "downloads" in data]


def find_links(base):
    """Return (address, text) of what can be downloaded."""
    addresses = {name: name for name in FILES}
    if base:
        addresses |= {name: f"{base.rstrip('/')}/{name}" for name in BUNDLE}
    return [
        (address, f"{(FILES | BUNDLE)[name]} ({(BUILD / name).stat().st_size / 1e6:.1f} MB)")
        for name, address in addresses.items()
        if (BUILD / name).exists()
    ]


def fill_places(app, doctree, docname):
    """Write the links into their place on the site's page, or remove the place."""
    links = find_links(app.config.html_baseurl) if app.builder.name == "html" else []
    for place in list(doctree.findall(nodes.container)):
        if "downloads" not in place["classes"]:
            continue
        if not links:
            place.parent.remove(place)
            continue
        items = nodes.bullet_list()
        for address, text in links:
            link = nodes.reference("", text, refuri=address)
            items += nodes.list_item("", nodes.paragraph("", "", link))
        place += items


def copy_files(app, error):
    """Put the files into the site, and remove one that is no longer made."""
    if error or app.builder.name != "html":
        return
    for name in FILES:
        copy = Path(app.outdir, name)
        copy.unlink(missing_ok=True)
        if (BUILD / name).exists():
            shutil.copy2(BUILD / name, copy)


def setup(app):
    """Register the directive with Sphinx."""
    app.add_directive("downloads", Downloads)
    app.connect("env-updated", pages_to_write)
    app.connect("doctree-resolved", fill_places)
    app.connect("build-finished", copy_files)
    return {"parallel_read_safe": True}
