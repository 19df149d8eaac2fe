"""How the lines of a panel are read; see the other kinds in ``artists``."""

import numpy as np

from nnbook.figure_data.words import axis_name, make_table, own_label

DASHES = {"-": "solid line", "--": "dashed line", ":": "dotted line", "-.": "dash-dotted line"}


def straight_lines(ax, artists):
    """Read the lines that cross the whole panel, as axhline and axvline draw them."""
    rows, taken = [], []
    for line in data_lines(artists):
        in_data = line.get_transform().contains_branch_seperately(ax.transData)
        if in_data in ((True, False), (False, True)):
            kind, axis = ("vertical", "x") if in_data[0] else ("horizontal", "y")
            rows.append((own_label(line) or kind, axis, line.get_data()["xy".index(axis)][0]))
            taken.append(line)
    tables = [make_table(["line", "axis", "at"], rows, "Lines across")] if rows else []
    return tables, taken


def lines(ax, artists):
    """Read lines; those over the same x share a table."""
    taken = [
        line
        for line in data_lines(artists)
        if line.get_transform().contains_branch_seperately(ax.transData) == (True, True)
    ]
    groups = []
    for line, name in zip(taken, line_names(ax, taken), strict=True):
        x, y = map(np.ma.asarray, line.get_data(orig=True))
        for shared, columns in groups:
            if np.array_equal(shared, x):
                columns[name] = y
                break
        else:
            groups.append((x, {name: y}))
    return [line_table(ax, x, columns, len(groups)) for x, columns in groups if len(x)], taken


def line_table(ax, x, columns, tables):
    """Return a table of lines; the label of the y axis is told where no column has its name."""
    y_name = axis_name(ax, "y", "")
    note = f"Values: {y_name}." if y_name and y_name not in columns else ""
    title = ", ".join(columns) if tables > 1 else ""
    rows = zip(x, *columns.values(), strict=True)
    return make_table([axis_name(ax, "x", "x"), *columns], rows, title, note)


def data_lines(artists):
    """Return the lines that have points; axline's are given by a slope."""
    from matplotlib.lines import AxLine, Line2D

    return [a for a in artists if isinstance(a, Line2D) and not isinstance(a, AxLine)]


def line_names(ax, lines):
    """Name each line by its label, that of a line that looks the same, the axis or its dashes."""
    looks = [(str(line.get_color()), line.get_linestyle()) for line in lines]
    labelled = {
        look: own_label(line) for look, line in zip(looks, lines, strict=True) if own_label(line)
    }
    if len(lines) == 1 and not labelled:
        return [axis_name(ax, "y", "y")]
    names = [
        own_label(line) or labelled.get(look) or DASHES.get(look[1], "line")
        for look, line in zip(looks, lines, strict=True)
    ]
    return [
        f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
