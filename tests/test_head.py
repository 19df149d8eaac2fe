"""Descriptions, cards, the sitemap, the 404 page, the foot and the search, on a small book."""

import json
import re
from datetime import datetime

import pytest
from small_book import HEADER, build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")
pytest.importorskip("notfound", reason="sphinx-notfound-page is not installed")
pytest.importorskip("sphinxext.opengraph", reason="sphinxext-opengraph is not installed")
from bs4 import BeautifulSoup
from docutils import nodes
from head import describe

# --- The description -----------------------------------------------------------------------------

FOUR = "Four words are here. "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You will do: train\na neuron.", "Train a neuron."),
        (FOUR * 7 + "Too long by one.", (FOUR * 7).strip()),
        (FOUR * 8, (FOUR * 7).strip()),
        ("A word, " * 40, "A word, " * 19 + "A …"),
        ("Does it work? " * 4 + "no full stop", ("Does it work? " * 4).strip()),
    ],
    ids=["what the reader will do", "a long end", "sentences", "one long sentence", "questions"],
)
def test_describe(text, expected):
    doctree = nodes.section("", nodes.title("", "T"), nodes.paragraph("", text))
    assert describe(doctree) == expected


def test_a_page_without_a_paragraph_has_no_description():
    assert describe(nodes.section("", nodes.title("", "T"))) == ""


# --- A small book --------------------------------------------------------------------------------

SETTINGS = {
    "myst_enable_extensions": ["dollarmath"],
    "html_domain_indices": False,
    "html_theme": "sphinx_book_theme",
    "html_title": "small",
    "language": "en",
    "nb_execution_mode": "cache",
    "ogp_enable_meta_description": False,
    "root_doc": "start",
    "version": "1.2",
}
FIRST = "This page says what the book is about, in a sentence that is long enough."
SECOND = 'The `"second"` page of the small book, with a formula & a cell that is run.'
START = f"# Start & go\n\n{FIRST}\n\n```{{toctree}}\nfolder/page\n```\n"
PAGE = f"{HEADER}# Page\n\n{SECOND}\n\n$\\lambda \\Sigma$\n\n$$\n\\sigma_1\n$$\n\n"
PAGE += "```{index} ∂\n```\n\n```{code-cell}\n1\n```\n"


def build(root, page=PAGE, *options):
    pages = {"start": START, "folder/page": page}
    write_book(root, pages, ["myst_nb", "head", "symbols"], **SETTINGS)
    return build_book(root, *options)


ADDRESS = "https://someone.github.io/fork"


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """The site without an address, and the one with it."""
    plain, public = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("public")
    assert build(plain) == (0, "")
    assert build(public, PAGE, "-D", f"html_baseurl={ADDRESS}") == (0, "")
    return {"": plain / "_build" / "html", ADDRESS: public / "_build" / "html"}


@pytest.fixture(params=["", ADDRESS], ids=["no address", "an address"])
def address(request):
    return request.param


@pytest.fixture
def site(sites, address):
    return sites[address]


def read(site, page):
    return BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


def meta(page, **attributes):
    return [tag["content"] for tag in page.find_all("meta", attributes)]


PAGES = ["start", "folder/page", "404", "genindex", "search"]


def test_every_page_has_a_language_a_title_and_a_description_of_its_own(site):
    described = set()
    for name in [*PAGES, "index"]:
        page = read(site, name)
        (description,) = meta(page, name="description")
        assert page.html["lang"] == "en"
        assert "small" in page.title.text
        described.add(description)
        assert 50 <= len(description) <= 160
    assert {FIRST, SECOND.replace("`", "")} < described
    assert len(described) == 6


def test_the_canonical_address_is_that_of_the_page(site, address):
    for name, page in [("start", "start"), ("folder/page", "folder/page"), ("index", "start")]:
        links = read(site, name).find_all("link", rel="canonical")
        expected = [f"{address}/{page}.html"] if address else []
        assert [link["href"] for link in links] == expected
    assert not read(site, "404").find_all("link", rel="canonical")


def test_a_page_has_a_social_card_where_the_site_has_an_address(site, address):
    page = read(site, "folder/page")
    image = meta(page, property="og:image")
    if not address:
        assert not page.find_all("meta", property=re.compile("^og:"))
        assert not (site / "_images" / "social_previews").exists()
        return
    assert (site / image[0].removeprefix(f"{address}/")).read_bytes().startswith(b"\x89PNG")
    assert meta(page, property="og:url") == [f"{address}/folder/page.html"]
    assert meta(page, property="og:title") == ["Page"]
    assert meta(page, property="og:description") == [SECOND.replace("`", "")]
    assert meta(page, name="twitter:card") == ["summary_large_image"]


def test_the_sitemap_lists_what_somebody_wrote(site, address):
    path = site / "sitemap.xml"
    locations = re.findall("<loc>(.*)</loc>", path.read_text()) if path.exists() else None
    pages = [f"{address}/folder/page.html", f"{address}/start.html"]
    assert locations == (pages if address else None)


def test_the_404_page_holds_in_every_folder(site, address):
    page = read(site, "404")
    root = "/fork/" if address else "/"
    addresses = [tag["href"] for tag in page.find_all(["a", "link"], href=True)]
    addresses += [tag["src"] for tag in page.find_all(["img", "script"], src=True)]
    local = [a for a in addresses if not re.match("#|https?:|data:", a)]
    assert {f"{root}start.html", f"{root}search.html", f"{root}folder/page.html"} < {*local}
    for link in local:
        assert link.startswith(root)
        assert (site / re.split("[?#]", link.removeprefix(root))[0]).exists(), link


def test_the_foot_tells_the_version_and_the_day_on_which_the_cells_ran(site):
    feet = {name: read(site, name).select_one(".extra_footer").text.strip() for name in PAGES}
    written = datetime.fromtimestamp((site / "folder" / "page.html").stat().st_mtime).date()
    assert feet.pop("folder/page") == f"small 1.2 · executed {written}"
    assert {*feet.values()} == {"small 1.2"}


def test_the_folder_leads_to_the_first_page(site):
    page = read(site, "index")
    assert meta(page, **{"http-equiv": "refresh"}) == ["0; url=start.html"]
    assert page.a["href"] == "start.html"


def test_the_search_knows_letters_and_signs(site):
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    page = index["docnames"].index("folder/page")
    assert [index["terms"].get(letter) for letter in "σλΣη"] == [page, page, None, None]
    assert index["indexentries"]["∂"][0][0] == page


def test_only_the_search_page_goes_without_snippets_on_the_disk(site):
    told = [name for name in PAGES if "SHOW_SEARCH_SUMMARY" in str(read(site, name))]
    assert told == ["search"]


def test_a_page_that_is_not_written_again_keeps_its_signs(sites):
    root = sites[""].parents[1]
    with (root / "book" / "start.md").open("a") as file:
        file.write("\nAn end.\n")
    assert build_book(root) == (0, "")
    test_the_search_knows_letters_and_signs(sites[""])


@pytest.mark.parametrize("text", ["Too short.", ""])
def test_a_description_of_the_wrong_length_is_told(tmp_path, text):
    code, told = build(tmp_path, f"# Page\n\n{text}\n")
    assert code == 1
    assert f"page.md: WARNING: description of {len(text)} characters, expected 50 to 160" in told
