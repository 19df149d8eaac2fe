"""How the artists of a panel are read, one function for each kind.

Each takes the panel and the artists that nobody has read yet, and returns their tables and which
artists it has read. Matplotlib is imported when a figure is there.
"""

import numpy as np

from nnbook.figure_data.words import (
    DIGITS,
    axis_name,
    make_table,
    own_label,
    tick_names,
)


def bars(ax, artists):
    """Read bars, upright or lying, with their error bars."""
    from matplotlib.container import BarContainer

    tables, taken = [], []
    for container in (c for c in ax.containers if isinstance(c, BarContainer)):
        lying = container.orientation == "horizontal"
        at, along = ("y", "x") if lying else ("x", "y")
        boxes = [bar.get_bbox() for bar in container]
        places = [(box.y0 + box.y1) / 2 if lying else (box.x0 + box.x1) / 2 for box in boxes]
        names = tick_names(getattr(ax, f"{at}axis"), places)
        columns = [axis_name(ax, at, "bar"), axis_name(ax, along, "value")]
        values = [box.width if lying else box.height for box in boxes]
        rows = [*zip(names, values, strict=True)]
        if container.errorbar is not None:
            low, high = error_ends(container.errorbar, along)
            columns, rows = [*columns, "low", "high"], [*zip(names, values, low, high, strict=True)]
            taken += error_artists(container.errorbar)
        tables.append(make_table(columns, rows, own_label(container)))
        taken += [*container]
    return tables, taken


def error_bars(ax, artists):
    """Read the error bars of points."""
    from matplotlib.container import ErrorbarContainer

    tables, taken = [], []
    for container in (c for c in ax.containers if isinstance(c, ErrorbarContainer)):
        if container.lines[0] is None:
            continue  # of bars, which have read it
        columns = [axis_name(ax, "x", "x"), own_label(container) or axis_name(ax, "y", "y")]
        data = [*container.lines[0].get_data()]
        for axis, exists in (("x", container.has_xerr), ("y", container.has_yerr)):
            if exists:
                columns += [f"{axis} low", f"{axis} high"]
                data += error_ends(container, axis)
        tables.append(make_table(columns, zip(*data, strict=True)))
        taken += error_artists(container)
    return tables, taken


def error_ends(container, axis):
    """Return the lower and the upper ends of the error bars along an axis."""
    which = 1 if axis == "y" and container.has_xerr else 0
    ends = np.array(container.lines[2][which].get_segments())[:, :, "xy".index(axis)]
    return ends.min(axis=1), ends.max(axis=1)


def error_artists(container):
    """Return all that an error bar is drawn with."""
    line, caps, stems = container.lines
    return [artist for artist in (line, *caps, *stems) if artist is not None]


def points(ax, artists):
    """Read the points of scatter."""
    from matplotlib.collections import PathCollection

    taken = [
        a
        for a in artists
        if isinstance(a, PathCollection) and a.get_offset_transform() == ax.transData
    ]
    columns, rows = [axis_name(ax, "x", "x"), axis_name(ax, "y", "y")], []
    valued = any(a.get_array() is not None for a in taken)
    for number, artist in enumerate(taken, start=1):
        places = artist.get_offsets()
        values = np.full(len(places), np.nan) if artist.get_array() is None else artist.get_array()
        name = own_label(artist) or f"points {number}"
        rows += [
            (name, *place, *([v] if valued else []))
            for place, v in zip(places, values, strict=True)
        ]
    columns = ["points", *columns, *(["value"] if valued else [])]
    return ([make_table(columns, rows)] if rows else []), taken


def bands(ax, artists):
    """Read the areas that fill_between draws; its outline runs forth along one edge and back."""
    from matplotlib import collections

    kind = getattr(collections, "FillBetweenPolyCollection", ())  # since Matplotlib 3.10
    taken, tables = [a for a in artists if kind and isinstance(a, kind)], []
    for band in taken:
        along, across = ("x", "y") if band.t_direction == "x" else ("y", "x")
        i, rows = "xy".index(along), []
        for path in band.get_paths():
            n = (len(path.vertices) - 3) // 2
            forth, back = path.vertices[1 : n + 1], path.vertices[n + 2 : 2 * n + 2][::-1]
            ends = np.sort([forth[:, 1 - i], back[:, 1 - i]], axis=0)
            rows += [*zip(forth[:, i], *ends, strict=True)]
        columns = [axis_name(ax, along, along), f"{across} low", f"{across} high"]
        tables.append(make_table(columns, rows, own_label(band) or "band"))
    return tables, taken


def contours(ax, artists):
    """Read contour lines as vertices; of filled areas the levels are told in words."""
    from matplotlib.contour import ContourSet

    taken, rows, notes = [a for a in artists if isinstance(a, ContourSet)], [], []
    for contour in taken:
        if contour.filled:
            levels = ", ".join(f"{level:.{DIGITS}g}" for level in contour.levels)
            notes.append(f"The coloured areas lie between the levels {levels}.")
            continue
        for level, path in zip(contour.levels, contour.get_paths(), strict=True):
            pieces = path.to_polygons(closed_only=False) if len(path.vertices) else []
            rows += [(level, number, *v) for number, p in enumerate(pieces, 1) for v in p]
    columns = ["level", "piece", axis_name(ax, "x", "x"), axis_name(ax, "y", "y")]
    tables = [make_table(columns, rows, "Contours", " ".join(notes))] if rows or notes else []
    return tables, taken


def images(ax, artists):
    """Read images; a coloured picture is only mentioned."""
    from matplotlib.image import AxesImage

    taken, tables = [a for a in artists if isinstance(a, AxesImage)], []
    for image in taken:
        array = image.get_array()
        height, width = array.shape[:2]
        if array.ndim == 3:
            tables.append(make_table([], [], note=f"A picture of {width} by {height} pixels."))
            continue
        left, right, bottom, top = image.get_extent()
        first, last = (bottom, top) if image.origin == "lower" else (top, bottom)
        across = tick_names(ax.xaxis, left + (np.arange(width) + 0.5) * (right - left) / width)
        down = tick_names(ax.yaxis, first + (np.arange(height) + 0.5) * (last - first) / height)
        x_name, y_name = axis_name(ax, "x", "column"), axis_name(ax, "y", "row")
        rows = [(name, *row) for name, row in zip(down, array, strict=True)]
        note = f"Down: {y_name}. Across: {x_name}."
        tables.append(make_table([y_name, *across], rows, note=note, ordered=False))
    return tables, taken
