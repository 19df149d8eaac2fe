"""Serve MathJax with the site, so that formulas show without a network.

The files are those of the package sphinx-mathjax-offline; of its 24 MB a page can ask for 2.
"""

import importlib.util
import shutil
from pathlib import Path

NEEDED = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")


def use_local_mathjax(app, config):
    """Point Sphinx at the copy, relative to ``_static``."""
    config.mathjax_path = "mathjax/tex-chtml.js"


def copy_mathjax(app, error):
    """Copy what a page can ask for."""
    if error or app.builder.format != "html":
        return
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    source = Path(package.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in NEEDED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("config-inited", use_local_mathjax, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True}
