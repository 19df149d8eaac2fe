"""The book as PDF, as EPUB and as a bundle, as `make zip` left them in `_build`."""

import re
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import pytest

pytest.importorskip("pikepdf", reason="the extra 'book' is not installed")
pytest.importorskip("playwright", reason="the extra 'book' is not installed")
pytest.importorskip("pypdf", reason="the extra 'test' is not installed")
import make_pdf
from bs4 import BeautifulSoup
from join_pages import STYLE, read_order
from pypdf import PdfReader

ROOT = make_pdf.ROOT
BUILD = ROOT / "_build"
OPF = {"opf": "http://www.idpf.org/2007/opf", "dc": "http://purl.org/dc/elements/1.1/"}
CHAPTERS = [name for _, name in read_order()]


@pytest.fixture(scope="module")
def built(unavailable):
    """The path of a file in `_build`."""

    def path(name):
        if not (BUILD / name).exists():
            unavailable(f"_build/{name} does not exist: make zip")
        return BUILD / name

    return path


def page_title(name):
    page = (BUILD / "html" / f"{name}.html").read_text(encoding="utf-8")
    heading = BeautifulSoup(page, "html.parser").select_one("article h1")
    heading.select_one(".headerlink").decompose()
    return heading.get_text()


def spaced(text):
    return " ".join(text.split())


def squeezed(text):
    return re.sub(r"\s", "", text)


# --- PDF -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pdf(built):
    return PdfReader(built("nnbook.pdf"))


@pytest.fixture(scope="module")
def starts(pdf):
    """The index of the page on which each chapter begins, by its title without spaces."""
    entries = [entry for entry in pdf.outline if not isinstance(entry, list)]
    return {squeezed(entry.title): pdf.get_destination_page_number(entry) for entry in entries}


def text_of(pdf, first, last):
    return "\n".join(page.extract_text() for page in pdf.pages[first:last])


def test_pdf_outline_names_every_chapter_where_it_begins(pdf, starts):
    assert list(starts) == ["Contents", *(squeezed(page_title(name)) for name in CHAPTERS)]
    for title, page in starts.items():
        assert title in squeezed(text_of(pdf, page, page + 1))


def test_pdf_is_named(pdf):
    assert pdf.metadata.title == "nnbook"
    assert pdf.metadata.author


def test_pdf_holds_outputs_and_numbered_equations(pdf, starts):
    first, last = (starts[squeezed(page_title(name))] for name in ("neuron", "activations"))
    text = text_of(pdf, first, last)
    assert "seed 1: [0.34558419 0.82161814 0.33043708]" in text  # a cell's output
    assert all(number in text for number in ("(1.1)", "(1.2)", "(1.3)", "Fig. 1.1"))
    assert r"\frac" not in text


def test_pdf_contents_give_the_pages(pdf, starts):
    first, *chapters = starts.items()
    contents = squeezed(text_of(pdf, first[1], chapters[0][1]))
    assert all(f"{title}{page + 1}" in contents for title, page in chapters)


def test_pdf_links_lead_somewhere(pdf):
    targets, inside, outside = set(pdf.named_destinations), 0, 0
    for page in pdf.pages:
        for link in (item.get_object() for item in page.get("/Annots", ())):
            if "/Dest" in link:
                assert link["/Dest"] in targets
                inside += 1
            else:
                assert urlsplit(link["/A"]["/URI"]).scheme in ("http", "https")
                outside += 1
    assert inside > 500
    assert outside > 50


def test_no_line_of_the_pdf_is_wider_than_the_page(built, browser):
    built("print/nnbook.html")
    page = browser.new_page(viewport={"width": make_pdf.CONTENT_WIDTH, "height": 1000})
    page.emulate_media(media="print")
    page.goto(make_pdf.PAGE.as_uri())
    page.evaluate(make_pdf.SHRINK)
    assert page.evaluate(WIDE) == []


# The paths of a root sign are longer than their box, which cuts them. The contents are in columns.
WIDE = """() => [...document.querySelectorAll("article *:not(svg, path, .katex-mathml *)")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1
        || (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != "visible"
            && !e.closest(".katex")))
    .map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 60)}`)"""


@pytest.mark.parametrize(
    "wide",
    [
        f"<table><tr>{'<td>accumulated</td>' * 20}</tr></table>",
        f'<div class="math"><span class="katex-display"><b>{"x+" * 200}</b></span></div>',
        f"<pre>{'x' * 500}</pre>",
        f'<dl><dt class="sig">{"argument_" * 60}</dt></dl>',
    ],
)
def test_what_is_too_wide_is_wrapped_or_shrunk(built, browser, wide):
    styles = "".join(
        f"<style>{path.read_text(encoding='utf-8')}</style>"
        for path in (ROOT / "book" / "_static" / "nnbook.css", STYLE)
    )
    nowrap = "<style>td, b {white-space: nowrap} b {display: inline-block}</style>"
    page = browser.new_page(viewport={"width": 658, "height": 1000})
    page.set_content(f'{styles}{nowrap}<article class="bd-article">{wide}</article>')
    page.evaluate(make_pdf.SHRINK)
    assert page.evaluate(WIDE) == []


# --- EPUB ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def epub(built):
    with ZipFile(built("nnbook.epub")) as archive:
        yield archive


@pytest.fixture(scope="module")
def package(epub):
    return ElementTree.fromstring(epub.read("content.opf"))


def test_epub_has_a_valid_container(epub):
    first = epub.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
    assert epub.read("mimetype").strip() == b"application/epub+zip"
    assert b'full-path="content.opf"' in epub.read("META-INF/container.xml")
    assert epub.testzip() is None


def test_epub_is_named(package):
    assert package.findtext(".//dc:title", namespaces=OPF) == "nnbook"
    assert package.findtext(".//dc:language", namespaces=OPF) == "en"
    identifier = package.findtext(".//dc:identifier", namespaces=OPF)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", identifier)
    assert package.find(".//opf:item[@properties='cover-image']", OPF) is not None


def test_epub_spine_lists_every_chapter_in_order(package):
    files = {item.get("id"): item.get("href") for item in package.iterfind(".//opf:item", OPF)}
    spine = [files[item.get("idref")] for item in package.iterfind(".//opf:itemref", OPF)]
    assert spine == ["epub-cover.xhtml", *(f"{name}.xhtml" for name in CHAPTERS)]


def test_epub_links_lead_somewhere(epub):
    names = set(epub.namelist())
    pages = {name: epub.read(name) for name in names if name.endswith(".xhtml")}
    pages = {name: BeautifulSoup(text, "html.parser") for name, text in pages.items()}
    anchors = {name: {node["id"] for node in page.select("[id]")} for name, page in pages.items()}
    broken = []
    for name, page in pages.items():
        for address in map(urlsplit, addresses(page)):
            path = normpath(join(dirname(name), unquote(address.path))) if address.path else name
            fragment = unquote(address.fragment)
            if path not in names or (fragment and fragment not in anchors.get(path, ())):
                broken.append((name, address.geturl()))
    assert broken == []


def addresses(page):
    """Yield what a page links, shows and loads, but for links to other sites."""
    for node in page.select("[href], [src]"):
        address = node.get("href") or node.get("src")
        if not (urlsplit(address).scheme and node.name == "a"):
            yield address


def test_epub_has_formulas_and_no_script(epub):
    page = epub.read("neuron.xhtml").decode()
    assert "<math" in page
    assert "(1.1)" in page
    assert not any(b"<script" in epub.read(name) for name in epub.namelist())


def test_epub_pages_are_well_formed(epub):
    for name in epub.namelist():
        if name.endswith((".xhtml", ".opf", ".ncx", ".xml")):
            ElementTree.fromstring(epub.read(name))


# --- The bundle ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    with ZipFile(built("nnbook.zip")) as bundle:
        bundle.extractall(folder)
    (top,) = folder.iterdir()
    return top


def test_bundle_holds_everything_in_one_folder(unpacked):
    assert re.fullmatch(r"nnbook-\d+\.\d+(\.\d+)?", unpacked.name)
    for name in ("README.txt", "LICENSE", "LICENSE-text", "nnbook.pdf", "nnbook.epub"):
        assert (unpacked / name).stat().st_size > 100
    assert (unpacked / "notebooks" / "neuron.ipynb").exists()
    assert all((unpacked / "site" / f"{name}.html").exists() for name in CHAPTERS)


def test_bundle_has_no_times(built):
    with ZipFile(built("nnbook.zip")) as bundle:
        entries = bundle.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_landing_page_of_the_bundle_links_the_files_beside_the_site(unpacked):
    page = BeautifulSoup((unpacked / "site" / "intro.html").read_text("utf-8"), "html.parser")
    links = [link["href"] for link in page.select(".downloads a")]
    assert links[:2] == ["../nnbook.pdf", "../nnbook.epub"]
    assert all((unpacked / "site" / link).exists() for link in links[:2])


def test_bundle_opens_without_a_network(unpacked, browser):
    page = browser.new_page()
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    for name in [*CHAPTERS, "search", "figures/fig-activations"]:
        page.goto((unpacked / "site" / f"{name}.html").as_uri())
    page.close()
    assert [url for url in requests if urlsplit(url).scheme not in ("file", "data")] == []
    assert errors == []
