"""Draw the README's picture, book/_static/learning.png: the figure fig-learning of its chapter.

The chapter's own cells draw it, so the two cannot differ. Run with the environment's Python:

    .venv/bin/python tools/make_picture.py
"""

from pathlib import Path

import jupytext
import matplotlib

BOOK = Path(__file__).parents[1] / "book"
CHAPTER = BOOK / "network-from-scratch.md"
PICTURE = BOOK / "_static" / "learning.png"
FIGURE = "fig-learning"


def figure_name(cell):
    """Return the name that the chapter gives to the cell's figure, or None."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name")


def main():
    matplotlib.use("agg")
    cells = [c for c in jupytext.read(CHAPTER, fmt="md:myst").cells if c.cell_type == "code"]
    imports = cells[0]
    (drawing,) = [c for c in cells if figure_name(c) == FIGURE]
    names = {}
    for cell in (imports, drawing):
        exec(cell.source, names)
    names["plt"].savefig(PICTURE, dpi=150, metadata={"Software": None})
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
