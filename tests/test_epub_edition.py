"""What the EPUB leaves out of a page and mends in it, planted one by one."""

import importlib.util
from pathlib import Path

import pytest

for module in ("bs4", "sphinx"):
    pytest.importorskip(module, reason="the extra 'book' is not installed")

PATH = Path(__file__).parents[1] / "book" / "_ext" / "epub_edition.py"


@pytest.fixture(scope="module")
def edition():
    spec = importlib.util.spec_from_file_location("epub_edition", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("body", "mended"),
    [
        ("<p>a<br/>b</p>", "<p>a<br/>b</p>"),
        ("<p>a</p><script>b</script><button>c</button>", "<p>a</p>"),
        ('<summary>Answer<svg class="sd-octicon"></svg></summary>', "<summary>Answer</summary>"),
        (
            '<details class="hide"><summary aria-label="Toggle"><p>Show</p></summary>x</details>',
            '<details class="hide"><summary>Code</summary>x</details>',
        ),
        ("<summary><p>Why?</p></summary>", "<summary><span>Why?</span></summary>"),
        ('<div id="exercise-content">a</div>', "<div>a</div>"),
        ('<div role="doc-biblioentry">a</div>', "<div>a</div>"),
        ('<details name="q">a</details>', "<details>a</details>"),
        (
            '<math display="block" xmlns="m"><mi>x</mi><mspace width="1em"></mspace></math>',
            '<math display="block" xmlns="m"><mi>x</mi><mspace width="1em"></mspace></math>',
        ),
    ],
)
def test_mend(edition, body, mended):
    assert edition.mend(body) == mended


@pytest.mark.parametrize(
    ("text", "cover", "expected"),
    [
        ("<p>a</p>", False, ""),
        ('<p><math display="block"/></p>', False, ' properties="mathml"'),
        ("", True, ' properties="cover-image"'),
    ],
)
def test_properties(edition, tmp_path, text, cover, expected):
    path = tmp_path / "page.xhtml"
    path.write_text(text, encoding="utf-8")
    assert edition.properties(path, cover) == expected
