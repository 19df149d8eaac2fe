"""The directive ``question``: the page, the notebook and the errors, on small books."""

import re

import pytest
from small_book import HEADER, build_book, write_book

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")
import nbformat
from bs4 import BeautifulSoup

SETTINGS = {
    "myst_enable_extensions": ["colon_fence", "dollarmath"],
    "nb_execution_mode": "off",
    "version": "0.1",  # EPUB needs both
    "copyright": "2026",
}
PAGE = r"""
# Page

:::{question}
What is $z$?

- [ ] $a<b$ & `x < 1`, *not* **that**

  The bias is *missing*.
- [x] two

  $2 - 1 + 1 = 2$.

  And so on.
:::

:::{question}
What does this do?

```python
x = 1
```

- [x] It sets `x`.

  ```python
  x == 1
  ```
- [ ] Nothing.

  It does.
:::
"""


def build(root, builders, **pages):
    """Build a book of `pages` with each builder; return the exit code and what Sphinx told."""
    index = "\n".join(["# Index", "", "```{toctree}", *pages, "```"])
    extensions = ["myst_nb", "notebook_builder", "questions"]
    write_book(root, {"index": index, **pages}, extensions, **SETTINGS)
    return build_book(root, builders=builders)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("book")
    assert build(root, "html singlehtml epub notebooks", page=HEADER + PAGE) == (0, "")
    return root / "_build"


@pytest.fixture(params=["html/page.html", "singlehtml/index.html", "epub/page.xhtml"])
def questions(request, built):
    text = (built / request.param).read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser").select(".question")


# --- The page ------------------------------------------------------------------------------------


def test_each_question_is_a_group_with_a_name_of_its_own(questions):
    assert [group["role"] for group in questions] == ["group", "group"]
    titles = [group.find(id=group["aria-labelledby"]).text for group in questions]
    assert titles == ["Quick check 1", "Quick check 2"]


def test_one_choice_of_a_question_is_open_at_a_time(questions):
    names = [{choice["name"] for choice in group.select("details")} for group in questions]
    assert names == [{"page-question-1"}, {"page-question-2"}]


def test_the_question_stands_before_its_choices(questions):
    tags = [[child.name for child in group.find_all(recursive=False)] for group in questions]
    assert tags == [["p", "p", "details", "details"], ["p", "p", "div", "details", "details"]]


def test_a_summary_holds_the_choice_with_its_formula_and_code(questions):
    first, second = questions[0].select("summary")
    assert [tag.name for tag in first.find_all(recursive=False)] == ["span", "code", "em", "strong"]
    assert first.text == r"A. \(a<b\) & x < 1, not that"
    assert second.text == "B. two"


def test_the_feedback_begins_with_the_verdict(questions):
    texts = [details.find("p").text.strip() for details in questions[0].select("details")]
    assert texts == ["Not quite. The bias is missing.", r"Right. \(2 - 1 + 1 = 2\)."]
    assert questions[0].select("details")[1].find_all("p")[1].text == "And so on."
    marks = [strong["class"] for strong in questions[0].select("details p strong")]
    assert marks == [["choice-wrong"], ["choice-right"]]
    verdict, code = questions[1].select("details")[0].find_all(["p", "pre"])
    assert (verdict.text.strip(), code.text.strip()) == ("Right.", "x == 1")


def test_nothing_shown_or_read_aloud_tells_the_right_choice(questions):
    for group in questions:
        attributes = [choice.attrs for choice in group.select("details")]
        assert attributes == [{"class": ["choice"], "name": group["id"]}] * 2
        assert [choice.attrs for choice in group.select("summary")] == [{}, {}]
        for choice in group.select("details"):
            choice = BeautifulSoup(str(choice), "html.parser").details
            for feedback in choice.find_all(recursive=False)[1:]:
                feedback.extract()
            assert not re.search(r"right|quite|wrong|\[", str(choice), re.I)


def test_no_script(questions):
    assert not [tag for group in questions for tag in group.select("script, [onclick], button")]


# --- The notebook --------------------------------------------------------------------------------

MARKDOWN = {
    "title and question": "**Quick check 1**\n\nWhat is $z$?\n\n<details>",
    "choice": "<details>\n<summary>A. $a\\lt b$ &amp; <code>x &lt; 1</code>, <em>not</em> "
    "<strong>that</strong></summary>\n\n**Not quite.** The bias is *missing*.\n\n</details>",
    "feedback": "<summary>B. two</summary>\n\n**Right.** $2 - 1 + 1 = 2$.\n\nAnd so on.\n\n",
    "code": "**Quick check 2**\n\nWhat does this do?\n\n```python\nx = 1\n```\n\n<details>\n"
    "<summary>A. It sets <code>x</code>.</summary>\n\n**Right.**\n\n```python\nx == 1\n```\n\n",
}


@pytest.fixture
def notebook(built):
    cells = nbformat.read(built / "notebooks" / "page.ipynb", as_version=4).cells
    return "\n\n".join(cell.source for cell in cells)


@pytest.mark.parametrize("part", MARKDOWN)
def test_the_notebook_asks_the_same(notebook, part):
    assert MARKDOWN[part] in notebook


# --- Errors --------------------------------------------------------------------------------------

GOOD = "- [x] a\n\n  A.\n- [ ] b\n\n  B.\n"
HELP = "expected a question, then one list of choices"
MARK = "expected a choice after [x] or [ ]"
WRONG = {
    "empty": ("", f"{HELP}, got nothing"),
    "no_list": ("Why?\n", f"{HELP}, got paragraph"),
    "no_question": (GOOD, f"{HELP}, got bullet_list"),
    "after": (f"Why?\n\n{GOOD}\nEnd.\n", f"{HELP}, got paragraph, bullet_list, paragraph"),
    "two_lists": (f"Why?\n\n* [x] c\n\n{GOOD}", f"{HELP}, got paragraph, bullet_list, bullet"),
    "one_choice": ("Why?\n\n- [x] a\n\n  A.\n", "expected two or more choices, got 1"),
    "none_right": (f"Why?\n\n{GOOD.replace('x', ' ')}", "expected one choice marked [x], got 0"),
    "two_right": (f"Why?\n\n{GOOD.replace('[ ]', '[x]')}", "expected one choice marked [x], got 2"),
    "no_feedback": ("Why?\n\n- [x] a\n- [ ] b\n\n  B.\n", "the choice 'a' has no feedback"),
    "unknown_mark": (f"Why?\n\n{GOOD.replace('x', 'X')}", f"{MARK}, got '[X] a"),
    "no_mark": (f"Why?\n\n{GOOD}- c\n\n  C.\n", f"{MARK}, got 'c"),
    "no_text": (f"Why?\n\n{GOOD}- [ ]\n\n  C.\n", f"{MARK}, got '[ ]"),
    "code": (f"Why?\n\n{GOOD}- ```\n  [ ] c\n  ```\n", f"{MARK}, got '[ ] c"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What Sphinx tells about each wrong question."""
    pages = {name: f"# Page\n\n:::{{question}}\n{body}:::\n" for name, (body, _) in WRONG.items()}
    code, text = build(tmp_path_factory.mktemp("wrong"), "html", **pages)
    assert code == 1
    return [line for line in text.splitlines() if re.search("WARNING|ERROR", line)]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_form_is_told_with_file_and_line(told, name):
    lines = [line for line in told if f"{name}.md:" in line]
    assert len(lines) == 1
    assert f"{name}.md:3: " in lines[0]
    assert f"question: {WRONG[name][1]}" in lines[0]
