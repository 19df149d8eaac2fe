"""The book's own rules, enforced while Sphinx builds it; a broken one is a warning, so it fails.

- The execution cache is keyed on the package, its data and the pins, not on the cells alone:
  after a change in ``code/nnbook`` every chapter runs again.
- A glued number that ``claims.yml`` names must lie in its accepted range, and every claim must
  be glued by its chapter.
- Every image has alt text.
- NumPy computes on one thread: then sums round the same on any number of cores, and two kernels
  that run at once do not wait for each other.
- A figure comes as a light image and brings its data: see ``nnbook.figure_output``.

Besides, ``literalinclude`` learns ``:omit-docstring:``, because a chapter has said already what the
docstring says.
"""

import ast
import hashlib
import json
import os
import shutil
import textwrap
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.core import render
from sphinx.directives.code import LiteralInclude
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
CLAIMS = ROOT / "book" / "claims.yml"
logger = logging.getLogger(__name__)


def execution_key():
    """Hash what a chapter's output depends on besides its own cells."""
    package = ROOT / "code" / "nnbook"
    files = [p for p in package.rglob("*") if p.suffix in (".py", ".npz", ".csv")]
    digest = hashlib.sha256()
    for path in sorted([*files, ROOT / "requirements.txt"]):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def key_cache(app, config):
    """Point MyST-NB at the cache of this key, and drop those of other keys."""
    caches = ROOT / "_build" / ".jupyter_cache"
    current = caches / execution_key()
    if caches.exists():
        for stale in caches.iterdir():
            if stale != current and stale.is_dir():
                shutil.rmtree(stale)
    config.nb_execution_cache_path = str(current)


def glued_values(app, docname):
    """Return what the chapter glued, as Python numbers and strings by name."""
    # MyST-NB keeps this file for references across documents.
    path = Path(app.env.mystnb_config.output_folder, f"{docname}.glue.json")
    if not path.exists():
        return {}
    glued = json.loads(path.read_text(encoding="utf-8"))
    return {name: parse(entry["data"]["text/plain"]) for name, entry in glued.items()}


def parse(text):
    """Return the number or string of a glued value; anything else, such as nan, as it stands."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def read_claims():
    """Return the claims by name."""
    claims = yaml.safe_load(CLAIMS.read_text(encoding="utf-8")) or {}
    for claim in claims.values():
        claim["range"] = [float(bound) for bound in claim["range"]]  # YAML reads 1e-7 as a string
    return claims


def check_claims(app, env):
    """Warn of each claim that its chapter does not glue or that has left its range."""
    env.claims = {}
    for name, claim in read_claims().items():
        chapter = claim["chapter"]
        if chapter not in env.found_docs:
            continue  # a build of one page
        found = glued_values(app, chapter).get(name)
        low, high = claim["range"]
        env.claims[name] = found
        if not isinstance(found, int | float):
            logger.warning("claim %s: not glued as a number", name, location=chapter)
        elif not low <= found <= high:
            text = "claim %s: %s lies outside %s to %s"
            logger.warning(text, name, found, low, high, location=chapter)
    return [page for page, data in env.metadata.items() if "claims" in data]  # write them anew


class ClaimsTable(SphinxDirective):
    """A table of every claim; filled in when all chapters have run."""

    def run(self):
        self.env.note_dependency(str(CLAIMS))
        self.env.metadata[self.env.docname]["claims"] = True
        return [nodes.container(classes=["claims"])]


def fill_claims_table(app, doctree, docname):
    """Write each claim with what this build obtained."""
    for container in doctree.findall(
        lambda n: "claims" in getattr(n, "attributes", {}).get("classes", [])
    ):
        header = ["claim", "chapter", "obtained", "accepted", "seeds"]
        rows = []
        for name, claim in read_claims().items():
            obtained = app.env.claims.get(name)
            rows.append(
                [
                    nodes.Text(claim["means"]),
                    link_to(app, docname, claim["chapter"]),
                    nodes.Text(f"{obtained:.4g}" if isinstance(obtained, float) else str(obtained)),
                    nodes.Text("{:g} to {:g}".format(*claim["range"])),
                    nodes.Text(str(claim["seeds"])),
                ]
            )
        container += make_table([nodes.Text(word) for word in header], rows)


def link_to(app, docname, chapter):
    """Return a link from `docname` to the chapter, under its title."""
    if chapter not in app.env.titles:
        return nodes.Text(chapter)
    uri = app.builder.get_relative_uri(docname, chapter)
    title = app.env.titles[chapter].astext()
    return nodes.reference("", title, refuri=uri, internal=True)


def make_table(header, rows):
    """Build a docutils table of text nodes and links."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in header), cols=len(header))
    for kind, lines in ((nodes.thead, [header]), (nodes.tbody, rows)):
        body = kind()
        for line in lines:
            cells = (nodes.entry("", nodes.paragraph("", "", cell)) for cell in line)
            body += nodes.row("", *cells)
        group += body
    return nodes.table("", group)


def omit_docstrings(source):
    """Return the Python `source` dedented and without the docstrings in it."""
    source = textwrap.dedent(source)
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            docstring = node.body[0]
            for i in range(docstring.lineno - 1, docstring.end_lineno):
                lines[i] = None
    return "\n".join(line for line in lines if line is not None) + "\n"


class PackageSource(LiteralInclude):
    """``literalinclude`` that can leave docstrings out."""

    option_spec = LiteralInclude.option_spec | {"omit-docstring": directives.flag}

    def run(self):
        result = super().run()
        if "omit-docstring" in self.options:
            for root in result:
                for block in root.findall(nodes.literal_block):
                    code = omit_docstrings(block.astext())
                    block.rawsource, block.children = code, []
                    block += nodes.Text(code)
        return result


def join_streams(outputs):
    """Put together what a kernel sent in pieces.

    MyST-NB's own function ends each piece with a line break, wherever the pieces were cut.
    """
    joined, streams = [], {}
    for output in outputs:
        name = output["name"] if output["output_type"] == "stream" else None
        if name in streams:
            streams[name]["text"] += output["text"]
        else:
            joined.append(output)
            if name:
                streams[name] = output
    return joined


def check_alt_text(app, doctree, docname):
    """Warn of each image that a screen reader could not tell."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning("image without alt text: %s", image["uri"], location=docname)


def setup(app):
    """Register the rules with Sphinx."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the kernels inherit these
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # a waiting thread sleeps
    os.environ.setdefault("NNBOOK_FIGURE_DATA", "1")  # read by nnbook.plotting.use_style
    render.coalesce_streams = join_streams
    app.connect("config-inited", key_cache, priority=100)
    app.connect("env-updated", check_claims)
    app.connect("doctree-resolved", check_alt_text)
    app.connect("doctree-resolved", fill_claims_table)
    app.add_directive("claims-table", ClaimsTable)
    app.add_directive("literalinclude", PackageSource, override=True)
    return {"parallel_read_safe": True}
