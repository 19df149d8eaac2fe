r"""Let the search find a Greek letter on every page whose formulas use it.

Sphinx indexes a formula's source, so that "sigma" finds ``\sigma`` and "σ" finds nothing. The
letters go into the page's keywords, which Sphinx indexes as well. Signs that are no letters, such
as ∂, cannot be keywords: the page on notation puts them into the index.
"""

import re

from docutils import nodes

NAMES = """\
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi chi psi omega"""
LETTERS = dict(zip(NAMES.split(), "αβγδεζηθικλμνξπρστυφχψω", strict=True))


def letters(doctree):
    """Return the Greek letters in the formulas, in alphabetical order."""
    formulas = doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block))
    names = {name for node in formulas for name in re.findall(r"\\([a-z]+)", node.astext())}
    return sorted(LETTERS[name] for name in names & LETTERS.keys())


def add_keywords(app, doctree):
    """Name the letters in the page's keywords."""
    if found := letters(doctree):
        doctree += nodes.meta("", name="keywords", content=", ".join(found))


def pages_with_index_entries(app, env):
    """Have them written anew: Sphinx's search forgets the entries of a page that it leaves."""
    return [page for page, entries in env.get_domain("index").entries.items() if entries]


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("env-updated", pages_with_index_entries)
    app.connect("doctree-read", add_keywords)
    return {"parallel_read_safe": True}
