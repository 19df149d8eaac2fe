"""The book's Sphinx extension, on tiny books of two pages: planted failures have to be told."""

import re
from types import SimpleNamespace

import pytest
from small_book import HEADER, build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")
import house_rules

# --- omit_docstrings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('def f():\n    """Doc."""\n    return 1\n', "def f():\n    return 1\n"),
        (
            'def f():\n    """Doc\n\n    of lines.\n    """\n    return 1\n',
            "def f():\n    return 1\n",
        ),
        ('    def f(self):\n        "Doc."\n        return 1\n', "def f(self):\n    return 1\n"),
        (
            '@cache\ndef f():\n    r"""Doc."""\n\n    x = """kept"""\n',
            '@cache\ndef f():\n\n    x = """kept"""\n',
        ),
        (
            'class A:\n    """Doc."""\n\n    def f(self):\n        """Doc."""\n        return 1\n',
            "class A:\n\n    def f(self):\n        return 1\n",
        ),
        ("def f():\n    return '''x'''\n", "def f():\n    return '''x'''\n"),
        ("f = sigmoid  # no docstring\n", "f = sigmoid  # no docstring\n"),
    ],
)
def test_omit_docstrings(source, expected):
    assert house_rules.omit_docstrings(source) == expected


# --- The key of the execution cache --------------------------------------------------------------


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A repository that the extension takes for its own."""
    package = tmp_path / "code" / "nnbook"
    (package / "data").mkdir(parents=True)
    (package / "losses.py").write_text("x = 1")
    (package / "data" / "mnist.npz").write_bytes(b"data")
    (tmp_path / "requirements.txt").write_text("numpy==2")
    monkeypatch.setattr(house_rules, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "content", "changes"),
    [
        ("code/nnbook/losses.py", "x = 2", True),
        ("code/nnbook/new.py", "", True),
        ("code/nnbook/data/mnist.npz", "DATA", True),
        ("requirements.txt", "numpy==3", True),
        ("code/nnbook/losses.pyc", "bytes", False),
        ("book/neuron.md", "text", False),
    ],
)
def test_execution_key_depends_on_package_data_and_pins(tree, path, content, changes):
    before = house_rules.execution_key()
    assert house_rules.execution_key() == before
    (tree / path).parent.mkdir(exist_ok=True)
    (tree / path).write_text(content)
    assert (house_rules.execution_key() != before) is changes


def test_renaming_a_module_changes_the_key(tree):
    before = house_rules.execution_key()
    (tree / "code/nnbook/losses.py").rename(tree / "code/nnbook/loss.py")
    assert house_rules.execution_key() != before


def test_stale_caches_are_dropped(tree):
    caches = tree / "_build" / ".jupyter_cache"
    current, config = caches / house_rules.execution_key(), SimpleNamespace()
    (caches / "stale").mkdir(parents=True)
    current.mkdir()
    house_rules.key_cache(None, config)
    assert config.nb_execution_cache_path == str(current)
    assert [*caches.iterdir()] == [current]


# --- Whole builds --------------------------------------------------------------------------------

INDEX = "# Index\n\n```{toctree}\npage\n```\n\n```{claims-table}\n```\n"
PAGE = """\
# A page

```{code-cell} ipython3
from pathlib import Path
from myst_nb import glue

glue("answer", 40 + len(Path("../code/nnbook/losses.py").read_text()), display=False)
glue("words", "two words", display=False)
glue("undefined", float("NUMBER"), display=False)
```

The answer is {glue:text}`answer`.

```{literalinclude} ../code/nnbook/losses.py
:omit-docstring:
```

![IMAGE](image.png)
"""
CLAIM = "{name}: {{chapter: page, means: the {name}, range: [{low}, {high}], seeds: 5}}\n"


def make_book(root, alt, number, losses, **claims):
    """Write a repository with a book of two pages; `claims` gives the ranges by name."""
    page = HEADER + PAGE.replace("IMAGE", alt).replace("NUMBER", number)
    extensions = ["myst_nb", "house_rules"]
    write_book(root, {"index": INDEX, "page": page}, extensions, nb_execution_mode="cache")
    book, package = root / "book", root / "code" / "nnbook"
    package.mkdir(parents=True)
    (root / "requirements.txt").touch()
    (package / "losses.py").write_text(losses)
    (book / "image.png").write_bytes(b"")
    for name, (low, high) in claims.items():
        with (book / "claims.yml").open("a") as file:
            file.write(CLAIM.format(name=name, low=low, high=high))


def build(root):
    """Build the book as strictly as ours; return the exit code, the warnings and the two pages."""
    code, errors = build_book(root)
    assert "Extension error" not in errors, errors
    pages = [(root / "_build/html" / page).read_text() for page in ("index.html", "page.html")]
    return code, errors.splitlines(), pages


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """A book that keeps every rule, after its first build."""
    root = tmp_path_factory.mktemp("right")
    make_book(root, "two axes", "1", 'def f():\n    "D"\n    x()\n', answer=(60, 80))
    return root, build(root)


def test_a_book_that_keeps_the_rules_builds_without_a_word(right):
    code, warnings, _ = right[1]
    assert (code, warnings) == (0, [])


def test_the_claims_table_shows_what_the_build_obtained(right):
    index, _ = right[1][2]
    table = re.sub(r"<[^>]+>", "", index[index.index("<table") : index.index("</table>")])
    row = [line for line in table.splitlines() if line][5:]
    assert row == ["the answer", "A page", "65", "60 to 80", "5"]


def test_literalinclude_leaves_docstrings_out(right):
    _, page = right[1][2]
    assert ">f</span>" in page
    assert "&quot;D&quot;" not in page


def test_a_change_of_the_package_runs_the_cells_again(right):
    root, (_, _, (_, page)) = right
    assert ">65</span>" in page
    caches = root / "_build" / ".jupyter_cache"
    (before,) = caches.iterdir()
    (root / "code" / "nnbook" / "losses.py").write_text("x = 1000 + 2000 + 3000")
    code, warnings, (_, page) = build(root)
    assert (code, warnings) == (0, [])
    assert ">62</span>" in page
    (after,) = caches.iterdir()
    assert after != before


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """The warnings of a book that breaks every rule."""
    root = tmp_path_factory.mktemp("wrong")
    ranges = {"answer": (0, 40), "words": (0, 1), "undefined": (0, 1), "missing": (0, 1)}
    make_book(root, "", "nan", "x = 1", **ranges)
    code, warnings, _ = build(root)
    assert code == 1
    return warnings


@pytest.mark.parametrize(
    "told",
    [
        "claim answer: 45 lies outside 0",
        "claim words: not glued as a number",
        "claim undefined: ",
        "claim missing: not glued as a number",
        "image without alt text: image.png",
    ],
)
def test_a_broken_rule_is_told_with_its_page(wrong, told):
    assert [line for line in wrong if told in line and "page" in line.partition("WARNING")[0]]


def test_nothing_else_is_told(wrong):
    assert sum("WARNING" in line for line in wrong) == 5
