"""A reader steps through the optimizers' paths, with the mouse and with the arrow keys."""

VISIBLE = "name => getComputedStyle(document.querySelector(`.stepper ${name}`)).visibility"


def test_the_path_is_shown_up_to_the_chosen_stop(page):
    page.goto("/optimization.html")
    stepper = page.locator(".stepper")
    assert page.evaluate(VISIBLE, ".at-80") == "visible"
    stepper.locator("input[value='4']").check()
    assert page.evaluate(VISIBLE, ".at-4") == "visible"
    assert page.evaluate(VISIBLE, ".at-5") == "hidden"
    told = stepper.locator("[aria-live]")
    assert told.inner_text().startswith("Height after 4 steps")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(VISIBLE, ".at-5") == "visible"
    assert told.inner_text().startswith("Height after 5 steps")
