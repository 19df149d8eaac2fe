"""The directive ``question``: a quick check whose choices explain themselves, without a script.

    :::{question}
    What is $1 + 1$?

    - [x] 2

      One and one more.
    - [ ] 11

      That joins the digits.
    :::

The last block is a list. Each item begins with ``[x]``, once, or ``[ ]``; its first paragraph is
the choice, and what follows is the feedback. On the page a choice is a ``<details>``: it opens with
a click or a key, one at a time, and nothing tells the right one before.
"""

import re
from string import ascii_uppercase

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

MARK = re.compile(r"\[([x ])]\s+")
VERDICTS = {"x": ("Right.", "choice-right"), " ": ("Not quite.", "choice-wrong")}


class question(nodes.General, nodes.Element):  # noqa: N801, a node's name is that of its tag
    """The blocks of the question, then its choices; ``number`` counts within the page."""


class choice(nodes.General, nodes.Element):  # noqa: N801
    """The label, then the blocks of the feedback."""


class choice_label(nodes.General, nodes.TextElement):  # noqa: N801
    """What the reader chooses."""


class Question(SphinxDirective):
    """Read a question and stop the build where its form is wrong."""

    has_content = True

    def run(self):
        number = self.env.new_serialno("question") + 1
        name = f"{nodes.make_id(self.env.docname)}-question-{number}"
        node = question(ids=[name], number=number)
        self.set_source_info(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        choices = self.read_choices(node)
        node.extend(choices)
        return [node]

    def read_choices(self, node):
        """Take the list from the end of `node` and return its items as choices."""
        blocks = [block.tagname for block in node]
        if blocks[-1:] != ["bullet_list"] or blocks.count("bullet_list") != 1 or len(blocks) == 1:
            got = ", ".join(blocks) or "nothing"
            raise self.error(f"question: expected a question, then one list of choices, got {got}")
        items = node.pop().children
        if len(items) < 2:
            raise self.error(f"question: expected two or more choices, got {len(items)}")
        marks = [self.read_mark(item) for item in items]
        if marks.count("x") != 1:
            raise self.error(f"question: expected one choice marked [x], got {marks.count('x')}")
        return list(map(self.read_choice, items, marks, ascii_uppercase))

    def read_mark(self, item):
        """Take the mark from the start of `item` and return what stands in its brackets."""
        paragraph = item[0] if len(item) else item
        match = isinstance(paragraph, nodes.paragraph) and MARK.match(paragraph[0].astext())
        if not match:
            start = item.astext()[:40]
            raise self.error(f"question: expected a choice after [x] or [ ], got {start!r}")
        paragraph[0] = nodes.Text(paragraph[0].astext()[match.end() :])
        return match[1]

    def read_choice(self, item, mark, letter):
        """Return `item` as a choice whose feedback begins with the verdict.

        The letter names the choice where one talks about it, and where it is nothing but a formula.
        """
        if len(item) < 2:
            raise self.error(f"question: the choice {item.astext()!r} has no feedback")
        label, *feedback = item
        if not isinstance(feedback[0], nodes.paragraph):
            feedback.insert(0, nodes.paragraph())
        text, name = VERDICTS[mark]
        feedback[0].insert(0, [nodes.strong("", text, classes=[name]), nodes.Text(" ")])
        return choice("", choice_label("", "", nodes.Text(f"{letter}. "), *label), *feedback)


def visit_question(self, node):
    name = node["ids"][0]
    title = f'<p class="question-title" id="{name}-title">Quick check {node["number"]}</p>\n'
    group = {"role": "group", "aria-labelledby": f"{name}-title"}
    self.body.append(self.starttag(node, "div", CLASS="question", **group) + title)


def depart_question(self, node):
    self.body.append("</div>\n")


def visit_choice(self, node):
    # Details of one name close each other.
    self.body.append(f'<details class="choice" name="{node.parent["ids"][0]}">\n')


def depart_choice(self, node):
    self.body.append("</details>\n")


def visit_choice_label(self, node):
    self.body.append("<summary>")


def depart_choice_label(self, node):
    self.body.append("</summary>\n")


def setup(app):
    """Register the directive and how it looks in HTML, from which EPUB and PDF are made."""
    app.add_node(question, html=(visit_question, depart_question))
    app.add_node(choice, html=(visit_choice, depart_choice))
    app.add_node(choice_label, html=(visit_choice_label, depart_choice_label))
    app.add_directive("question", Question)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
