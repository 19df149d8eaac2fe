"""Every page loads without an error, fits a phone, and leads nowhere that is not there."""

from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

# A box that scrolls sideways, and whether Tab gets to it.
BOXES = """() => Array.from(document.querySelectorAll(".bd-article *"))
  .filter(e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.checkVisibility())
  .map(e => ({
    name: e.outerHTML.slice(0, 120),
    wide: e.scrollWidth > e.clientWidth,
    scrolls: e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight,
    focusable: e.tabIndex >= 0 || e.querySelector("a, button") !== null,
    focused: e.getAttribute("tabindex") === "0",
  }))"""

# Fonts have come, and what depends on them is measured.
SETTLED = """() => document.fonts.ready.then(() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(done))))"""


class Page(HTMLParser):
    """The ids and the addresses of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links = [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "src", "poster") and value:
                self.links.append(value)


@cache
def read(path):
    return Page(path)


def pages(site):
    import access  # here, because it needs docutils, and a missing site is told without

    return sorted(access.pages(site))


def addresses(site):
    """Return the address of every page; index.html leads on at once."""
    found = [f"/{path.relative_to(site).as_posix()}" for path in pages(site)]
    return [address for address in found if address != "/index.html"]


def broken(site, path, link):
    """Say what is wrong with a link of the page, or return None."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    folder = site if parts.path.startswith("/") else path.parent  # as 404.html, found anywhere
    target = (folder / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if (not target.is_relative_to(site.resolve()) and parts.path) or not target.exists():
        return f"{path.name}: {link}: no such file"
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and anchor not in read(target).ids:
        return f"{path.name}: {link}: no such anchor"
    return None


def test_links_and_anchors_resolve(site):
    faults = [broken(site, path, link) for path in pages(site) for link in read(path).links]

    assert len(faults) > 1000
    assert [fault for fault in faults if fault] == []


def test_an_id_stands_once_on_a_page(site):
    for path in pages(site):
        ids = read(path).ids
        assert sorted(ids) == sorted(set(ids)), path.name


def test_mending_a_page_again_changes_nothing(site):
    import access

    for path in pages(site):
        page = path.read_text(encoding="utf-8")
        assert access.mend(page) == page, path.name


def test_index_leads_to_the_first_page(page, site):
    page.goto("/")

    page.wait_for_url("**/intro.html")
    # Without an icon the browser may ask for favicon.ico, which is not there.
    assert '<link rel="icon" href="_static/icon.png">' in (site / "index.html").read_text()


def test_every_page_loads_and_fits_a_phone(page, site):
    page.set_viewport_size({"width": 390, "height": 844})
    faults = []
    for name in addresses(site):
        page.goto(name)
        page.evaluate(SETTLED)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
            faults.append(f"{name}: {width} pixels wide")
        for box in page.evaluate(BOXES):
            if box["wide"] and not box["focusable"]:
                faults.append(f"{name}: Tab does not reach {box['name']}")
            if box["focused"] and not box["scrolls"]:
                faults.append(f"{name}: nothing to scroll in {box['name']}")

    assert faults == []
