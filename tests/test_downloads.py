"""The landing page's links to the PDF and the EPUB, in a small book beside a `_build` folder."""

import pytest
from small_book import build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")

INDEX = """\
# Book

:::{downloads}
The whole book is one file:
:::
"""


class Book:
    def __init__(self, root):
        self.root, self.build = root, root / "_build"
        self.build.mkdir()
        extensions = ["myst_nb", "downloads"]
        write_book(root, {"index": INDEX}, extensions, myst_enable_extensions=["colon_fence"])

    def page(self, builder="html", base=""):
        """Build the book and return its page."""
        done = build_book(self.root, "-D", f"html_baseurl={base}", builders=builder)
        assert done == (0, "")
        return next((self.build / builder).glob("index.*html")).read_text(encoding="utf-8")

    def names(self):
        return sorted(path.name for path in (self.build / "html").glob("nnbook.*"))


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_says_nothing_where_there_is_nothing(book):
    page = book.page(base="https://example.org/book")
    assert "whole book" not in page
    assert "nnbook." not in page


def test_lists_and_copies_what_exists_now(book):
    book.page()
    (book.build / "nnbook.pdf").write_bytes(b"x" * 1_250_000)
    page = book.page()  # nothing else has changed since the first build
    assert "The whole book is one file:" in page
    assert 'href="nnbook.pdf"' in page
    assert "(1.2 MB)" in page
    assert "epub" not in page
    assert book.names() == ["nnbook.pdf"]
    (book.build / "nnbook.epub").write_bytes(b"x")
    assert 'href="nnbook.epub"' in book.page()
    assert book.names() == ["nnbook.epub", "nnbook.pdf"]


def test_forgets_what_is_gone(book):
    (book.build / "nnbook.pdf").write_bytes(b"x")
    book.page()
    (book.build / "nnbook.pdf").unlink()
    assert "nnbook.pdf" not in book.page()
    assert book.names() == []


@pytest.mark.parametrize("base", ["https://example.org/book", "https://example.org/book/"])
def test_the_bundle_is_linked_where_it_is_published(book, base):
    assert "nnbook.zip" not in book.page(base=base)
    (book.build / "nnbook.zip").write_bytes(b"x")
    assert 'href="https://example.org/book/nnbook.zip"' in book.page(base=base)
    assert "nnbook.zip" not in book.page()
    assert book.names() == []


def test_other_builders_leave_the_place_out(book):
    (book.build / "nnbook.pdf").write_bytes(b"x")
    assert "whole book" not in book.page("singlehtml")
