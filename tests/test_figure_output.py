"""The images of the published book: light, the same in every build, and only in the book."""

import base64
import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nnbook import figure_output
from nnbook.plotting import plot_digits, use_style


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def line():
    _, ax = plt.subplots(figsize=(6, 3))
    ax.plot([1, 2, 3], [0.1, 0.3, 0.2], label="loss")
    ax.legend()
    return ax.figure


def digits():
    return plot_digits(np.random.default_rng(0).random((10, 28, 28)))[0].figure


def cloud():
    rng = np.random.default_rng(0)
    _, ax = plt.subplots()
    ax.scatter(*rng.normal(size=(2, 3000)), s=60)
    return ax.figure


@pytest.mark.parametrize(
    ("draw", "kind"), [(line, "image/svg+xml"), (digits, "image/png"), (cloud, "image/png")]
)
def test_the_lighter_image_is_published_with_the_tables(draw, kind):
    image, metadata = figure_output.bundle(draw())
    assert [*image] == [kind]
    assert [*metadata] == [figure_output.KEY]
    assert metadata[figure_output.KEY][-1]["rows"]
    assert len(image[kind]) < 60_000


@pytest.mark.parametrize("draw", [line, digits])
def test_the_same_figure_gives_the_same_file(draw):
    assert figure_output.bundle(draw()) == figure_output.bundle(draw())


def test_svg_has_outlines_for_letters_and_neither_date_nor_comment():
    svg = figure_output.to_svg(line())
    root = ElementTree.fromstring(svg)
    assert root.get("width").endswith("pt")
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "use" in tags
    assert not tags & {"text", "metadata", "date"}
    assert "<!--" not in svg


def test_svg_keeps_its_lines_to_a_hundredth_of_a_point():
    before = '<svg>\n  <!-- a\n line -->\n  <path d="M 1.23456 -0.001 L 20 3.5e-05" x="1.999"\n'
    before += '   transform="scale(0.015625)"/>\n</svg>\n'
    after = '<svg>\n<path d="M 1.23 0 L 20 3.5e-05" x="2"\ntransform="scale(0.015625)"/>\n</svg>\n'
    assert figure_output.shorten(before) == after


@given(st.floats(-999, 999).map("{:.6f}".format))
def test_shortened_numbers_are_close(number):
    path = figure_output.shorten(f'<path d="M {number} 1"/>')
    found = re.search(r"M (\S+) 1", path)[1]
    assert abs(float(found) - float(number)) <= 0.0051
    assert len(found) <= len(number)


def test_png_has_two_pixels_to_one_of_css_and_few_colours():
    image = Image.open(io.BytesIO(figure_output.to_png(line())))
    assert image.info["dpi"] == pytest.approx((192, 192), abs=0.1)
    assert image.width == pytest.approx(6 * 192, abs=60)
    assert image.mode == "P"


# --- In a kernel ---------------------------------------------------------------------------------

CELL = """
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

shell = InteractiveShell.instance()
from nnbook.plotting import use_style

use_style()
figure = Figure()
figure.subplots().plot([1, 2])
data, metadata = shell.display_formatter.format(figure)
print(sorted(data), sorted(metadata))
"""


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("1", "['image/svg+xml', 'text/plain'] ['nnbook_figure_tables']"),
        ("", "['text/plain'] []"),
    ],
)
def test_figures_are_published_only_where_the_book_is_built(setting, expected, monkeypatch):
    pytest.importorskip("IPython", reason="IPython is not installed")
    monkeypatch.setenv("NNBOOK_FIGURE_DATA", setting)
    result = subprocess.run([sys.executable, "-c", CELL], capture_output=True, text=True)
    assert result.stdout.strip() == expected, result.stderr


def test_outside_a_kernel_nothing_happens():
    pytest.importorskip("IPython", reason="IPython is not installed")
    figure_output.publish_figures()


def test_png_comes_as_text():
    (data,) = figure_output.bundle(digits())[0].values()
    assert base64.b64decode(data).startswith(b"\x89PNG")
