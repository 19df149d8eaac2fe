"""The figures of the built site: described, sized, light, and each with its data."""

import csv
import math
import re
import zlib
from xml.etree import ElementTree

import pytest
from PIL import Image

BeautifulSoup = pytest.importorskip("bs4", reason="the book is not installed").BeautifulSoup
DRAWINGS = {"fig-neuron", "fig-architecture", "fig-graph"}  # nothing in them is to scale
IMAGES = "article img[src*='_images/']"
LIGHT = 60_000  # bytes


@pytest.fixture(scope="module")
def pages(site):
    found = [*site.glob("*.html"), *site.glob("figures/*.html")]
    return {p: BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser") for p in found}


@pytest.fixture(scope="module")
def images(pages):
    return [(page, img) for page, soup in pages.items() for img in soup.select(IMAGES)]


@pytest.fixture(scope="module")
def figures(pages):
    """The figures that have a name, each with its page."""
    found = [(page, f) for page, soup in pages.items() for f in soup.select("article figure[id]")]
    return {figure["id"]: (page, figure) for page, figure in found}


@pytest.fixture(scope="module")
def data_pages(pages):
    return {path.stem: soup for path, soup in pages.items() if path.parent.name == "figures"}


def test_there_are_figures(figures):
    assert len(figures) > 30


def test_every_image_is_described(images):
    for page, image in images:
        assert image.get("alt", "").strip(), f"{page.name}: {image}"


def natural_size(path):
    """Return width and height in a unit of the file's own."""
    if path.suffix == ".svg":
        root = ElementTree.parse(path).getroot()
        return [float(root.get(side).removesuffix("pt")) for side in ("width", "height")]
    with Image.open(path) as image:
        return image.size


def test_every_image_says_its_size_and_keeps_its_proportions(images):
    for page, image in images:
        path = page.parent / image["src"]
        width, height = natural_size(path)
        ratio = int(image["width"]) / int(image["height"])
        assert ratio == pytest.approx(width / height, rel=0.01), f"{page.name}: {path.name}"


def test_rasters_have_two_pixels_to_one_of_css(images):
    for page, image in images:
        path = page.parent / image["src"]
        if path.suffix == ".png":
            assert natural_size(path)[0] >= 2 * int(image["width"]) - 1, f"{page.name}: {path.name}"


def test_every_image_is_light(images):
    for page, image in images:
        path = page.parent / image["src"]
        assert path.stat().st_size < LIGHT, f"{page.name}: {path.name}"


def test_the_figures_of_a_page_are_light_together(pages):
    for page, soup in pages.items():
        sources = {page.parent / image["src"] for image in soup.select(IMAGES)}
        assert sum(len(zlib.compress(path.read_bytes())) for path in sources) < 100_000, page.name


def test_only_the_first_image_of_a_page_is_loaded_at_once(pages):
    for page, soup in pages.items():
        waiting = [image.get("loading") == "lazy" for image in soup.select(IMAGES)]
        assert waiting == [i > 0 for i in range(len(waiting))], page.name


def test_every_plot_links_its_data_in_its_caption(figures, data_pages):
    for name, (_, figure) in figures.items():
        links = [link["href"] for link in figure.select("figcaption .figure-data a")]
        assert links == ([] if name in DRAWINGS else [f"figures/{name}.html"])
    assert {*data_pages} == {*figures} - DRAWINGS


def test_a_page_of_data_says_what_it_is_and_leads_back(figures, data_pages):
    for name, soup in data_pages.items():
        page, figure = figures[name]
        number = figure.select_one(".caption-number").get_text(strip=True)
        assert [h.get_text() for h in soup.select("article h1")] == [f"Data of {number}"]
        assert soup.find("a", href=f"../{page.name}#{name}")


def finite(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def test_every_table_has_a_caption_headers_and_finite_numbers(data_pages):
    for name, soup in data_pages.items():
        tables = soup.select("article table")
        assert tables, name
        for table in tables:
            assert table.caption.get_text(strip=True).startswith("Table ")
            columns = len(table.select("thead th[scope=col]"))
            for row in table.select("tbody tr"):
                assert len(row.select("th[scope=row]")) == 1
                assert len(row.select("th, td")) == columns, name
        assert any(finite(cell.get_text()) for cell in soup.select("tbody td")), name


def test_every_table_is_a_file_too(site, data_pages):
    for soup in data_pages.values():
        files = [link["href"] for link in soup.select("article a[download]")]
        assert len(files) == len(soup.select("article table"))
        for file, table in zip(files, soup.select("article table"), strict=True):
            with (site / "figures" / file).open(encoding="utf-8", newline="") as opened:
                header, *rows = csv.reader(opened)
            assert header == [cell.get_text() for cell in table.select("thead th")]
            assert len(rows) >= len(table.select("tbody tr")) > 0
            told = re.search(r"([\d,]+) of ([\d,]+) rows", table.caption.get_text())
            if told:
                assert [int(n.replace(",", "")) for n in told.groups()] == [
                    len(table.select("tbody tr")),
                    len(rows),
                ]
            else:
                assert len(rows) == len(table.select("tbody tr"))
