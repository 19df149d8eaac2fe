"""The book as an EPUB that `epubcheck` accepts, named after the book, with its cover.

Sphinx's builder knows neither the properties that EPUB 3 asks of a manifest, such as ``mathml``,
nor which markup of other extensions is for browsers only. Readers of books bring their own fonts,
colours and widths, so an EPUB has one short style sheet of its own (``epub.css``).
"""

import html
import re
import shutil
import uuid
from pathlib import Path

from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from matplotlib.image import imread
from sphinx.builders.epub3 import Epub3Builder

STYLE = Path(__file__).with_name("epub.css")
PICTURE = "_static/learning.png"
COVER = "_static/cover.png"
FOR_BROWSERS = "script, button, svg.sd-octicon, .downloads, .pst-js-only, .stepper"
HTML_TAG = '<html xmlns="http://www.w3.org/1999/xhtml" lang="{0}" xml:lang="{0}">'
ACCESS = {
    "accessMode": ["textual", "visual"],
    "accessModeSufficient": ["textual"],
    "accessibilityFeature": ["alternativeText", "MathML", "structuralNavigation"],
    "accessibilityHazard": ["none"],
}
ITEM = re.compile(r'(<item id="[^"]*" href="([^"]*)" media-type="[^"]*")( />)')


def name_edition(app, config):
    """Take title, author and address of the EPUB from the book's own settings."""
    origin = config.html_theme_options.get("repository_url") or config.html_title
    config.project = config.html_title
    config.epub_basename = "nnbook"
    config.epub_title = config.html_title
    config.epub_contributor = config.author
    config.epub_identifier = uuid.uuid5(uuid.NAMESPACE_URL, origin).urn
    config.epub_uid = "identifier"
    config.epub_cover = (COVER, "epub-cover.html")
    config.epub_tocscope = "includehidden"
    config.epub_show_urls = "no"
    config.epub_use_index = False
    config.epub_tocdup = False


def mend(body):
    """Return a page's body without what is for browsers, and valid where it was not."""
    soup = BeautifulSoup(body, "html.parser")
    for node in soup.select(FOR_BROWSERS):
        node.decompose()
    for summary in soup.select("details.hide > summary"):
        summary.string = "Code"
        del summary["aria-label"]
    for paragraph in soup.select("summary p"):
        paragraph.name = "span"
    for node in soup.select("[role=doc-biblioentry]"):
        del node["role"]  # deprecated
    for node in soup.select("details[name]"):
        del node["name"]  # younger than EPUB 3
    return str(soup)


def simplify(app, pagename, templatename, context, doctree):
    """Leave the text, and two style sheets, of a page of the EPUB."""
    if app.builder.name != "epub":
        return
    context["script_files"] = []
    context["css_files"] = ["_static/pygments.css", f"_static/{STYLE.name}"]
    if "body" in context:
        context["body"] = mend(context["body"])


def draw_cover(title, subtitle, author, picture, path):
    """Write the cover: the book's picture between its titles and its author."""
    figure = Figure(figsize=(6, 9), dpi=200)
    figure.text(0.5, 0.83, title, ha="center", size=44, weight="bold")
    figure.text(0.5, 0.74, subtitle, ha="center", va="center", size=16, wrap=True)
    figure.text(0.5, 0.1, author, ha="center", size=14)
    axes = figure.add_axes((0.04, 0.25, 0.92, 0.4))
    axes.imshow(imread(picture))
    axes.axis("off")
    figure.savefig(path)


def properties(path, cover):
    """Return what an EPUB's manifest has to say about a file, as an attribute."""
    if cover:
        return ' properties="cover-image"'
    if path.suffix == ".xhtml" and "<math" in path.read_text(encoding="utf-8"):
        return ' properties="mathml"'
    return ""


class EpubEdition(Epub3Builder):
    """Sphinx's builder with a complete manifest, and without the site's static files."""

    def prepare_writing(self, docnames):
        """Name the language of each page; leave the index of modules out."""
        super().prepare_writing(docnames)
        self.globalcontext["html_tag"] = HTML_TAG.format(html.escape(self.config.epub_language))
        self.domain_indices = []

    def copy_static_files(self):
        """Write the style sheets and the cover."""
        static = Path(self.outdir, "_static")
        shutil.rmtree(static, ignore_errors=True)
        static.mkdir()
        self.create_pygments_style_file()
        shutil.copy2(STYLE, static)
        names = (self.config.epub_title, self.subtitle(), self.config.epub_author)
        draw_cover(*names, Path(self.srcdir, PICTURE), Path(self.outdir, COVER))

    def subtitle(self):
        """Return the title of the landing page."""
        return self.env.titles[self.config.root_doc].astext()

    def content_metadata(self):
        """Describe the book by the title of its landing page."""
        return super().content_metadata() | {"description": html.escape(self.subtitle())}

    def toc_metadata(self, level, navpoints):
        """Give the older table of contents the same identifier."""
        return super().toc_metadata(level, navpoints) | {"uid": self.config.epub_identifier}

    def build_content(self):
        """Add what a reader can do, and each file's properties, to what Sphinx has written."""
        super().build_content()
        manifest = Path(self.outdir, "content.opf")

        def complete(match):
            path = Path(self.outdir, match[2])
            return match[1] + properties(path, match[2] == COVER) + match[3]

        access = "".join(
            f'    <meta property="schema:{name}">{value}</meta>\n'
            for name, values in ACCESS.items()
            for value in values
        )
        text = ITEM.sub(complete, manifest.read_text(encoding="utf-8"))
        text = text.replace("  </metadata>", f"{access}  </metadata>")
        manifest.write_text(text, encoding="utf-8")


def setup(app):
    """Register the builder with Sphinx."""
    app.add_builder(EpubEdition, override=True)
    app.connect("config-inited", name_edition, priority=700)
    app.connect("html-page-context", simplify, priority=950)
    return {"parallel_read_safe": True}
