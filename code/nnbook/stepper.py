r"""Paths to step through: radio buttons and SVG in a cell's output, without a script.

The arrow keys go from stop to stop, and the heights there are told in words as well. A style sheet
hides what lies beyond the chosen stop; it stands in an SVG, where HTML allows one anywhere. A
browser without ``:has`` shows all at once. On paper and in the EPUB nothing is shown.

Chapter: :doc:`/optimization`.
"""

from dataclasses import dataclass
from html import escape

import numpy as np

from nnbook.paths import plane
from nnbook.plotting import BLUE, ORANGE

XMLNS = "http://www.w3.org/2000/svg"
SIDE = 320  # of a picture, in its own units
STYLES = ((BLUE, BLUE, ""), (ORANGE, "white", ' stroke-dasharray="5 3"'))  # line, dot, dash


@dataclass(frozen=True)
class Stepper:
    """What a notebook shows as HTML.

    Parameters
    ----------
    html : str
        A fieldset, well-formed as XML.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """

    html: str

    def _repr_html_(self):
        return self.html

    def __repr__(self):
        return f"Stepper({len(self.html)} characters of HTML)"


def stepper(name, landscape, panels, stops, box, levels):
    """Draw paths that a reader steps through.

    Parameters
    ----------
    name : str
        A word that no other stepper of the page has.
    landscape : Landscape
        Of two numbers.
    panels : list of dict of str to ndarray of shape (steps + 1, 2)
        The paths of each picture by name, at most two.
    stops : list of int
        Numbers of steps to choose from, rising from 0; the last is chosen at first.
    box : tuple (left, right, bottom, top)
        What is drawn.
    levels : list of float
        Heights of the contour lines.

    Returns
    -------
    Stepper

    Raises
    ------
    ValueError
        If the stops do not rise from 0 or a path is too short for them, or a picture has more than
        two paths.

    Notes
    -----
    Chapter: :doc:`/optimization`.
    """
    _check(panels, stops)
    buttons = "".join(_button(name, stop, stop == stops[-1]) for stop in stops)
    lines = _contour_lines(landscape, box, levels)
    pictures = "".join(_picture(paths, stops, box, lines) for paths in panels)
    told = "".join(_told(landscape, panels, stop) for stop in stops)
    return Stepper(
        f'<fieldset class="stepper"><legend>Steps taken</legend>{buttons}'
        f'<div>{pictures}</div><div aria-live="polite">{told}</div>{_style(stops)}</fieldset>'
    )


def _check(panels, stops):
    if stops[0] != 0 or (np.diff(stops) <= 0).any():
        raise ValueError(f"stops is {stops}, expected numbers that rise from 0")
    for paths in panels:
        if len(paths) > len(STYLES):
            raise ValueError(f"a panel has {len(paths)} paths, expected at most {len(STYLES)}")
        for name, path in paths.items():
            if len(path) <= stops[-1]:
                raise ValueError(f"{name} has {len(path)} points, expected {stops[-1] + 1}")


def _button(name, stop, chosen):
    checked = ' checked="checked"' if chosen else ""
    button = f'<input type="radio" name="{escape(name)}" value="{stop}"{checked}/>'
    return f"<label>{button} {stop}</label>"


def _contour_lines(landscape, box, levels):
    from matplotlib.figure import Figure

    left, right, bottom, top = box
    across, up = np.linspace(left, right, 41), np.linspace(bottom, top, 41)
    contours = Figure().subplots().contour(across, up, plane(landscape, across, up), levels)
    lines = []
    for path in contours.get_paths():
        path.should_simplify = False  # it would, as if the numbers were pixels
        lines += [_points(line, box) for line in path.to_polygons(closed_only=False)]
    return "".join(f'<polyline points="{line}" stroke="#999" fill="none"/>' for line in lines)


def _points(points, box):
    left, right, bottom, top = box
    scaled = (np.asarray(points) - [left, bottom]) / [right - left, top - bottom]
    x, y = (SIDE * scaled[:, 0]).round(1), (SIDE * (1 - scaled[:, 1])).round(1)
    return " ".join(f"{a:g},{b:g}" for a, b in zip(x, y, strict=True))


def _picture(paths, stops, box, lines):
    groups, before = "", 0
    for stop in stops:
        drawn = (
            _stretch(path[before : stop + 1], box, style)
            for path, style in zip(paths.values(), STYLES, strict=False)
        )
        groups += f'<g class="at-{stop}">{"".join(drawn)}</g>'
        before = stop
    words = _words(paths)
    label = escape(f"The paths of {' and '.join(paths)} up to the chosen number of steps")
    return (
        f'<svg xmlns="{XMLNS}" role="img" aria-label="{label}" '
        f'viewBox="0 0 {SIDE} {SIDE + 24}">{lines}{groups}{words}</svg>'
    )


def _stretch(points, box, style):
    color, filling, dash = style
    line = _points(points, box)
    new = line.split()[1:] or line.split()  # the first was the last of the stretch before
    dots = "".join('<circle cx="{}" cy="{}" r="3"/>'.format(*dot.split(",")) for dot in new)
    line = f'<polyline points="{line}" fill="none"{dash}/>'
    return f'<g fill="{filling}" stroke="{color}">{line}{dots}</g>'


def _words(paths):
    words = ""
    for number, (name, (color, _, dash)) in enumerate(zip(paths, STYLES, strict=False)):
        x = 8 + number * SIDE // 2
        words += (
            f'<path d="M{x} {SIDE + 12}h28" stroke="{color}" stroke-width="2"{dash}/>'
            f'<text x="{x + 34}" y="{SIDE + 17}" font-size="14">{escape(name)}</text>'
        )
    return words


def _told(landscape, panels, stop):
    heights = ", ".join(
        f"{escape(name)} {landscape.value(path[stop]):.3g}"
        for paths in panels
        for name, path in paths.items()
    )
    return f'<p class="told-{stop}">Height after {stop} steps: {heights}.</p>'


def _style(stops):
    rules = (
        ".stepper label{display:inline-block;padding:.3em .6em}"
        ".stepper>div{display:flex;flex-wrap:wrap;gap:.4rem}"
        ".stepper>div>svg{background:#fff;flex:1 1 16rem}"
        "@media print{.stepper{display:none}}"
    )
    for stop in stops:
        chosen = f'.stepper:has([value="{stop}"]:checked)'
        rules += f"{chosen} .at-{stop}~g{{visibility:hidden}}"
        others = ",".join(f"{chosen} .told-{other}" for other in stops if other != stop)
        rules += f"{others}{{display:none}}"
    return f'<svg xmlns="{XMLNS}" width="0" height="0"><style>{rules}</style></svg>'
