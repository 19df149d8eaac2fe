"""Folded solutions: one fold holds prose, code cells and figures, and nothing overlooks them."""

import re

import pytest
from small_book import HEADER, build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")
import join_pages
from bs4 import BeautifulSoup

EXTENSIONS = ["myst_nb", "sphinx_exercise", "access", "figure_data", "house_rules", "images"]
SETTINGS = {
    "myst_enable_extensions": ["dollarmath"],
    "nb_execution_mode": "cache",
    "version": "0.1",  # EPUB needs both
    "copyright": "2026",
}
INDEX = "# Index\n\n```{toctree}\n:numbered:\npage\n```\n"
PAGE = """\
# A page

```{code-cell} ipython3
from nnbook.book import glue
from nnbook.plotting import plt, use_style
use_style()
```

```{exercise} Prove $x < 1$
:label: ex-one
What does {numref}`fig-solved` show?
```

## Solution

```{solution-start} ex-one
:class: dropdown
```

First, $1 < 2$.

```{code-cell} ipython3
---
mystnb:
  figure: {name: fig-solved, caption: Solved.}
  image: {alt: A line.}
---
fig, ax = plt.subplots()
ax.plot([1, 2])
glue("slope", 2 - 1)
```

| slope | is |
|---|---|
| $s$ | {glue:text}`slope` |

```{solution-end}
```

### Seen at once

```{solution} ex-one
:class: dropdown
Words *alone*.
```

```{solution} ex-one
Open to all.
```
"""
CLAIM = "slope: {chapter: page, means: the slope, value: 1, range: [1, 1], seeds: 1}\n"


def build(root, builders, **changes):
    """Build the page with these words changed; return the exit code and what Sphinx told."""
    page = HEADER + PAGE
    for old, new in changes.items():
        page = page.replace(old, new)
    # Last as in our configuration, where local extensions come after those of others.
    write_book(root, {"index": INDEX, "page": page}, [*EXTENSIONS, "solutions"], **SETTINGS)
    (root / "requirements.txt").touch()
    (root / "book" / "claims.yml").write_text(CLAIM)
    return build_book(root, builders=builders)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root = tmp_path_factory.mktemp("book")
    assert build(root, "html epub") == (0, "")
    return root / "_build"


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture
def page(book):
    return read(book / "html" / "page.html")


def test_one_fold_holds_prose_formula_code_figure_and_table(page):
    fold, words = page.select("details.solution")
    summary = fold.select_one("summary")
    assert summary.text.startswith("Solution to Exercise 1.1 (Prove ")
    assert summary.select_one(".math")
    for kind in ("p .math", "div.cell_input pre", "figure#fig-solved figcaption", "table td .math"):
        assert fold.select(kind), kind
    assert fold.select("td")[1].text == "1"
    assert words.em.text == "alone"


def test_a_fold_is_closed_and_its_title_takes_the_click(page):
    for fold in page.select("details.solution"):
        assert not fold.has_attr("open")
        assert not fold.select("summary a")


def test_ids_are_unique_and_lead_to_the_solutions(page):
    ids = [node["id"] for node in page.select("[id]")]
    assert len(ids) == len({*ids})
    assert page.select_one("details.solution")["id"].startswith("page-solution-")


def test_what_is_not_to_be_folded_stays_open(page):
    (box,) = page.select("div.solution")
    assert "Open to all." in box.text


def test_the_figure_inside_has_its_size_its_number_and_its_data(book, page):
    image = page.select_one("details.solution figure img")
    assert (image["alt"], image["width"].isdigit()) == ("A line.", True)
    assert page.select_one("details.solution .caption-number").text == "Fig. 1.1 "
    assert page.select_one("details.solution .figure-data a")["href"] == "figures/fig-solved.html"
    data = read(book / "html" / "figures" / "fig-solved.html")
    assert [row.text for row in data.select("tbody tr")] == ["01", "12"]
    assert data.find("a", string="Back to the figure")["href"] == "../page.html#fig-solved"


def test_paper_and_epub_show_every_solution_open(book, monkeypatch):
    monkeypatch.setattr(join_pages, "SITE", book / "html")
    path = book / "html" / "paper.html"
    body = (book / "html" / "page.html").read_text(encoding="utf-8").partition("<body>")[2]
    path.write_text(f'<article class="bd-article">{body}</article>', encoding="utf-8")
    paper = join_pages.Chapter("paper", "", {"paper"}).body
    assert [fold["open"] for fold in paper.select("details.solution")] == ["", ""]
    epub = read(book / "epub" / "page.xhtml")
    assert not epub.select("details")
    assert len(epub.select("div.solution")) == 3
    assert epub.select("div.solution figure#fig-solved")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("A line.", "' '", "image without alt text"),
        ("use_style()\n", "\n", "figure fig-solved brings no data"),
        ("2 - 1", "2 - 2", "claim slope: 0 lies outside 1.0 to 1.0"),
        ("solution-end", "solution-stop", "missing a solution-end directive"),
    ],
    ids=["alt", "data", "claim", "end"],
)
def test_faults_inside_are_told(tmp_path, old, new, told):
    code, errors = build(tmp_path, "html", **{old: new})
    assert code != 0
    assert re.search(told, errors)
