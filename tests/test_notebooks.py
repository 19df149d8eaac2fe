"""The exported notebooks: a small book with every construct, and the errors."""

import html
import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_book import HEADER, build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")
import nbformat
import notebook_builder
from docutils import nodes
from markdown_it import MarkdownIt

# --- A small book --------------------------------------------------------------------------------

EXTENSIONS = ["myst_nb", "sphinx_exercise", "sphinx_design", "sphinxcontrib.bibtex"]
EXTENSIONS += ["house_rules", "notebook_builder"]
SETTINGS = {
    "myst_enable_extensions": ["colon_fence", "dollarmath"],
    "bibtex_bibfiles": ["references.bib"],
    "bibtex_reference_style": "author_year",
    "nb_execution_mode": "cache",
}
INDEX = """\
# Index

```{toctree}
:numbered:
chapter
words
```
"""
WORDS = """\
# Words

```{glossary}
bias
    A shift.
```

```{py:function} losses.f(x)
```
"""
SOURCE = '''\
class Net:
    """A network."""

    def forward(self, X):
        """Return X."""
        return X
'''
REFERENCES = (
    "@book{good, author={Ann Good}, title={Deep}, year=2016, publisher={P}, doi={10.1/(x)}}"
)
CHAPTER = """\
# The chapter

:::{admonition} In this *chapter*
:class: in-this-chapter

**You will do:** a
lot.

$$
x
\\ne y
$$
:::

:::{note}
Mind the gap.
:::

```{code-cell} ipython3
:tags: [hide-input]

from myst_nb import glue

glue("accuracy", 0.9765, display=False)
```

## Prose

Obtained {glue:text}`accuracy:.1%`. See {doc}`words`, a {term}`bias`, {py:func}`losses.f`,
{ref}`prose`, {numref}`fig-dot`, {numref}`table-one`, {eq}`eq-one`, {numref}`ex-one` and
{cite:t}`good`; or [a site](https://example.org/a_(b)) {cite:p}`good`.

1\\. is no list, and snake_case, 2 * 3 * 4, \\_this\\_, a < b, \\<b\\> and \\$5 stay text.[^1]

[^1]: A footnote.

(prose)=
### A section

```{math}
:label: eq-one
a
= b
```

```{code-cell} ipython3
---
mystnb:
  figure: {name: fig-dot, caption: "A *dot* at $x_1$, `red_one`."}
  image: {alt: A dot.}
---
from IPython.display import Image

print("printed")
Image("dot.png")
```

```{code-cell} ipython3
# no output


x = 1
```

```{literalinclude} ../code/nnbook/losses.py
:pyobject: Net.forward
:omit-docstring:
```

~~~bash
echo "```"
~~~

A `` `tick ``.

1. one

   two
2. - deep

> said

```{table} Two columns
:name: table-one

| a | b |
|---|---|
| `x\\|y` | $\\|x\\| = \\vert y$ |
|  | *b* |
```

:::{dropdown} Answer & more
Forty-two.
:::

```{figure} dot.png
:name: fig-file
:alt: One dot

From a file.

A legend.
```

```{tip}
:class: dropdown

A *tip*.
```

```{exercise} Prove it
:label: ex-one

Prove {eq}`eq-one`.
```

````{solution} ex-one
:class: dropdown

Trivial:

```python
prove()
```
````

## Solved

```{solution-start} ex-one
:class: dropdown
```

First, $1 < 2$.

```{code-cell} ipython3
---
mystnb:
  figure: {name: fig-solved, caption: Solved.}
  image: {alt: A dot.}
---
Image("dot.png")
```

It glued {glue:text}`accuracy:.1%`.

```{code-cell} ipython3
x += 1
```

```{solution-end}
```

(seen)=
### Seen at once

So *that* is it.

## References

```{bibliography}
:filter: docname in docnames
```
"""
CODE = [
    'from myst_nb import glue\n\nglue("accuracy", 0.9765, display=False)',
    'from IPython.display import Image\n\nprint("printed")\nImage("dot.png")',
    "# no output\n\n\nx = 1",
    'Image("dot.png")',
    "x += 1",
]
MARKDOWN = {
    "title": "# 1. The chapter\n",
    "admonition": "> **In this *chapter***\n>\n> **You will do:** a lot.\n>\n> $$ x \\ne y $$\n",
    "note": "> **Note**\n>\n> Mind the gap.",
    "glued value": "Obtained 97.7%. See",
    "page, term, function, section": "See Words, a bias, `losses.f()`, A section, Fig",
    "numbers": "A section, Fig. 1.1, Table 1.1, (1.1), Exercise 1.1 and",
    "citations": "and Good [2016]; or [a site](https://example.org/a_%28b%29) [Good, 2016].\n",
    "special text": "1\\. is no list, and snake_case, 2 \\* 3 \\* 4, \\_this\\_, a < b, &lt;b",
    "footnote": "\\$5 stay text.[1]",
    "footnote text": "- [1] A footnote.",
    "heading": "### 1.1.1. A section\n",
    "equation": "$$\na\n= b\n\\tag{1.1}\n$$",
    "figure of a cell": "_Fig. 1.1: A *dot* at $x_1$, `red_one`._\n",
    "package source": "```python\ndef forward(self, X):\n    return X\n```",
    "code block": '````bash\necho "```"\n````',
    "code with a backtick": "A `` `tick ``.",
    "lists": "1. one\n\n   two\n2. - deep\n",
    "quote": "> said\n",
    "table title": "_Table 1.1: Two columns_\n\n| a | b |\n| --- | --- |\n",
    "table": "| `x\\|y` | $\\vert{}x\\vert{} = \\vert y$ |\n|  | *b* |\n",
    "dropdown": "<details>\n<summary>Answer &amp; more</summary>\n\nForty-two.\n\n</details>",
    "figure of a file": "![One dot](data:image/png;base64,UE5H)\n\n"
    "_Fig. 1.2: From a file._\n\nA legend.\n",
    "folded admonition": "<details>\n<summary>Tip</summary>\n\nA *tip*.\n\n</details>",
    "exercise": "> **Exercise 1.1 (Prove it)**\n>\n> Prove (1.1).\n",
    "solution": "<details>\n<summary>Solution to Exercise 1.1 (Prove it)</summary>\n\nTrivial:\n\n"
    "```python\nprove()\n```\n\n</details>",
    "references": "- [Goo16] Ann Good. *Deep*. P, 2016. [doi:10.1/(x)](https://doi.org/10.1/%28x%29).",
}


def make_book(root, chapter):
    """Write a repository with a small book."""
    pages = {"index": INDEX, "words": WORDS, "chapter": HEADER + chapter}
    write_book(root, pages, EXTENSIONS, **SETTINGS)
    book, package = root / "book", root / "code" / "nnbook"
    package.mkdir(parents=True)
    (package / "losses.py").write_text(SOURCE)
    (book / "references.bib").write_text(REFERENCES)
    (book / "dot.png").write_bytes(b"PNG")
    for path in (root / "requirements.txt", book / "claims.yml"):
        path.touch()


def build(root, *options):
    return build_book(root, *options, builders="notebooks")


def markdown(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown") + "\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("book")
    make_book(root, CHAPTER)
    code, errors = build(root)
    assert code == 0, errors
    return root


@pytest.fixture(scope="module")
def notebook(root):
    return root / "_build" / "notebooks" / "chapter.ipynb"


def test_pages_with_a_kernel_become_notebooks_and_nothing_else_is_written(notebook):
    assert [*notebook.parent.iterdir()] == [notebook]


@pytest.mark.parametrize("construct", MARKDOWN)
def test_construct(notebook, construct):
    assert MARKDOWN[construct] in markdown(notebook)


def test_no_myst_is_left(notebook):
    assert re.findall(r"\{[a-z:]+\}`|:::|```\{|^\(.*\)=$|%\|", markdown(notebook), re.M) == []


def test_code_cells_are_those_of_the_source_in_order(notebook):
    cells = nbformat.read(notebook, as_version=4).cells
    assert [cell.source for cell in cells if cell.cell_type == "code"] == CODE


def test_a_solution_with_code_cells_is_folded_at_its_heading(notebook):
    content = nbformat.read(notebook, as_version=4)
    (fold,) = [i for i, cell in enumerate(content.cells) if cell.metadata]
    heading = content.cells[fold]
    assert heading.source == "### Solution to Exercise 1.1 (Prove it)"
    assert heading.metadata == {"jp-MarkdownHeadingCollapsed": True, "id": heading.id}
    assert content.metadata.colab == {"collapsed_sections": [heading.id]}
    assert [cell.source for cell in content.cells[fold + 1 : fold + 6]] == [
        "First, $1 < 2$.",
        'Image("dot.png")',
        "_Fig. 1.3: Solved._\n\nIt glued 97.7%.",
        "x += 1",
        "### 1.2.1. Seen at once\n\nSo *that* is it.",
    ]


def test_the_notebook_is_valid_and_carries_nothing_of_the_build(notebook):
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    assert content.metadata.kernelspec.name == "python3"
    for cell in content.cells:
        if cell.metadata:
            continue  # a fold
        assert (cell.metadata, cell.get("outputs", []), cell.get("execution_count")) == (
            {},
            [],
            None,
        )


def test_text_is_divided_at_headings(notebook):
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if "\n#" in cell.source]
    assert [cell.source for cell in cells if cell.cell_type == "markdown"] == []


def test_a_second_build_is_identical(root, notebook):
    before = notebook.read_bytes()
    (notebook.parent / "stale.ipynb").touch()
    assert build(root, "-E") == (0, "")
    assert [*notebook.parent.iterdir()] == [notebook]
    assert notebook.read_bytes() == before


def test_links_lead_to_the_published_page_where_there_is_one(root, notebook):
    before = notebook.read_bytes()
    assert build(root, "-D", "html_baseurl=https://example.org/book/") == (0, "")
    text, base = markdown(notebook), "https://example.org/book/words.html"
    notebook.write_bytes(before)
    assert (
        f"See [Words]({base}), a [bias]({base}#term-bias), [`losses.f()`]({base}#losses.f)" in text
    )


@pytest.mark.parametrize(
    ("chapter", "told"),
    [
        ("# A\n\n:::{deprecated} 1\nOld.\n:::\n", "chapter, line 8: .* the node versionmodified"),
        (
            "# A\n\n```{code-cell}\n:tags: [remove-input]\nhidden = 1\nhidden\n```\n",
            r"chapter: the notebook would lack these cells:\nhidden = 1\nhidden",
        ),
        (
            "# A\n\n```{exercise}\n:label: a\n```\n\n```{solution-start} a\n```\n\n"
            "```{code-cell}\n1\n```\n\n```{solution-end}\n```\n\nHidden.\n",
            "after a solution with code cells a notebook needs a heading: <paragraph>Hidden",
        ),
    ],
    ids=["an unknown node", "a hidden cell", "text that a fold would swallow"],
)
def test_nothing_is_lost_silently(tmp_path, chapter, told):
    make_book(tmp_path, chapter)
    code, errors = build(tmp_path, "-D", "nb_execution_mode=off")
    assert code != 0
    assert re.search(told, errors)


TEXT = st.text("ab1 *_`[]()<>$\\#+-.=!~&;:|/é", min_size=1)


@given(TEXT)
def test_text_is_read_as_it_was_written(text):
    builder = SimpleNamespace(env=SimpleNamespace(toc_fignumbers={}))
    page = notebook_builder.Markdown(builder, "page")
    source = page.paragraph(nodes.paragraph("", "", nodes.Text(text)))
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source)
    expected = " ".join(text.split())
    assert rendered == (f"<p>{html.escape(expected)}</p>\n" if expected else "")
