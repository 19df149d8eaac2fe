"""Typeset formulas while the book is built, so that a page shows them without any script.

KaTeX (``katex/``, in the version that ``katex/VERSION`` names) runs in an embedded JavaScript
engine. A page gets its HTML and, for screen readers, its MathML; an EPUB gets the MathML alone. A
formula that KaTeX does not understand is a warning, so it fails the build.
"""

import re
import shutil
from functools import cache
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).parent / "katex"
logger = logging.getLogger(__name__)


@cache
def engine():
    """Return a JavaScript engine in which KaTeX is loaded."""
    context = MiniRacer()
    context.eval((KATEX / "katex.min.js").read_text(encoding="utf-8"))
    return context


@cache
def typeset(tex, display, output):
    """Return the TeX formula as markup: `output` is "htmlAndMathml" or "mathml"."""
    options = {"displayMode": display, "output": output, "strict": "error"}
    return engine().call("katex.renderToString", tex, options)


def rendered(translator, node, tex, display):
    """Return the markup of a node's formula; warn and return the TeX where it has an error."""
    output = "mathml" if translator.builder.name == "epub" else "htmlAndMathml"
    try:
        return typeset(tex, display, output)
    except JSEvalException as error:
        message = str(error).partition("\n")[0]
        logger.warning("formula %r: %s", tex, message, location=node)
        return translator.encode(tex)


def visit_math(translator, node):
    """Write an inline formula."""
    start = translator.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    translator.body.append(f"{start}{rendered(translator, node, node.astext(), False)}</span>")
    raise nodes.SkipNode


def visit_math_block(translator, node):
    """Write an equation with its number and the link to it."""
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    tex = node.astext().strip()
    if r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    translator.body.append(f"{rendered(translator, node, tex, True)}</div>\n")
    raise nodes.SkipNode


def style_formulas(app, pagename, templatename, context, doctree):
    """Load KaTeX's style sheet on the pages that have a formula."""
    if 'class="katex' in context.get("body", ""):
        app.add_css_file("katex/katex.css")


def copy_katex(app):
    """Copy the style sheet and the fonts; every browser of today reads woff2.

    Sphinx adds the sum of a style sheet to its address, so it has to be there before the pages.
    """
    if app.builder.format != "html" or app.builder.name == "epub":
        return
    target = Path(app.outdir, "_static", "katex")
    shutil.copytree(KATEX / "fonts", target / "fonts", dirs_exist_ok=True)
    styles = (KATEX / "katex.min.css").read_text(encoding="utf-8")
    styles = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", styles)
    (target / "katex.css").write_text(styles, encoding="utf-8")


def setup(app):
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.config.html_math_renderer = "katex"
    app.connect("html-page-context", style_formulas)
    app.connect("builder-inited", copy_katex)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
