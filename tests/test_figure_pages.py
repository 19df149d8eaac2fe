"""The Sphinx extension that puts a figure's data one click away, on a tiny book."""

import csv
import re
import shutil
from itertools import pairwise

import pytest
from small_book import HEADER, build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")

INDEX = "# Index\n\n```{toctree}\n:numbered:\npage\n```\n"
PAGE = """\
# A page

```{code-cell} ipython3
from nnbook.plotting import plt, use_style
use_style()
```
"""
CELL = """
```{code-cell} ipython3
---
mystnb:
  figure: {name: fig-NAME, caption: "The $x_1$ of 1 < 2."}
  image: {alt: "A line & more."}
---
fig, ax = plt.subplots()
DRAW
```
"""
LINE = 'ax.plot(range(450), label="a < b")\nax.legend();'
DIGITS = "plt.close()\nfrom nnbook.plotting import plot_digits\nplot_digits([[[1] * 28] * 28] * 8);"
PICTURE = "ax.imshow([[[0.0, 0.0, 1.0]]]);"
DRAWING = 'ax.plot([1, 2])\nax.axis("off");'


def make_book(root, **figures):
    cells = [CELL.replace("NAME", name).replace("DRAW", draw) for name, draw in figures.items()]
    pages = {"index": INDEX, "page": "".join([HEADER, PAGE, *cells])}
    settings = {"numfig": True, "myst_enable_extensions": ["dollarmath"]}
    write_book(root, pages, ["myst_nb", "figure_data"], nb_execution_mode="cache", **settings)


@pytest.fixture(scope="module", autouse=True)
def setting():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNBOOK_FIGURE_DATA", "1")
        yield


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book that was built twice, the second time from its cache of executed pages."""
    root = tmp_path_factory.mktemp("book")
    make_book(root, line=LINE, digits=DIGITS, drawing=DRAWING, picture=PICTURE)
    for _ in range(2):
        shutil.rmtree(root / "_build/html", ignore_errors=True)
        assert build_book(root, "-E") == (0, "")
    return root


@pytest.fixture(scope="module")
def pages(book):
    return {path.stem: path.read_text() for path in (book / "_build/html").rglob("*.html")}


def test_every_plot_links_its_data_and_a_drawing_does_not(pages):
    links = re.findall(r'href="(figures/[^"]+)"[^>]*>(.*?)</a>', pages["page"])
    links = [(target, re.sub("<[^>]+>", "", text)) for target, text in links]
    assert links == [
        ("figures/fig-line.html", "Data of Fig. 1.1"),
        ("figures/fig-digits.html", "Data of Fig. 1.2"),
        ("figures/fig-picture.html", "Data of Fig. 1.4"),
    ]
    assert "fig-drawing" not in pages


def test_the_page_says_what_it_is_and_leads_back(pages):
    page = pages["fig-line"]
    assert re.findall("<h1>(.*?)</h1>", page) == ["Data of Fig. 1.1"]
    assert "1 &lt; 2" in page
    assert "A line &amp; more." in page
    assert 'href="../page.html#fig-line"' in page


def test_long_tables_are_thinned_and_say_so(pages):
    page = pages["fig-line"]
    numbers = [int(n) for n in re.findall(r'<th scope="row">(\d+)</th>', page)]
    assert len(numbers) == 201
    assert (numbers[0], numbers[-1]) == (0, 449)
    assert {b - a for a, b in pairwise(numbers)} == {2, 3}
    assert "Table 1. 201 of 450 rows, evenly spaced." in page
    assert '<th scope="col">a &lt; b</th>' in page


def test_pixels_show_their_first_rows(pages):
    assert "Pixels. The first 201 of 224 rows." in pages["fig-digits"]
    assert pages["fig-digits"].count('<th scope="row">') == 201


def test_the_files_hold_every_row(book, pages):
    with (book / "_build/html/figures/fig-line-1.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["x", "a < b"]
    assert rows == [[str(i), str(i)] for i in range(450)]
    for name in ("line", "digits"):
        for file in re.findall(r'href="([^"]+\.csv)"', pages[f"fig-{name}"]):
            assert (book / "_build/html/figures" / file).exists()


def test_what_has_no_numbers_is_told_in_words(book, pages):
    assert "<p>Table 1. A picture of 1 by 1 pixels.</p>" in pages["fig-picture"]
    assert not (book / "_build/html/figures/fig-picture-1.csv").exists()


def test_a_box_that_scrolls_can_be_reached_and_has_a_name(pages):
    box = re.search(r'<div class="figure-table"([^>]*)>', pages["fig-line"])[1]
    assert 'tabindex="0"' in box
    assert re.search(r'aria-labelledby="([^"]+)"', box)[1] == "table-1"
    assert '<caption id="table-1">' in pages["fig-line"]


def test_other_formats_have_neither_link_nor_page(book):
    assert build_book(book, builders="singlehtml") == (0, "")
    assert not (book / "_build/singlehtml/figures").exists()
    assert "Data of" not in (book / "_build/singlehtml/index.html").read_text()


@pytest.mark.parametrize(
    "draw", ["ax.stairs([1, 2]);", "plt.close()"], ids=["an unknown artist", "no figure"]
)
def test_a_figure_without_its_data_fails_the_build(tmp_path, draw):
    make_book(tmp_path, lost=draw)
    code, errors = build_book(tmp_path)
    assert code == 1
    assert "figure fig-lost brings no data" in errors
