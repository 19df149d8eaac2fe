"""The Sphinx extension that puts a figure's data one click away, on a tiny book."""

import csv
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

EXTENSION = Path(__file__).parents[1] / "book" / "_ext" / "figure_data.py"
if importlib.util.find_spec("myst_nb") is None:
    pytest.skip("MyST-NB is not installed", allow_module_level=True)

PAGE = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
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
    (root / "_ext").mkdir(parents=True)
    shutil.copy(EXTENSION, root / "_ext")
    (root / "conf.py").write_text(
        "import os\nimport sys\nsys.path.insert(0, os.path.abspath('_ext'))\n"
        "os.environ['NNBOOK_FIGURE_DATA'] = '1'\n"
        "extensions = ['myst_nb', 'figure_data']\nnumfig = True\nnb_execution_mode = 'cache'\n"
        "exclude_patterns = ['out']\nmyst_enable_extensions = ['dollarmath']\n"
    )
    (root / "index.md").write_text("# Index\n\n```{toctree}\n:numbered:\npage\n```\n")
    cells = [CELL.replace("NAME", name).replace("DRAW", draw) for name, draw in figures.items()]
    (root / "page.md").write_text(PAGE + "".join(cells))


def build(root, builder="html"):
    strict = ["-q", "-n", "-W", "--keep-going", "-b", builder]
    command = [sys.executable, "-m", "sphinx", *strict, ".", f"out/{builder}"]
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book that was built twice, the second time from its cache of executed pages."""
    root = tmp_path_factory.mktemp("book")
    make_book(root, line=LINE, digits=DIGITS, drawing=DRAWING, picture=PICTURE)
    for _ in range(2):
        shutil.rmtree(root / "out/html", ignore_errors=True)
        result = build(root)
        assert (result.returncode, result.stderr) == (0, "")
    return root


@pytest.fixture(scope="module")
def pages(book):
    return {path.stem: path.read_text() for path in (book / "out/html").rglob("*.html")}


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
    with (book / "out/html/figures/fig-line-1.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["x", "a < b"]
    assert rows == [[str(i), str(i)] for i in range(450)]
    for name in ("line", "digits"):
        for file in re.findall(r'href="([^"]+\.csv)"', pages[f"fig-{name}"]):
            assert (book / "out/html/figures" / file).exists()


def test_what_has_no_numbers_is_told_in_words(book, pages):
    assert "<p>Table 1. A picture of 1 by 1 pixels.</p>" in pages["fig-picture"]
    assert not (book / "out/html/figures/fig-picture-1.csv").exists()


def test_a_box_that_scrolls_can_be_reached_and_has_a_name(pages):
    box = re.search(r'<div class="figure-table"([^>]*)>', pages["fig-line"])[1]
    assert 'tabindex="0"' in box
    assert re.search(r'aria-labelledby="([^"]+)"', box)[1] == "table-1"
    assert '<caption id="table-1">' in pages["fig-line"]


def test_other_formats_have_neither_link_nor_page(book):
    result = build(book, "singlehtml")
    assert (result.returncode, result.stderr) == (0, "")
    assert not (book / "out/singlehtml/figures").exists()
    assert "Data of" not in (book / "out/singlehtml/index.html").read_text()


@pytest.mark.parametrize(
    "draw", ["ax.stairs([1, 2]);", "plt.close()"], ids=["an unknown artist", "no figure"]
)
def test_a_figure_without_its_data_fails_the_build(tmp_path, draw):
    make_book(tmp_path, lost=draw)
    result = build(tmp_path)
    assert result.returncode == 1
    assert "figure fig-lost brings no data" in result.stderr
