"""What makes the built site findable: the head of every page, and the search, in a browser."""

import re
from collections import Counter

import pytest

BeautifulSoup = pytest.importorskip("bs4", reason="the book is not installed").BeautifulSoup

FOOT = r"nnbook \d[\d.]*( · executed \d{4}-\d\d-\d\d)?"
FOUND = {  # what a reader types, and a page that has to be among the results
    "σ": "notation",
    "sigma": "notation",
    "η": "neuron",
    "∂": "notation",
    "ŷ": "notation",
    "compute_loss": "api",
    "SoftmaxCrossEntropy": "engine",
    "backward": "backpropagation",
    "bias": "glossary",
    "overfitting": "network-from-scratch",
}


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site, read, by its name."""
    paths = sorted([*site.glob("*.html"), *site.glob("figures/*.html")])
    return {
        path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in paths
    }


def test_every_page_has_a_title_a_language_and_one_description_of_50_to_160_characters(pages):
    wrong = {}
    for name, page in pages.items():
        found = [tag["content"] for tag in page.find_all("meta", {"name": "description"})]
        if len(found) != 1 or not 50 <= len(found[0]) <= 160 or page.html["lang"] != "en":
            wrong[name] = found
        assert page.title.text.strip(), name
    assert wrong == {}


@pytest.mark.parametrize("of", ["title", "description"])
def test_no_two_pages_say_the_same(pages, of):
    def said(page):
        return page.title.text if of == "title" else page.find("meta", {"name": of})["content"]

    counts = Counter(map(said, pages.values()))
    assert [text for text, count in counts.items() if count > 1] == []


def test_every_page_tells_its_version_and_a_page_with_cells_the_day_they_ran(pages):
    for name, page in pages.items():
        if name == "index":  # it only leads on
            continue
        foot = page.select_one(".extra_footer").text.strip()
        assert re.fullmatch(FOOT, foot), f"{name}: {foot}"
        assert ("executed" in foot) == bool(page.select(".cell_input")), name


@pytest.mark.parametrize("typed", FOUND)
@pytest.mark.parametrize("where", ["server", "disk"])
def test_the_search_finds(request, site, page, where, typed):
    errors = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    base = request.getfixturevalue("server") if where == "server" else site.as_uri()
    page.goto(f"{base}/search.html")
    page.locator("main input[name=q], .bd-content input[name=q]").first.fill(typed)
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"found \d+ page")).wait_for()
    page.wait_for_selector(f"#search-results a[href*='{FOUND[typed]}.html']")
    assert errors == []


def test_a_wrong_address_deep_down_shows_a_page_that_works(page, server, site):
    lost = (site / "404.html").read_text(encoding="utf-8")
    page.route("**/deep/down/lost.html", lambda route: route.fulfill(body=lost, status=404))
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda answer: answer.status >= 400 and failed.append(answer.url))
    page.goto(f"{server}/deep/down/lost.html")
    assert failed == [f"{server}/deep/down/lost.html"]
    page.get_by_role("link", name="first page").click()
    assert page.url.startswith(f"{server}/intro.html")
