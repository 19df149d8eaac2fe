"""What the published book gets for each figure: a light image, and the figure's data.

In a reader's own notebook nothing here is used.
"""

import base64
import io
import re
import zlib

from nnbook.figure_data import figure_tables

KEY = "nnbook_figure_tables"  # in the output's metadata, where no reader of notebooks minds it
PNG_DPI, PNG_COLORS = 192, 64  # twice the 96 pixels of an inch of CSS; few colours compress well
SVG_LIMIT = 60_000  # bytes; above it, thousands of points
SVG_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # nothing that changes


def publish_figures():
    """Let the kernel answer with `bundle` for each figure; elsewhere do nothing."""
    from IPython import get_ipython
    from matplotlib.figure import Figure
    from matplotlib_inline.config import InlineBackend

    if shell := get_ipython():
        InlineBackend.instance(parent=shell).figure_formats = set()
        shell.display_formatter.mimebundle_formatter.for_type(Figure, bundle)


def bundle(figure, include=None, exclude=None):
    """Return the lighter of the two images, by MIME type, and the tables as metadata."""
    svg, png = to_svg(figure), to_png(figure)
    sent = len(zlib.compress(svg.encode()))  # a server compresses SVG, and PNG is compressed
    if len(svg) < SVG_LIMIT and sent < len(png):
        image = {"image/svg+xml": svg}
    else:
        image = {"image/png": base64.b64encode(png).decode()}
    return image, {KEY: figure_tables(figure)}


def to_svg(figure):
    """Return the figure as SVG, the same in every build, with its words drawn as outlines."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "nnbook", "svg.fonttype": "path"}):
        return shorten(save(figure, "svg", metadata=SVG_METADATA).decode())


def shorten(svg):
    """Return `svg` without comments and indents, its paths exact to a hundredth of a point."""
    svg = re.sub(r"<!--.*?-->\s*|^\s+", "", svg, flags=re.S | re.M)
    return re.sub(r'\s([dxy]|points)="[^"]*"', lambda m: re.sub(r"-?\d+\.\d+", rounded, m[0]), svg)


def rounded(number):
    """Return a matched number with two decimals at most."""
    return f"{round(float(number[0]), 2) + 0:g}"  # + 0: no minus before a zero


def to_png(figure):
    """Return the figure as PNG for screens with two pixels to a CSS pixel, in 64 colours."""
    from PIL import Image

    raster = Image.open(io.BytesIO(save(figure, "png", dpi=PNG_DPI))).convert("RGB")
    palette = raster.quantize(PNG_COLORS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    palette.save(buffer, "png", optimize=True, dpi=(PNG_DPI, PNG_DPI))
    return buffer.getvalue()


def save(figure, kind, **settings):
    """Return the figure as a file of this kind, trimmed as Jupyter trims it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, bbox_inches="tight", **settings)
    return buffer.getvalue()
