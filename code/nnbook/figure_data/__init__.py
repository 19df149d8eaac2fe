"""What a figure shows, as tables: for readers who do not see it, or want its numbers.

The numbers are read off the finished figure, so a chapter does nothing for them and they cannot
differ from what is drawn. An artist that is not known here is an error, so that none gets lost.

Chapter: :doc:`/intro`.
"""

import numpy as np

from nnbook.figure_data import artists as kinds
from nnbook.figure_data import lines
from nnbook.figure_data.words import make_table, plain

READERS = (
    kinds.bars,
    kinds.error_bars,
    lines.straight_lines,
    lines.lines,
    kinds.points,
    kinds.bands,
    kinds.contours,
    kinds.images,
)


def figure_tables(figure):
    """Return the data of a figure as tables, with the words that the figure itself uses.

    Lines over the same x share a table; bars come with their labels and error bars, scattered
    points with their class, contour lines with their vertices, images with their pixels. Numbers
    have four significant digits; whole numbers keep all.

    Parameters
    ----------
    figure : matplotlib Figure
        A panel whose axes are switched off and that holds no image is a drawing, not a plot, and
        has no table; nor has a colour bar.

    Returns
    -------
    list of dict
        Each with ``title`` and ``note`` (strings, ``""`` where there is nothing to say),
        ``columns`` (their names), ``rows`` (lists of numbers, strings and None) and ``ordered``,
        which tells whether every n-th row would still show the whole.

    Raises
    ------
    TypeError
        If the figure holds an artist of a kind that no function here reads.

    Notes
    -----
    Chapter: :doc:`/intro`.
    """
    panels = [ax for ax in figure.axes if not (hasattr(ax, "_colorbar") or is_drawing(ax))]
    if is_grid_of_images(panels):
        return image_grid(panels)
    tables = []
    for number, ax in enumerate(panels, start=1):
        title = plain(ax.get_title().replace("\n", ", ")) or (
            f"Panel {number}" if len(panels) > 1 else ""
        )
        tables += panel_tables(ax, title)
    return tables


def panel_tables(ax, title):
    """Return the tables of one panel, each reader taking the artists that it knows."""
    artists, tables = data_artists(ax), []
    for read in READERS:
        found, taken = read(ax, artists)
        tables += found
        artists = [artist for artist in artists if not any(artist is known for known in taken)]
    if artists:
        names = ", ".join(sorted({type(artist).__name__ for artist in artists}))
        raise TypeError(f"panel {title!r} holds {names}, which figure_tables cannot read")
    for table in tables:
        table["title"] = ": ".join(filter(None, [title, table["title"]]))
    return tables


def data_artists(ax):
    """Return what is drawn in a panel but for its frame, its legend and its words."""
    from matplotlib.axis import Axis
    from matplotlib.legend import Legend
    from matplotlib.spines import Spine
    from matplotlib.text import Text

    frame = Axis | Legend | Spine | Text
    children = (child for child in ax.get_children() if child is not ax.patch)
    return [child for child in children if child.get_visible() and not isinstance(child, frame)]


def is_drawing(ax):
    """Tell whether a panel has neither axes nor an image, so that nothing is to scale."""
    return not ax.axison and not ax.images


def is_grid_of_images(panels):
    """Tell whether there are several panels, each with one grey-scale image of the same size."""
    if len(panels) < 2 or any([*data_artists(ax)] != [*ax.images] for ax in panels):
        return False
    shapes = [image.get_array().shape for ax in panels for image in ax.images]
    return len(shapes) == len(panels) and len({*shapes}) == 1 and len(shapes[0]) == 2


def image_grid(panels):
    """Return what is written above and below each image, and the pixels of all in one table."""
    words = [
        (number, ax.get_title(), " ".join([*(t.get_text() for t in ax.texts), ax.get_xlabel()]))
        for number, ax in enumerate(panels, start=1)
    ]
    tables = []
    if any(above or below.strip() for _, above, below in words):
        tables.append(make_table(["image", "above", "below"], words, "Words"))
    pixels = [np.asarray(ax.images[0].get_array()) for ax in panels]
    rows = [
        (number, i, *row)
        for number, image in enumerate(pixels, start=1)
        for i, row in enumerate(image)
    ]
    columns = ["image", "row", *map(str, range(pixels[0].shape[1]))]
    return [*tables, make_table(columns, rows, "Pixels", ordered=False)]
