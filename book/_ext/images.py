"""Tell the browser the size of every image, so that the text does not jump when it arrives.

An image below the first waits until the reader comes near it.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

CSS_DPI = 96
IMAGE = re.compile(r'<img\b(?=[^>]*\ssrc="[^"]*_images/([^"/]+)")[^>]*>')
UNITS = {"": 1, "px": 1, "pt": CSS_DPI / 72, "in": CSS_DPI}


def size_of(path):
    """Return width and height of an image file in CSS pixels."""
    if path.suffix == ".svg":
        root = ElementTree.parse(path).getroot()
        return tuple(round(length(root.get(side))) for side in ("width", "height"))
    with Image.open(path) as image:
        density = max(CSS_DPI, image.info.get("dpi", (CSS_DPI,))[0])
        return tuple(round(pixels * CSS_DPI / density) for pixels in image.size)


def length(text):
    """Return a length of SVG, such as "7.5pt", in CSS pixels."""
    number, unit = re.fullmatch(r"([\d.]+)([a-z]*)", text).groups()
    return float(number) * UNITS[unit]


def size_images(app, pagename, templatename, context, doctree):
    """Write the sizes into the images of a page."""
    if app.builder.name != "html" or "body" not in context:
        return
    sources = {name: Path(app.srcdir, uri) for uri, name in app.builder.images.items()}
    seen = 0

    def sized(match):
        nonlocal seen
        seen += 1
        lazy = ' loading="lazy" decoding="async"' if seen > 1 else ""
        if re.search(r"\s(width|style)=", match[0]):
            return match[0].replace("<img", f"<img{lazy}", 1)
        width, height = size_of(sources[match[1]])
        return match[0].replace("<img", f'<img width="{width}" height="{height}"{lazy}', 1)

    context["body"] = IMAGE.sub(sized, context["body"])


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", size_images)
    return {"parallel_read_safe": True}
