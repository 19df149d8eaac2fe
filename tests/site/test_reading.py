"""Reading a chapter: formulas, quick checks, the way on, and all of it where no script runs."""

import re

import pytest

# It reads the contents with what the extra "book" installs.
read_order = pytest.importorskip("join_pages", reason="the book is not installed").read_order

TYPESET = """async () => {
  await document.fonts.ready;
  const fonts = ["16px KaTeX_Main", "italic 16px KaTeX_Math"];
  return Array.from(document.querySelectorAll(".math"), box => ({
    tex: box.querySelector("annotation").textContent,
    drawn: box.querySelector(".katex-html").getBoundingClientRect().width > 0,
    font: fonts.every(font => document.fonts.check(font)),
  }));
}"""


@pytest.mark.parametrize("name", ["neuron", "backpropagation", "notation"])
def test_formulas_are_typeset(page, name):
    page.goto(f"/{name}.html")
    formulas = page.evaluate(TYPESET)

    assert len(formulas) > 30
    assert [formula for formula in formulas if not (formula["drawn"] and formula["font"])] == []


@pytest.fixture(params=["light", "dark"])
def scriptless(request, browser, server):
    """A page on which no script runs, on a system in light or dark mode."""
    mode = {"color_scheme": request.param, "java_script_enabled": False}
    context = browser.new_context(base_url=server, **mode)
    yield context.new_page()
    context.close()


def test_without_scripts_nothing_is_missing(scriptless):
    scriptless.goto("/neuron.html")
    seen = ("h1", "pre", "div.math", "figure", "figcaption", "summary")
    kinds = ", ".join(f"article {kind}:not(details *:not(summary))" for kind in seen)
    found = scriptless.locator(kinds)
    hidden = [box.text_content() for box in found.all() if not box.is_visible()]

    assert found.count() > 40
    assert hidden == []


def test_without_scripts_code_is_highlighted_on_a_light_ground(scriptless):
    scriptless.goto("/neuron.html")
    colors = [
        scriptless.locator(selector).first.evaluate(f"e => getComputedStyle(e).{style}")
        for selector, style in (
            (".highlight .kn", "color"),
            (".highlight .n", "color"),
            (".cell_input pre", "backgroundColor"),
        )
    ]

    assert colors[0] != colors[1]
    assert sum(map(int, re.findall(r"\d+", colors[2])[:3])) > 600


def test_without_scripts_a_choice_opens_and_explains_itself(scriptless):
    scriptless.goto("/neuron.html")
    choice = scriptless.locator("details.choice").first
    feedback = choice.locator("p").first
    assert not feedback.is_visible()
    choice.locator("summary").click()

    assert feedback.is_visible()
    assert feedback.text_content().startswith(("Right. ", "Not quite. "))


def test_without_scripts_a_solution_opens(scriptless):
    scriptless.goto("/neuron.html")
    fold = scriptless.locator("details.solution").first
    assert not fold.locator("p").first.is_visible()
    fold.locator("summary").click()

    assert fold.locator("p").first.is_visible()
    assert scriptless.url.endswith("/neuron.html")


@pytest.mark.parametrize("width", [1300, 390])
def test_wide_equation_scrolls_in_its_box_by_arrow_keys(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/neuron.html")
    box = page.locator(".katex-display").first
    assert box.get_attribute("tabindex") is None

    box.evaluate("box => { box.innerHTML = '<div style=\"width: 3000px\">wide</div>' }")
    page.set_viewport_size({"width": width - 1, "height": 844})
    page.locator(".katex-display[tabindex='0']").wait_for()
    box.focus()
    page.keyboard.press("ArrowRight")

    page.wait_for_function("document.querySelector('.katex-display').scrollLeft > 0")
    assert page.evaluate("document.documentElement.scrollWidth") == width - 1


@pytest.mark.parametrize(("name", "verdict"), [("choice-right", "Right."), ("choice-wrong", "Not")])
def test_quick_check_explains_the_choice_of_a_key(page, name, verdict):
    page.goto("/neuron.html")
    choice = page.locator(f".question details:has(.{name})").first
    choice.locator("summary").focus()
    page.keyboard.press("Enter")

    assert choice.locator("p").first.is_visible()
    assert choice.locator("p").first.inner_text().startswith(verdict)


def test_next_and_previous_follow_the_contents(page):
    chapters = [name for _, name in read_order()]
    page.goto(f"/{chapters[0]}.html")
    for name in chapters[1:]:
        page.locator("a.right-next").click()
        page.wait_for_url(f"**/{name}.html")
    for name in reversed(chapters[:-1]):
        page.locator("a.left-prev").click()
        page.wait_for_url(f"**/{name}.html")


@pytest.mark.parametrize("number", ["Fig. 1.", "(1."])
def test_cross_references_are_numbers(page, number):
    page.goto("/neuron.html")

    assert page.locator("article p a.reference.internal", has_text=number).count() > 0
