"""A chapter shows its formulas, and all of its content where no script runs."""

import re

import pytest

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
    content = "h1, pre:not(details pre), div.math, article figure, .solution p, .question summary, figcaption"
    found = scriptless.locator(content)
    hidden = [box.text_content() for box in found.all() if not box.is_visible()]

    assert found.count() > 50
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
