"""Formulas are typeset while the book is built: with numbers, and never silently wrong."""

import re

import pytest
from small_book import build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")

SETTINGS = {
    "version": "1",
    "copyright": "1",
    "suppress_warnings": ["epub.unknown_project_files"],
    "myst_enable_extensions": ["amsmath", "dollarmath"],
}
PAGE = r"""# Formulas

Inline $a < b$, and numbered, {eq}`eq-sum`:

```{math}
:label: eq-sum
\sum_i x_i
```

$$
a &= b, & c &= d \\
e &= f, & g &= h
$$

$$
\begin{aligned}
\boldsymbol{w} &= \hat{y}
\end{aligned}
$$
"""


def build(root, page, builder="html"):
    """Build one page strictly; return exit code, errors and the page."""
    write_book(root, {"index": page}, ["myst_parser", "formulas"], **SETTINGS)
    code, errors = build_book(root, builders=builder)
    pages = [path.read_text() for path in root.glob(f"_build/{builder}/index.*html")]
    return code, errors, "".join(pages)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formulas")


@pytest.fixture(scope="module")
def page(folder):
    code, errors, page = build(folder, PAGE)
    assert code == 0, errors
    return page


def test_each_formula_is_there_to_see_and_to_hear(page):
    assert page.count('class="katex-html" aria-hidden="true"') == 4
    assert len(re.findall(r"<math.*?</math>", page, re.S)) == 4
    assert page.count('class="katex-display"') == 3


def test_the_text_is_escaped(page):
    assert "<mo>&lt;</mo>" in page
    assert "a < b" not in page


def test_an_equation_keeps_number_anchor_and_references(page):
    equation = r'<div class="math[^"]*" id="equation-eq-sum">\s*<span class="eqno">\(1\)'
    assert re.search(equation, page)
    assert re.search(r'href="#equation-eq-sum">\(1\)', page)


def test_no_script_is_needed_and_the_styles_come_with_the_site(folder, page):
    assert "mathjax" not in "".join(re.findall("<script.*?</script>", page, re.S)).lower()
    assert '<link rel="stylesheet" type="text/css" href="_static/katex/katex.css' in page
    katex = folder / "_build" / "html" / "_static" / "katex"
    styles = (katex / "katex.css").read_text()
    fonts = set(re.findall(r"url\(([^)]*)\)", styles))
    assert len(fonts) == 20
    for font in fonts:
        assert (katex / font).read_bytes()[:4] == b"wOF2"


def test_a_page_without_formulas_loads_nothing_for_them(tmp_path):
    code, errors, page = build(tmp_path, "# Words\n\nOnly words, and `code`.\n")
    assert (code, errors) == (0, "")
    assert "katex" not in page


def test_an_epub_gets_mathml_alone(tmp_path):
    code, errors, page = build(tmp_path, PAGE, "epub")
    assert (code, errors) == (0, "")
    assert page.count("<math") == 4
    assert "katex-html" not in page


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        (r"\frac{1}", r"'\\+frac\{1\}': .*Unexpected end of input"),
        (r"\nothing", r"'\\+nothing': .*Undefined control sequence: \\nothing"),
        ("é", "'é': .*LaTeX-incompatible input"),
    ],
    ids=["syntax", "unknown command", "what TeX would refuse"],
)
def test_a_formula_with_an_error_fails_the_build_with_its_place(tmp_path, formula, told):
    code, errors, _ = build(tmp_path, f"# Page\n\nSee ${formula}$.\n")
    assert code != 0
    assert re.search(rf"index.md:3:.*formula {told}", errors), errors
