"""All that a mouse can do, a keyboard can: in a sensible order, and with the focus seen."""

import pytest

PHONE = {"width": 390, "height": 844}

# Number all that Tab has to reach, in the order of the page.
REACHABLE = """() => Array.from(document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex='0']"))
  .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}))
  .map((e, i) => { e.dataset.stop = i; return e.outerHTML.slice(0, 120); })"""
# The focused element, and what a reader sees of it.
FOCUSED = """parts => {
  const element = document.activeElement, style = getComputedStyle(element);
  let opacity = 1;
  for (let e = element; e; e = e.parentElement) opacity *= getComputedStyle(e).opacity;
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1;
  return {
    stop: Number(element.dataset.stop ?? -1),
    name: element.outerHTML.slice(0, 120),
    seen: opacity > 0.5 && (outlined || / 0px 0px 0px 3px/.test(style.boxShadow)),
    part: parts.find(part => element.closest(part)),
  };
}"""
PARTS = [
    "#pst-skip-link",
    "#pst-primary-sidebar",
    ".bd-header-article",
    ".bd-article",
    ".prev-next-footer",
    "#pst-secondary-sidebar",
    ".bd-footer-content",
]


def tab_through(page):
    """Number what Tab has to reach, press Tab until the page is left, and return both lists."""
    reachable = page.evaluate(REACHABLE)
    steps = []
    while len(steps) <= len(reachable):
        page.keyboard.press("Tab")
        step = page.evaluate(FOCUSED, PARTS)
        if step["stop"] == -1 or (steps and step["stop"] == 0):
            break
        steps.append(step)
    return reachable, steps


def focus_by_tab(page, selector):
    """Press Tab until the element has the focus, as a reader would."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"Tab does not reach {selector}")


def has_focus(page, selector):
    return page.evaluate("s => !!document.activeElement.closest(s)", selector)


@pytest.mark.parametrize("name", ["status", "neuron"])
def test_tab_reaches_everything_once_in_order_and_visibly(page, name):
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/{name}.html", wait_until="networkidle")

    reachable, steps = tab_through(page)

    assert [step["stop"] for step in steps] == list(range(len(reachable)))
    assert [step["name"] for step in steps if not step["seen"]] == []
    parts = list(dict.fromkeys(step["part"] for step in steps))
    assert parts == [part for part in PARTS if part in parts]
    assert set(PARTS[:4]) <= set(parts)


def test_skip_link_leads_past_the_contents(page):
    page.goto("/neuron.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.url.endswith("#main-content")
    assert has_focus(page, "#main-content")


def test_search_opens_and_closes_by_keyboard_and_finds(page):
    page.goto("/neuron.html")
    focus_by_tab(page, ".search-button-field")
    page.keyboard.press("Enter")
    assert has_focus(page, "#pst-search-dialog[open] input")
    page.keyboard.press("Escape")
    assert has_focus(page, ".search-button-field")

    page.keyboard.press("Control+K")
    page.keyboard.type("sigmoid")
    page.keyboard.press("Enter")

    page.wait_for_url("**/search.html?q=sigmoid*")
    page.locator("#search-results a").first.wait_for()


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_drawer_of_a_phone_keeps_the_focus_until_escape(page, side):
    page.set_viewport_size(PHONE)
    page.goto("/neuron.html")
    drawer = f"#pst-{side}-sidebar-modal"
    focus_by_tab(page, f".{side}-toggle")

    page.keyboard.press("Enter")
    page.locator(f"{drawer}[open]").wait_for()
    for _ in range(3):
        page.keyboard.press("Tab")
        assert has_focus(page, drawer)
    page.keyboard.press("Escape")

    page.wait_for_function("s => document.activeElement.matches(s)", arg=f".{side}-toggle")


def test_drawer_leads_to_another_page(page):
    page.set_viewport_size(PHONE)
    page.goto("/neuron.html")
    page.locator(".primary-toggle").click()
    page.locator("#pst-primary-sidebar-modal a[href='activations.html']").click()

    page.wait_for_url("**/activations.html")


def test_theme_switch_works_by_keyboard_and_is_kept(page):
    page.emulate_media(color_scheme="light")
    page.goto("/neuron.html")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    focus_by_tab(page, ".theme-switch-button")
    for _ in range(3):
        page.keyboard.press("Enter")
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(background) != light
    page.goto("/activations.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_menus_open_and_close_by_keyboard(page):
    page.goto("/neuron.html")
    focus_by_tab(page, ".dropdown-download-buttons > button")
    page.keyboard.press("Enter")
    page.locator(".dropdown-menu.show").wait_for()
    page.keyboard.press("ArrowDown")
    assert has_focus(page, ".dropdown-menu.show a")

    page.keyboard.press("Escape")

    page.locator(".dropdown-menu.show").wait_for(state="detached")
    assert has_focus(page, ".dropdown-download-buttons > button")


def test_copy_button_copies_the_code(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
    page.goto("/neuron.html")
    focus_by_tab(page, "button.copybtn")
    page.keyboard.press("Enter")
    page.locator("button.copybtn.success").wait_for()

    code = page.locator("div.cell_input pre").first.inner_text()
    assert page.evaluate("navigator.clipboard.readText()").strip() == code.strip()


def test_folded_solution_opens_by_keyboard(page):
    page.goto("/neuron.html")
    fold = page.locator("details.solution").first
    focus_by_tab(page, "details.solution > summary")
    assert not fold.locator("p").first.is_visible()

    page.keyboard.press("Enter")

    assert fold.locator("p").first.is_visible()
