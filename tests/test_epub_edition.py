"""What the EPUB leaves out of a page and mends in it, planted one by one."""

import pytest

pytest.importorskip("bs4", reason="Beautiful Soup is not installed")
pytest.importorskip("sphinx", reason="Sphinx is not installed")
from epub_edition import mend, properties


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
        ('<div role="doc-biblioentry">a</div>', "<div>a</div>"),
        ('<details name="q">a</details>', "<details>a</details>"),
        (
            '<math display="block" xmlns="m"><mi>x</mi><mspace width="1em"></mspace></math>',
            '<math display="block" xmlns="m"><mi>x</mi><mspace width="1em"></mspace></math>',
        ),
    ],
)
def test_mend(body, mended):
    assert mend(body) == mended


@pytest.mark.parametrize(
    ("text", "cover", "expected"),
    [
        ("<p>a</p>", False, ""),
        ('<p><math display="block"/></p>', False, ' properties="mathml"'),
        ("", True, ' properties="cover-image"'),
    ],
)
def test_properties(tmp_path, text, cover, expected):
    path = tmp_path / "page.xhtml"
    path.write_text(text, encoding="utf-8")
    assert properties(path, cover) == expected
