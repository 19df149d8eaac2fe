"""Bundle the book for reading without a network: _build/nnbook.zip.

Usage (`make zip` builds what goes into it first):

    python tools/make_zip.py

The same files give the same bytes: they stand in order and carry no time.
"""

import sys
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from settings import ROOT, read_settings

BUILD = ROOT / "_build"
BUNDLE = BUILD / "nnbook.zip"
PAPERS = ("nnbook.pdf", "nnbook.epub")
LICENCES = ("LICENSE", "LICENSE-data", "LICENSE-text")
UNPACKED = (*PAPERS, ".buildinfo")  # in the site; the papers stand beside it
README = """\
{title} {version}

site/intro.html   the book, for any browser; needs no network
nnbook.pdf        the book to print
nnbook.epub       the book for readers of e-books
notebooks/        the chapters as Jupyter notebooks, without outputs

The notebooks need Python with the package nnbook, which {address} holds.
The code is under the MIT License (LICENSE), the text and the figures are under CC BY 4.0
(LICENSE-text). The images of MNIST and Fashion-MNIST have terms of their own (LICENSE-data).
"""


def collect(book):
    """Return what goes into the bundle: the bytes of each file by its name."""
    files = {"README.txt": README.format(**vars(book)).encode()}
    files |= {name: (ROOT / name).read_bytes() for name in LICENCES}
    files |= {name: (BUILD / name).read_bytes() for name in PAPERS}
    for folder, target in (("html", "site"), ("notebooks", "notebooks")):
        for path in (BUILD / folder).rglob("*"):
            name = path.relative_to(BUILD / folder).as_posix()
            if path.is_file() and name not in UNPACKED:
                files[f"{target}/{name}"] = path.read_bytes()
    landing = files["site/intro.html"]
    files["site/intro.html"] = landing.replace(b'href="nnbook.', b'href="../nnbook.')
    return files


def write(files, folder):
    """Write the bundle with everything in one folder."""
    with ZipFile(BUNDLE, "w", ZIP_DEFLATED, compresslevel=9) as bundle:
        for name in sorted(files):
            entry = ZipInfo(f"{folder}/{name}")  # of 1980
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            bundle.writestr(entry, files[name])


def main():
    """Write the bundle and tell how large it is."""
    needed = [*PAPERS, "html/intro.html", "notebooks"]
    missing = [name for name in needed if not (BUILD / name).exists()]
    if missing:
        sys.exit(f"_build lacks {', '.join(missing)}. Run: make zip")
    book = read_settings()
    files = collect(book)
    write(files, f"nnbook-{book.version}")
    print(f"{BUNDLE.relative_to(ROOT)}: {len(files)} files, {BUNDLE.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
