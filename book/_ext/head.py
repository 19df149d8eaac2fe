"""What a link preview, a search engine and a lost reader get from every page.

- One description a page: its first paragraph, in a chapter what the reader will do.
- Where the site has an address (``html_baseurl``): a social card, drawn by sphinxext-opengraph, and
  a sitemap. sphinx-sitemap warns where there is no address, and starts a process for its list.
- A page for addresses that lead nowhere, by sphinx-notfound-page: its links hold in every folder.
- At the foot the version, and the day on which the page's cells ran.
"""

import html
import logging
import re
import textwrap
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.util.logging import getLogger
from sphinxext import opengraph

GENERATED = {
    "404": "Nothing stands at this address of {title}. The page may have moved: start again on the "
    "first page, or search the book.",
    "genindex": "The index of {title}: every symbol, term, function and class, with the place "
    "where the book explains it.",
    "search": "Search {title} for a symbol, a function or a word; the search works without a "
    "network.",
}
LOST = """\
<h1>Page not found</h1>
<p>Nothing stands at this address. The page may have moved: start again on the
<a href="{home}">first page</a>, or <a href="{search}">search the book</a>.</p>
"""
SITEMAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{urls}
</urlset>
"""
REDIRECT = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="description" content="{title}: this page leads to the first page of the book.">
<meta http-equiv="refresh" content="0; url={home}">
{icon}{canonical}</head>
<body><p><a href="{home}">{title}</a></p></body>
</html>
"""
WITHOUT_SNIPPETS = """\
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"""
logger = getLogger(__name__)


def describe(doctree):
    """Return the first paragraph, shortened; a chapter's is "You will do: train a neuron"."""
    text = next(doctree.findall(nodes.paragraph), nodes.Text("")).astext()
    text = text.strip().removeprefix("You will do: ")
    return shorten(text[:1].upper() + text[1:])


def shorten(text):
    """Return at most 160 characters of `text`, up to the end of a sentence if it can."""
    text = " ".join(text.split())
    sentences = re.match(r".{49,159}[.?](?= |$)", text)
    return sentences[0] if sentences else textwrap.shorten(text, 160, placeholder=" …")


def base_url(config):
    """Return the address of the site with a slash at its end, "" where it has none."""
    return config.html_baseurl.rstrip("/") + "/" if config.html_baseurl else ""


def set_addresses(app):
    """Tell the other extensions where the site stands; without an address at the root."""
    base = base_url(app.config)
    root = urlsplit(base).path or "/"
    app.config.ogp_site_url = base
    app.config.ogp_site_name = app.config.html_title
    app.config.notfound_urls_prefix = root
    if app.builder.format == "html":
        home = root + app.builder.get_target_uri(app.config.root_doc)
        body = LOST.format(home=home, search=root + app.builder.get_target_uri("search"))
        app.config.notfound_context = {"title": "Page not found", "body": body}


def allow_no_contents(app, pagename, templatename, context, doctree):
    """Give the page for lost readers empty contents where a chapter is built alone."""
    if pagename == app.config.notfound_pagename:
        toctree = context["toctree"]  # None instead of text is more than the theme can read
        context["toctree"] = lambda **options: toctree(**options) or ""


def add_description(app, pagename, templatename, context, doctree):
    """Give the page its description; without an address it gets no card."""
    context["meta"] = dict(context.get("meta") or {})  # the environment keeps its own
    if app.builder.name != "html" or not app.config.html_baseurl:
        context["meta"]["ogp_disable"] = True
    if pagename == app.config.notfound_pagename:
        context["pageurl"] = None  # it stands at every address
    if doctree:
        text = describe(doctree)
    elif "description" in context:
        text = shorten(context["description"])
    elif pagename in GENERATED:
        text = GENERATED[pagename].format(title=app.config.html_title)
    else:
        return  # a page that only another configuration makes
    if not 50 <= len(text) <= 160:
        told = "description of %d characters, expected 50 to 160: %s"
        logger.warning(told, len(text), text, location=pagename)
    tag = f'<meta name="description" content="{html.escape(text)}" />\n'
    context["metatags"] = context.get("metatags", "") + tag


def add_foot(app, pagename, templatename, context, doctree):
    """Put version and day into the theme's footer."""
    foot = f"{app.config.html_title} {app.config.version}"
    record = getattr(app.env, "nb_metadata", {}).get(pagename, {}).get("exec_data")
    if record:
        # The cache's record is in UTC, which MyST-NB takes for local time.
        foot += f" · executed {datetime.fromtimestamp(record['mtime']).date()}"
    context["theme_extra_footer"] = foot


def quieten_search(app, pagename, templatename, context, doctree):
    """From the disk no page can be fetched for a snippet: each try would be an error."""
    if pagename == "search":
        app.add_js_file(None, body=WITHOUT_SNIPPETS)


def write_index(app, error):
    """Lead from the folder's address to the first page, in a page that has a title itself."""
    if error or app.builder.name != "html" or app.config.root_doc == "index":
        return
    home, base = app.builder.get_target_uri(app.config.root_doc), base_url(app.config)
    icon = app.config.html_favicon  # without one the browser asks for favicon.ico
    text = REDIRECT.format(
        canonical=f'<link rel="canonical" href="{base}{home}">\n' if base else "",
        home=home,
        icon=f'<link rel="icon" href="_static/{Path(icon).name}">\n' if icon else "",
        language=app.config.language,
        title=html.escape(app.config.html_title),
    )
    Path(app.outdir, "index.html").write_text(text, encoding="utf-8")


def write_sitemap(app, error):
    """List the address of every page that somebody wrote."""
    base = base_url(app.config)
    if error or not base or app.builder.name != "html":
        return
    pages = map(app.builder.get_target_uri, sorted(app.env.found_docs))
    urls = "\n".join(f"<url><loc>{html.escape(base + page)}</loc></url>" for page in pages)
    Path(app.outdir, "sitemap.xml").write_text(SITEMAP.format(urls=urls), encoding="utf-8")


def setup(app):
    """Register all this with Sphinx, before the extensions that use it."""
    logging.getLogger("matplotlib.font_manager").setLevel("ERROR")  # its font has one weight
    opengraph.get_description = lambda doctree, *_: html.escape(describe(doctree), quote=False)
    app.setup_extension("sphinxext.opengraph")
    app.setup_extension("notfound.extension")
    app.connect("builder-inited", set_addresses)
    app.connect("html-page-context", add_description, priority=400)
    app.connect("html-page-context", allow_no_contents, priority=450)  # notfound's have 400
    app.connect("html-page-context", add_foot)
    app.connect("html-page-context", quieten_search)
    app.connect("build-finished", write_index)
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True}
