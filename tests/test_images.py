"""Every image on a page says how large it is, so that the text does not jump."""

from types import SimpleNamespace

import pytest
from PIL import Image

pytest.importorskip("sphinx", reason="Sphinx is not installed")
import images


@pytest.fixture
def page(tmp_path):
    """Return a function that gives a body what the extension does to it."""
    Image.new("L", (1200, 600)).save(tmp_path / "dense.png", dpi=(192, 192))
    Image.new("L", (300, 200)).save(tmp_path / "plain.png")
    Image.new("L", (300, 200)).save(tmp_path / "photo.jpg", dpi=(72, 72))
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}"/>'
    (tmp_path / "points.svg").write_text(svg.format("450.6pt", "225pt"))
    (tmp_path / "pixels.svg").write_text(svg.format("40", "30.4px"))
    names = [path.name for path in tmp_path.iterdir()]

    def finished(body, builder="html"):
        builder = SimpleNamespace(name=builder, images={name: name for name in names})
        context = {"body": body}
        app = SimpleNamespace(builder=builder, srcdir=str(tmp_path))
        images.size_images(app, "page", "page.html", context, None)
        return context["body"]

    return finished


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("dense.png", (600, 300)),
        ("plain.png", (300, 200)),
        ("photo.jpg", (300, 200)),
        ("points.svg", (601, 300)),
        ("pixels.svg", (40, 30)),
    ],
)
@pytest.mark.parametrize("folder", ["_images/", "../_images/"])
def test_an_image_gets_its_size_in_css_pixels(page, name, size, folder):
    body = page(f'<p><img alt="a &gt; b" src="{folder}{name}" /></p>')
    sides = 'width="{}" height="{}"'.format(*size)
    assert body == f'<p><img {sides} alt="a &gt; b" src="{folder}{name}" /></p>'


def test_all_images_but_the_first_wait(page):
    first, *others = page('<img src="_images/plain.png"><p></p>' * 3).split("<p></p>")[:-1]
    assert "loading" not in first
    assert all('loading="lazy" decoding="async"' in other for other in others)


@pytest.mark.parametrize("attribute", ['width="50%"', 'style="width: 4em"'])
def test_a_size_that_the_author_chose_stays(page, attribute):
    body = f'<img {attribute} src="_images/plain.png" />'
    assert page(body) == body


@pytest.mark.parametrize("body", ['<img src="https://a.org/x.png">', '<img src="_static/a.png">'])
def test_images_that_are_no_part_of_the_page_stay(page, body):
    assert page(body) == body


def test_other_formats_stay_as_they_are(page):
    body = '<img src="_images/plain.png">'
    assert page(body, builder="epub") == body


def test_a_page_without_a_body_is_left_alone():
    app = SimpleNamespace(builder=SimpleNamespace(name="html"))
    context = {}
    images.size_images(app, "search", "search.html", context, None)
    assert context == {}


def test_a_length_in_an_unknown_unit_is_refused():
    with pytest.raises(KeyError, match="em"):
        images.length("3em")
