"""Print the built site as one book: _build/nnbook.pdf.

Usage (`make pdf` builds the site first):

    python tools/make_pdf.py

The pages of `_build/html` are joined in the order of `_toc.yml` behind a title page and the
contents, and Chromium prints them with `tools/print.css`. So the PDF shows the outputs, numbers
and formulas of that build. It is printed twice, because the contents name pages, and only the first
print tells on which page a section begins.
"""

import sys

import pikepdf
from browser import BrowserNotFoundError, chromium
from join_pages import assemble, read_chapters
from settings import ROOT, read_settings

PAGE = ROOT / "_build" / "print" / "nnbook.html"
PDF = ROOT / "_build" / "nnbook.pdf"
CONTENT_WIDTH = 658  # pixels: A4 less the margins in print.css
# What is wider than the page gets smaller instead of losing its right end.
SHRINK = """
for (const box of document.querySelectorAll("div.math, table, dt.sig")) {
    const room = box.parentElement.clientWidth;
    const width = Math.max(box.scrollWidth, box.getBoundingClientRect().width);
    if (width > room + 1) box.style.zoom = room / width;
}
"""


def print_page(browser, html):
    """Let the browser print the HTML into the PDF."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": CONTENT_WIDTH, "height": 1000})
    page.emulate_media(media="print", color_scheme="light")
    page.goto(PAGE.as_uri(), wait_until="load")
    page.evaluate("document.fonts.ready.then(() => null)")
    page.evaluate(SHRINK)
    page.pdf(path=PDF, outline=True, tagged=True, prefer_css_page_size=True, print_background=True)
    page.close()


def find_pages():
    """Return the number of the page on which each anchor stands in the PDF."""
    with pikepdf.open(PDF) as pdf:
        numbers = {page.objgen: number for number, page in enumerate(pdf.pages, start=1)}
        targets = pdf.Root.Dests.items()
        return {name.lstrip("/"): numbers[target[0].objgen] for name, target in targets}


def finish(book):
    """Name title and author in the PDF, halve its size, and return the number of pages."""
    with pikepdf.open(PDF, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata() as metadata:
            metadata["dc:title"] = book.title
            metadata["dc:creator"] = [book.author]
        pdf.docinfo["/Creator"] = "nnbook"
        pdf.save(PDF, object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=True)
        return len(pdf.pages)


def main():
    """Write the PDF and tell how long it is."""
    book = read_settings()
    chapters = read_chapters()
    try:
        with chromium() as browser:
            print_page(browser, assemble(book, chapters, {}))
            print_page(browser, assemble(book, chapters, find_pages()))
    except BrowserNotFoundError as error:
        sys.exit(str(error))
    count = finish(book)
    print(f"{PDF.relative_to(ROOT)}: {count} pages, {PDF.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
