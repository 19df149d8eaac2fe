"""Fold the solutions of exercises with ``<details>``, which opens without a script.

sphinx-exercise leaves the folding of ``:class: dropdown`` to a script. That script makes the title
a button, though most of it is a link to the exercise, and a link to a figure inside leads to
nothing while the solution is closed. A browser opens ``<details>`` for such a link, and for a word
that is searched for. An EPUB shows solutions open, as sphinx-exercise writes them.
"""

from docutils import nodes
from sphinx_exercise.nodes import solution_node


class fold(nodes.General, nodes.Element):  # noqa: N801, a node's name is that of its tag
    """The title of the solution, then its blocks and code cells."""


class fold_title(nodes.General, nodes.TextElement):  # noqa: N801
    """What the reader opens; without the link to the exercise, which would take the click."""


def unlinked(title):
    """Return the inline nodes of a title, links replaced by their texts."""
    parts = (part.children if isinstance(part, nodes.reference) else [part] for part in title)
    return [node for part in parts for node in part]


def fold_solutions(app, doctree, docname):
    """Put each solution that asks for it into a fold of the page."""
    if app.builder.name != "html":
        return
    for solution in list(doctree.findall(solution_node)):
        if "dropdown" in solution["classes"]:
            title, body = solution
            box = fold("", fold_title("", "", *unlinked(title)), *body, ids=solution["ids"])
            solution.parent.replace(solution, box)


def visit_fold(self, node):
    self.body.append(self.starttag(node, "details", CLASS="solution"))


def depart_fold(self, node):
    self.body.append("</details>\n")


def visit_fold_title(self, node):
    self.body.append("<summary>")


def depart_fold_title(self, node):
    self.body.append("</summary>\n")


def setup(app):
    """Register the fold and the step that makes it."""
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_title, html=(visit_fold_title, depart_fold_title))
    app.connect("doctree-resolved", fold_solutions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
