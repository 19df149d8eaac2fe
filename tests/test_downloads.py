"""The landing page's links to the PDF and the EPUB, in a small book beside a `_build` folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")

EXTENSION = Path(__file__).parents[1] / "book" / "_ext" / "downloads.py"
CONFIGURATION = """\
import os
import sys
sys.path.insert(0, os.path.abspath("_ext"))
extensions = ["myst_nb", "downloads"]
myst_enable_extensions = ["colon_fence"]
"""
INDEX = """\
# Book

:::{downloads}
The whole book is one file:
:::
"""


class Book:
    def __init__(self, folder):
        self.source, self.build = folder / "book", folder / "_build"
        (self.source / "_ext").mkdir(parents=True)
        self.build.mkdir()
        shutil.copy(EXTENSION, self.source / "_ext")
        (self.source / "conf.py").write_text(CONFIGURATION)
        (self.source / "index.md").write_text(INDEX)

    def page(self, builder="html", base=""):
        """Build the book and return its page."""
        options = ("-q", "-n", "-W", "-b", builder, "-D", f"html_baseurl={base}")
        command = [sys.executable, "-m", "sphinx", *options, "-d", self.build / "doctrees"]
        target = self.build / builder
        done = subprocess.run([*command, self.source, target], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return next(target.glob("index.*html")).read_text(encoding="utf-8")

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
