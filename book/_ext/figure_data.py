"""Put the data of every figure one click away: a page of tables, and the same as CSV files.

``nnbook.figure_output`` has put the tables into the metadata of the figure's output; here they are
kept with the image in the doctree. Under each figure of the site comes a link to the page
``figures/<name>.html``; a drawing without data has none. Formats that are one file, such as EPUB
and PDF, get no link.
"""

import csv
import html
import json
import shutil
from pathlib import Path

import numpy as np
from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from sphinx.util import logging

from nnbook.figure_output import KEY

FOLDER = "figures"
MAX_ROWS = 201  # on the page, a curve as most are drawn; the CSV file has all
logger = logging.getLogger(__name__)
render_image = NbElementRenderer.render_image


def render_image_with_tables(renderer, data):
    """Render an output's image as MyST-NB does, and keep the tables that came with it."""
    rendered = render_image(renderer, data)
    if KEY in data.output_metadata:
        rendered[0][KEY] = json.dumps(data.output_metadata[KEY])
    return rendered


def tables_of(node):
    """Return the tables of the images in `node`, None where no image brought any."""
    kept = [image[KEY] for image in node.findall(nodes.image) if KEY in image]
    return [table for tables in kept for table in json.loads(tables)] if kept else None


def check_figures(app, doctree):
    """Warn of each cell that should draw a figure with its data and does not."""
    for cell in doctree.findall(lambda node: "cell_metadata" in getattr(node, "attributes", {})):
        figure = cell["cell_metadata"].get("mystnb", {}).get("figure")
        if figure and tables_of(cell) is None:
            text = (
                "figure %s brings no data: does its page call use_style(), and its cell not fail?"
            )
            logger.warning(text, figure["name"], location=cell)


def figures_with_data(doctree):
    """Return the figures that have data, each with its name and its tables."""
    figures = [figure for figure in doctree.findall(nodes.figure) if figure["names"]]
    found = [(figure, figure["names"][0], tables_of(figure)) for figure in figures]
    return [(figure, name, tables) for figure, name, tables in found if tables]


def numbered(app, docname, figure):
    """Return "Fig. 2.1" or the like, "the figure" where the book gives no number."""
    numbers = app.env.toc_fignumbers.get(docname, {}).get("figure", {})
    found = (numbers[i] for i in figure["ids"] if i in numbers)
    number = ".".join(map(str, next(found, ())))
    return app.config.numfig_format["figure"] % number if number else "the figure"


def link_data(app, doctree, docname):
    """Add the link under each figure that has data."""
    for figure, name, _ in figures_with_data(doctree) if app.builder.name == "html" else ():
        uri = app.builder.get_relative_uri(docname, f"{FOLDER}/{name}")
        link = nodes.reference("", f"Data of {numbered(app, docname, figure)}", refuri=uri)
        link["internal"] = True
        figure += nodes.legend("", nodes.paragraph("", "", link, classes=["figure-data"]))


def make_pages(app):
    """Write the CSV files, and yield the pages to Sphinx."""
    if app.builder.name != "html":
        return
    folder = Path(app.outdir, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for docname in sorted(app.env.found_docs):
        for figure, name, tables in figures_with_data(app.env.get_doctree(docname)):
            for i, table in enumerate(tables, start=1):
                if table["rows"]:
                    write_csv(folder / f"{name}-{i}.csv", table)
            yield f"{FOLDER}/{name}", page(app, docname, figure, name, tables), "page.html"


def write_csv(path, table):
    """Write all rows of a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([table["columns"], *table["rows"]])


def page(app, docname, figure, name, tables):
    """Return the context of a figure's page; head.py takes its ``description``."""
    title = f"Data of {numbered(app, docname, figure)}"
    captions = " ".join(node.astext() for node in figure.findall(nodes.caption))
    alt = next((image["alt"] for image in figure.findall(nodes.image) if "alt" in image), "")
    uri = app.builder.get_relative_uri(f"{FOLDER}/{name}", docname) + f"#{figure['ids'][0]}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(captions)}</p>",
        f"<p>What it shows: {html.escape(' '.join(alt.split()))}</p>",
        f'<p><a class="reference internal" href="{uri}">Back to the figure</a></p>',
        *(as_html(table, i, f"{name}-{i}.csv") for i, table in enumerate(tables, start=1)),
    ]
    return {
        "title": title,
        "pagetitle": title,  # the theme's heading in print
        "body": "\n".join(body),
        "description": f"{title}, as tables: {captions}",
    }


def as_html(table, number, file):
    """Return a table in a box that scrolls, with a link to its file."""
    shown, which = choose(table)
    title = ": ".join(filter(None, [f"Table {number}", table["title"]])).rstrip(".") + "."
    caption = " ".join(filter(None, [title, table["note"], which]))
    caption = html.escape(caption)
    if not table["rows"]:
        return f"<p>{caption}</p>"
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table["columns"])
    size = f"{len(table['rows']):,} row{'s' if len(table['rows']) != 1 else ''}"
    return (
        f'<div class="figure-table" role="region" aria-labelledby="table-{number}" tabindex="0">\n'
        f'<table class="table">\n<caption id="table-{number}"><span>{caption}</span></caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(map(row_as_html, shown))}</tbody>\n"
        f'</table>\n</div>\n<p><a href="{file}" download>Table {number} as CSV, {size}</a></p>'
    )


def choose(table):
    """Return the rows to show, and words on which they are."""
    rows = table["rows"]
    if len(rows) <= MAX_ROWS:
        return rows, ""
    if not table["ordered"]:
        return rows[:MAX_ROWS], f"The first {MAX_ROWS} of {len(rows):,} rows."
    chosen = np.linspace(0, len(rows) - 1, MAX_ROWS).round().astype(int)
    return [rows[i] for i in chosen], f"{MAX_ROWS} of {len(rows):,} rows, evenly spaced."


def row_as_html(row):
    """Return a row, whose first cell is its header; what is no number shows as a dash."""
    first, *others = (html.escape("–" if value is None else str(value)) for value in row)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{v}</td>" for v in others)}</tr>\n'


def setup(app):
    """Register the extension with Sphinx."""
    NbElementRenderer.render_image = render_image_with_tables
    app.connect("doctree-read", check_figures)
    app.connect("doctree-resolved", link_data)
    app.connect("html-collect-pages", make_pages)
    return {"parallel_read_safe": True}
