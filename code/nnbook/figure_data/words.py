"""The words and numbers of a table: as the figure has them, without marks and too many digits."""

import re

import numpy as np

DIGITS = 4


def make_table(columns, rows, title="", note="", ordered=True):
    """Return a table as :func:`nnbook.figure_data.figure_tables` describes it."""
    return {
        "title": plain(title),
        "note": note,
        "columns": [str(cell(name)) for name in columns],
        "rows": [[cell(value) for value in row] for row in rows],
        "ordered": ordered,
    }


def plain(text):
    """Return `text` on one line and without the marks of mathematics."""
    return " ".join(re.sub(r"[$\\{}]", "", str(text)).split())


def cell(value):
    """Return a string as plain text, a number with four digits, None for what is not finite."""
    if isinstance(value, str):
        return plain(value)
    if np.ma.is_masked(value) or not np.isfinite(value):
        return None
    value = float(value)
    if not value.is_integer() or abs(value) > 1e12:
        value = float(f"{value:.{DIGITS}g}")
    return int(value) if value.is_integer() and abs(value) < 1e12 else value


def axis_name(ax, axis, otherwise):
    """Return the label of the axis "x" or "y", if need be of a panel that shares it."""
    sharing = getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)
    for panel in (ax, *sharing, *in_line(ax, axis)):
        if label := getattr(panel, f"get_{axis}label")():
            return plain(label)
    return otherwise


def in_line(ax, axis):
    """Return the panels of the same column or row, of which often one only is labelled."""
    span = {"x": "colspan", "y": "rowspan"}[axis]
    specs = [(panel, panel.get_subplotspec()) for panel in ax.figure.axes]
    spans = {panel: getattr(spec, span) for panel, spec in specs if spec}
    return [panel for panel in spans if spans[panel] == spans.get(ax)]


def tick_names(axis, positions):
    """Return what is written at `positions` where the ticks are words, else the positions."""
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    formatter, names = axis.get_major_formatter(), {}
    if isinstance(formatter, StrCategoryFormatter | FixedFormatter | FuncFormatter):
        ticks = axis.get_majorticklocs()
        written = formatter.format_ticks(ticks)
        names = dict(zip(np.round(ticks, 6), map(plain, written), strict=False))
    return [names.get(np.round(position, 6)) or position for position in positions]


def own_label(artist):
    """Return the label of an artist, "" for one that Matplotlib made up."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else plain(label)
