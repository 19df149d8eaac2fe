"""Join the pages of the built site into one: the book as a whole, with its contents.

Anchors get the name of their page as a prefix, because many pages have a section "Summary".
"""

import os
import re
import time
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from settings import ROOT
from sphinx_external_toc.parsing import FileItem, parse_toc_yaml

SITE = ROOT / "_build" / "html"
STYLE = Path(__file__).with_name("print.css")
REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "for")
UNPRINTED = (
    "script, noscript, button, a.headerlink, details.hide > summary, "
    ".downloads, .figure-data, .toctree-wrapper"
)


def read_order():
    """Return (part, docname) of every page as `_toc.yml` orders them."""
    return list(walk(parse_toc_yaml(ROOT / "_toc.yml")))


def walk(site_map, docname=None, part=""):
    """Yield (part, docname) of a page and of those below it."""
    document = site_map[docname] if docname else site_map.root
    yield part, document.docname
    for tree in document.subtrees:
        for item in tree.items:
            if isinstance(item, FileItem):
                yield from walk(site_map, str(item), tree.caption or part)


class Chapter:
    """A page of the site, made ready to be one of many on the same page."""

    def __init__(self, docname, part, docnames):
        path = SITE / f"{docname}.html"
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.name, self.part, self.docnames = docname, part, docnames
        self.styles = [link["href"] for link in page.select("link[rel=stylesheet]")]
        self.body = page.select_one("article.bd-article")
        self.tidy()
        self.title = self.body.h1.get_text(" ", strip=True).replace(" .", ".")
        self.make_unique()

    def tidy(self):
        """Drop what only a screen can use, open what is folded, load every image at once."""
        for node in self.body.select(UNPRINTED):
            node.decompose()
        for node in self.body.select("details.hide"):
            node.name = "div"
        for node in self.body.select("details"):
            node["open"] = ""
            del node["name"]  # of several with one name only one can be open
        for image in self.body.select("img[src]"):
            image["src"] = f"../html/{image['src']}"
            del image["loading"]

    def anchor(self, identifier=""):
        """Return the name in the book of an anchor of this page."""
        return f"{self.name}--{identifier}" if identifier else self.name

    def make_unique(self):
        """Prefix the anchors with the page's name, and let links lead to them."""
        for node in self.body.select("[id]"):
            node["id"] = self.anchor(node["id"])
        for name in REFERENCES:
            for node in self.body.select(f"[{name}]"):
                node[name] = " ".join(self.anchor(part) for part in node[name].split())
        for link in self.body.select("a[href]"):
            self.redirect(link)

    def redirect(self, link):
        """Point a link of the site at its place in the book, or take away one that has none."""
        target = urlsplit(link["href"])
        if target.scheme or target.netloc:
            return
        name = target.path.removesuffix(".html") or self.name
        if name in self.docnames:
            link["href"] = f"#{name}--{target.fragment}" if target.fragment else f"#{name}"
        else:
            link.unwrap()

    def sections(self):
        """Yield (anchor, title) of the chapter's sections."""
        for heading in self.body.select("section > section > h2"):
            yield heading.parent["id"], heading.get_text()


def read_chapters():
    """Return all pages of the site, ready to be joined."""
    order = read_order()
    docnames = {docname for _, docname in order}
    return [Chapter(docname, part, docnames) for part, docname in order]


def title_page(book, subtitle):
    """Return title, author, version, date and origin as HTML."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    date = time.strftime("%Y-%m-%d", time.gmtime(seconds))
    address = escape(book.address)
    return f"""<section class="title-page">
<p class="title">{escape(book.title)}</p><p class="subtitle">{escape(subtitle)}</p>
<img alt="" src="../html/_static/learning.png">
<p>{escape(book.author)}</p>
<p>Version {escape(book.version)}, printed {date}</p>
<p><a href="{address}">{address}</a></p>
<p>Text and figures: CC BY 4.0. Code: MIT License.</p></section>"""


def contents(chapters, pages):
    """Return the table of contents as HTML; `pages` gives the page of an anchor."""
    lines = ['<nav class="book-contents" id="contents"><h1>Contents</h1>']
    part = ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="part">{escape(part)}</p>')
        entries = [(chapter.anchor(), chapter.title), *chapter.sections()]
        for i, (anchor, title) in enumerate(entries):
            kind, page = ("section" if i else "chapter"), pages.get(anchor, "")
            link = f'<a href="#{anchor}"><span>{escape(title)}</span><span>{page}</span></a>'
            lines.append(f'<p class="{kind}">{link}</p>')
    return "\n".join([*lines, "</nav>"])


def running_head(chapter):
    """Return the CSS that prints a chapter's title at the head of its pages."""
    title = re.sub(r'["\\\n]', " ", chapter.title)
    return f'@page {chapter.anchor()} {{ @top-right {{ content: "{title}"; }} }}'


def assemble(book, chapters, pages):
    """Return the whole book as one page of HTML."""
    styles = dict.fromkeys(style for chapter in chapters for style in chapter.styles)
    links = "".join(f'<link rel="stylesheet" href="../html/{style}">' for style in styles)
    css = "\n".join([STYLE.read_text(encoding="utf-8"), *map(running_head, chapters)])
    bodies = "".join(
        f'<article class="bd-article" id="{chapter.anchor()}" style="page: {chapter.anchor()}">'
        f"{chapter.body.decode_contents()}</article>"
        for chapter in chapters
    )
    front = title_page(book, chapters[0].title) + contents(chapters, pages)
    return f"""<!DOCTYPE html><html lang="{book.language}" data-theme="light" data-mode="light">
<head><meta charset="utf-8"><title>{escape(book.title)}</title>{links}<style>{css}</style></head>
<body><main>{front}{bodies}</main></body></html>"""
