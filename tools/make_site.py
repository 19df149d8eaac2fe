"""Lay out in _build/site what is published on the branch gh-pages.

Usage (`make site` builds the parts first):

    python tools/make_site.py

Beside the pages stand the notebooks, which Colab and Binder open there, what Binder installs, and
the downloads that have been made.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = "_build/html"
# Where each part goes; "" is the top of the site.
PARTS = {
    "_build/notebooks/*.ipynb": "notebooks",
    "_build/dist/nnbook-*.whl": "",
    ".binder/*": ".binder",
    "requirements.txt": "",
}
DOWNLOADS = ("nnbook.pdf", "nnbook.epub", "nnbook.zip")


def lay_out(root):
    """Copy all parts into ``_build/site`` under `root` and return that folder."""
    site = root / "_build" / "site"
    shutil.rmtree(site, ignore_errors=True)
    if not (root / PAGES / "intro.html").exists():
        sys.exit(f"No book in {root / PAGES}. First run: make site")
    shutil.copytree(root / PAGES, site, ignore=shutil.ignore_patterns(".buildinfo", ".doctrees"))
    for pattern, folder in PARTS.items():
        found = sorted(root.glob(pattern))
        if not found:
            sys.exit(f"No {pattern} in {root}. First run: make site")
        (site / folder).mkdir(exist_ok=True)
        for path in found:
            shutil.copy2(path, site / folder)
    for download in filter(Path.exists, (root / "_build" / name for name in DOWNLOADS)):
        shutil.copy2(download, site)
    (site / ".nojekyll").touch()  # GitHub Pages would leave out folders such as _static
    return site


if __name__ == "__main__":
    print(f"The site is in {lay_out(ROOT)}.")
