"""A Sphinx builder that writes every page with code cells as a clean Jupyter notebook.

It starts from the doctree in which Sphinx has resolved numbers, references, citations and glued
values, so nothing is parsed or executed a second time. Outputs are left out. A node that has no
method in `Markdown` is an error, so that nothing gets lost.
"""

import base64
import html
import mimetypes
import re
import shutil
import textwrap
from pathlib import Path

import nbformat
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.builders import Builder
from sphinx.errors import ExtensionError
from sphinx.locale import admonitionlabels
from sphinx.util.math import get_node_equation_number
from sphinx_exercise.nodes import solution_node

WITHOUT_NOTEBOOK = {"status"}  # It describes the machine that built the site.
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}
LANGUAGES = {"default": "python", "ipython3": "python", "none": ""}
SPECIAL = re.compile(r"[\\`*$]|(?<![^\W_])_|_(?![^\W_])|](?=\()|~(?=~)|<(?=[\w/!?])|&(?=#?\w+;)")
TAGS = {"emphasis": "em", "literal": "code", "strong": "strong", "inline": "", "choice_label": ""}
BLOCK_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|[#>|=-]))")


def has_notebook(env, docname):
    """Tell whether the page becomes a notebook."""
    return "kernelspec" in env.metadata.get(docname, {}) and docname not in WITHOUT_NOTEBOOK


def escape(match):
    """Keep a character of the text from being read as Markdown or HTML."""
    return html.escape(match[0]) if match[0] in "<&" else "\\" + match[0]


def fenced(text, least, info=""):
    """Return `text` between fences that are longer than any run of backticks in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(least, longest + 1)
    text = f" {text} " if "`" in (text[:1], text[-1:]) else text
    return f"{fence}{info}{text}{fence}"


def quoted(text):
    """Return `text` as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def folded(summary, body):
    """Return `body` folded under HTML; the blank lines let Markdown be read in the body alone."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def listed(mark, body):
    """Return a list item: its first line after `mark`, the others indented."""
    return mark + textwrap.indent(body, " " * len(mark)).lstrip()


def around(node, *kinds):
    """Return how many of the nodes around `node` are of one of `kinds`."""
    count = 0
    while node.parent:
        node = node.parent
        count += isinstance(node, kinds)
    return count


def element(node, *names):
    """Tell whether `node` is one of MyST-NB's containers of these names."""
    return isinstance(node, nodes.container) and node.get("nb_element") in names


def has_code(node):
    """Tell whether code cells stand in `node`."""
    return any(node.findall(lambda inner: element(inner, "cell_code")))


class Markdown:
    """The Markdown of one page. Beside the first few, each method is named after its node."""

    def __init__(self, builder, docname):
        self.builder, self.env, self.docname = builder, builder.env, docname
        builder.fignumbers = self.env.toc_fignumbers.get(docname, {})

    def cells(self, node):
        """Yield ("code", source), ("markdown", text) and ("fold", heading) in the page's order."""
        for child in node.children:
            if isinstance(child, nodes.section):
                yield from self.cells(child)
            elif isinstance(child, solution_node) and has_code(child):
                yield from self.solved(child)
            elif element(child, "cell_code"):
                for source in child.findall(lambda n: element(n, "cell_code_source")):
                    yield "code", source.astext()
                for figure in child.findall(nodes.figure):
                    yield "markdown", self.described(figure)
            else:
                yield "markdown", self.render(child)

    def solved(self, solution):
        """Yield a solution that holds code cells under a heading, at which a notebook folds it.

        The fold ends at the next heading; what stood before that would be hidden too.
        """
        rest = solution.parent[solution.parent.index(solution) + 1 :]
        seen = [node for node in rest if not isinstance(node, nodes.Invisible)]
        if seen and not isinstance(seen[0], nodes.section):
            raise self.misplaced(seen[0])
        title, body = solution
        level = around(solution, nodes.section) + 1
        yield "fold", f"{'#' * level} {self.inline(title)}"
        yield from self.cells(body)

    def render(self, node):
        """Return one node as Markdown; end the build where there is no method for it."""
        method = getattr(self, type(node).__name__, None)
        if method is None:
            raise self.unknown(node)
        return method(node)

    def error(self, node, text):
        line = node.line or getattr(node.parent, "line", None)
        return ExtensionError(f"{self.docname}, line {line}: {text}: {str(node)[:300]}")

    def unknown(self, node):
        return self.error(node, f"a notebook cannot show the node {node.tagname}")

    def misplaced(self, node):
        return self.error(node, "after a solution with code cells a notebook needs a heading")

    def blocks(self, children):
        return "\n\n".join(filter(None, map(self.render, children)))

    def numbered(self, kind, node):
        """Return "Fig. 2.1" or the like; "" where the book gives no number."""
        numbers = self.builder.fignumbers.get(kind, {})
        found = [".".join(map(str, numbers[i])) for i in node["ids"] if i in numbers]
        return self.env.config.numfig_format[kind] % found[0] if found else ""

    def described(self, figure, kind="figure"):
        """Return number, caption and legend of a figure or table, the caption in italics."""
        captions = figure.findall(lambda node: isinstance(node, nodes.caption | nodes.title))
        texts = filter(None, [self.numbered(kind, figure), *map(self.inline, captions)])
        caption = re.sub("(.+)", r"_\1_", ": ".join(texts))
        legend = (child for node in figure.findall(nodes.legend) for child in node)
        return "\n\n".join(filter(None, [caption, self.blocks(legend)]))

    def titled(self, node, number=""):
        """Return a box with a title as a quote, or folded where the book folds it."""
        title, *body = node
        if "dropdown" in node["classes"]:
            return folded(html.escape(number + title.astext()), self.blocks(body))
        return quoted(f"**{number}{self.inline(title)}**\n\n{self.blocks(body)}")

    # --- Inline ---

    def Text(self, node):
        return SPECIAL.sub(escape, re.sub("[ \n]+", " ", node.astext()))

    def inline(self, node):
        return "".join(map(self.render, node.children))

    def emphasis(self, node):
        return f"*{self.inline(node)}*"

    def strong(self, node):
        return f"**{self.inline(node)}**"

    def literal(self, node):
        return fenced(node.astext().replace("\n", " "), 1)

    def math(self, node):
        text = " ".join(node.astext().split())
        if around(node, nodes.entry):  # a bar would end the cell of the table
            text = text.replace(r"\|", r"\Vert{}").replace("|", r"\vert{}")
        return f"${text}$"

    def reference(self, node):
        """Return a link where it leads to a site, the text alone where it leads to this page."""
        text, target = self.inline(node), node.get("refuri", "")
        target = target.replace("(", "%28").replace(")", "%29")
        return f"[{text}]({target})" if re.match(r"\w+://|mailto:", target) else text

    number_reference = reference

    def footnote_reference(self, node):
        return f"[{node.astext()}]"

    def image(self, node):
        path = Path(self.env.srcdir, node["uri"])
        data = base64.b64encode(path.read_bytes()).decode()
        return f"![{node.get('alt', '')}](data:{mimetypes.guess_type(path)[0]};base64,{data})"

    def nothing(self, node):
        return ""

    target = comment = index = meta = nothing

    def summary(self, node):
        """Return inline nodes as HTML, for a summary, in which Markdown is not read."""
        if isinstance(node, nodes.Text):
            return html.escape(node.astext(), quote=False)
        if isinstance(node, nodes.math):  # an entity would get into the formula
            return self.math(node).replace("<", r"\lt ").replace(">", r"\gt ")
        if node.tagname not in TAGS:
            raise self.unknown(node)
        inner, tag = "".join(map(self.summary, node)), TAGS[node.tagname]
        return f"<{tag}>{inner}</{tag}>" if tag else inner

    # --- Blocks ---

    def section(self, node):
        return self.blocks(node.children)

    compound = section

    def title(self, node):
        numbers = self.env.toc_secnumbers.get(self.docname, {})
        number = numbers.get(f"#{node.parent['ids'][0]}", numbers.get(""))
        prefix = ".".join(map(str, number)) + ". " if number else ""
        return "#" * around(node, nodes.section) + f" {prefix}{self.inline(node)}"

    def paragraph(self, node):
        return BLOCK_START.sub(r"\1\\", self.inline(node).strip())

    def rubric(self, node):
        return self.strong(node)

    def literal_block(self, node):
        language = LANGUAGES.get(node["language"], node["language"])
        return fenced(f"\n{node.astext().rstrip()}\n", 3, language)

    def math_block(self, node):
        """Return the equation on one line in a quote, whose marks would get into it."""
        lines = [line for line in node.astext().splitlines() if line.strip()]
        between = " " if around(node, nodes.Admonition, nodes.block_quote) else "\n"
        if any("\\\\" in line for line in lines) and "\\begin" not in node.astext():
            lines = [r"\begin{split}", *lines, r"\end{split}"]
        if node.get("label"):
            lines.append(rf"\tag{{{get_node_equation_number(self, node)}}}")
        return between.join(lines if node.get("nowrap") else ["$$", *lines, "$$"])

    def bullet_list(self, node):
        return "\n".join(listed("- ", self.blocks(item)) for item in node)

    def enumerated_list(self, node):
        first = node.get("start", 1)
        return "\n".join(listed(f"{i}. ", self.blocks(item)) for i, item in enumerate(node, first))

    def block_quote(self, node):
        return quoted(self.blocks(node))

    def transition(self, node):
        return "---"

    def admonition(self, node):
        return self.titled(node)

    exercise_node = admonition

    def labelled(self, node):
        node.insert(0, nodes.title("", str(admonitionlabels[node.tagname])))
        return self.titled(node)

    note = tip = hint = important = warning = caution = seealso = labelled

    def exercise_enumerable_node(self, node):
        return self.titled(node, self.numbered("exercise", node))

    def solution_node(self, node):
        return folded(html.escape(node[0].astext()), self.blocks(node[1:]))

    def question(self, node):
        return f"**Quick check {node['number']}**\n\n{self.blocks(node)}"

    def choice(self, node):
        return folded(self.summary(node[0]), self.blocks(node[1:]))

    def container(self, node):
        """Return a dropdown or the list of references; other containers are unknown."""
        if node.get("design_component") == "dropdown" and node["has_title"]:
            return folded(html.escape(node[0].astext()), self.blocks(node[1:]))
        if not all(isinstance(child, nodes.citation) for child in node):
            raise self.unknown(node)
        return "\n".join(map(self.render, node))

    def citation(self, node):
        return listed("- ", f"[{node[0].astext()}] {self.blocks(node[1:])}")

    footnote = citation

    def figure(self, node):
        images = (part for part in node if not isinstance(part, nodes.caption | nodes.legend))
        return f"{self.blocks(images)}\n\n{self.described(node)}".strip()

    def table(self, node):
        rows = [list(map(self.entry, row)) for row in node.findall(nodes.row)]
        if not any(node.findall(nodes.thead)):
            rows.insert(0, [""] * len(rows[0]))
        rows.insert(1, ["---"] * len(rows[0]))
        title = [self.described(node, "table"), ""] if any(node.findall(nodes.title)) else []
        return "\n".join([*title, *(f"| {' | '.join(row)} |" for row in rows)])

    def entry(self, node):
        text = self.blocks(node)
        if "\n" in text or "morecols" in node or "morerows" in node:
            raise self.unknown(node)
        return text.replace("|", r"\|")


def merge(cells):
    """Yield the cells with the text between two code cells joined, divided at headings."""
    parts = []
    for kind, text in [*cells, ("code", None)]:
        if parts and (kind != "markdown" or text.startswith("#")):
            yield "markdown", "\n\n".join(parts)
            parts = []
        if kind == "markdown" and text:
            parts.append(text)
        elif text:
            yield kind, text


def new_fold(source, id):
    """Return a heading under which JupyterLab shows nothing until it is opened."""
    folded = {"jp-MarkdownHeadingCollapsed": True, "id": id}
    return new_markdown_cell(source, id=id, metadata=folded)


def metadata_of(cells):
    """Return a notebook's metadata; Colab keeps there which headings are folded."""
    folded = [cell.id for cell in cells if "id" in cell.metadata]
    return METADATA | ({"colab": {"collapsed_sections": folded}} if folded else {})


class NotebookBuilder(Builder):
    """Write a notebook for every page that has a kernel."""

    name = "notebooks"
    format = "notebook"
    epilog = "The notebooks are in %(outdir)s."
    supported_image_types = ("image/png", "image/svg+xml", "image/jpeg")
    supported_remote_images = False

    def get_outdated_docs(self):
        """Return all pages that become notebooks: nothing depends on an earlier run."""
        return {name for name in self.env.found_docs if has_notebook(self.env, name)}

    def get_target_uri(self, docname, typ=None):
        """Return the address of the published page, "" where the configuration gives none."""
        base = self.config.html_baseurl.rstrip("/")
        return f"{base}/{docname}.html" if base else ""

    def get_relative_uri(self, from_, to, typ=None):
        return "" if from_ == to else self.get_target_uri(to)

    def prepare_writing(self, docnames):
        for stale in Path(self.outdir).glob("*.ipynb"):
            stale.unlink()

    def write_doc(self, docname, doctree):
        if docname not in self.get_outdated_docs():
            return
        new = {"code": new_code_cell, "markdown": new_markdown_cell, "fold": new_fold}
        cells = list(merge(Markdown(self, docname).cells(doctree)))
        self.check_code(docname, [text for kind, text in cells if kind == "code"])
        cells = [*self.config.notebook_first_cells, *cells]
        cells = [new[kind](text, id=f"{docname}-{i}") for i, (kind, text) in enumerate(cells)]
        notebook = new_notebook(cells=cells, metadata=metadata_of(cells))
        nbformat.validate(notebook)
        nbformat.write(notebook, Path(self.outdir, f"{docname}.ipynb"))

    def check_code(self, docname, sources):
        """End the build where the page hides a cell, as the tag remove-input does."""
        path = Path(self.env.mystnb_config.output_folder, f"{docname}.ipynb")
        executed = nbformat.read(path, as_version=4)
        expected = [cell.source for cell in executed.cells if cell.cell_type == "code"]
        if sources != expected:
            lost = "\n\n".join(source for source in expected if source not in sources)
            raise ExtensionError(f"{docname}: the notebook would lack these cells:\n{lost}")


def configure(app, config):
    """Let MyST-NB take any output as text, because this builder leaves outputs out."""
    config.nb_mime_priority_overrides = [
        *config.nb_mime_priority_overrides,
        ("notebooks", "text/plain", 0),
    ]


def tidy(app, error):
    """Remove the style sheets that other extensions write for every builder."""
    if app.builder.name == "notebooks":
        shutil.rmtree(Path(app.outdir, "_static"), ignore_errors=True)


def setup(app):
    """Register the builder with Sphinx."""
    app.add_builder(NotebookBuilder)
    app.add_config_value("notebook_first_cells", [], "")  # pairs of kind and text
    app.connect("config-inited", configure)
    app.connect("build-finished", tidy, priority=900)
    return {"parallel_read_safe": True}
