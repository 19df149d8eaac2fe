"""The built pages and the checker know each other: links, verdicts, folded solutions."""

from test_pages import read

from nnbook.exercises import EXERCISES


def test_each_known_mistake_links_a_paragraph_that_is_there(site):
    wanted = {m.see for e in EXERCISES.values() for m in e.misconceptions}
    pages = {page: {*read(site / f"{page}.html").ids} for page in {s.split("#")[0] for s in wanted}}
    missing = [see for see in wanted if see.split("#")[1] not in pages[see.split("#")[0]]]
    assert not missing


def test_a_verdict_stands_on_the_page(page):
    page.goto("/exercises.html")
    verdict = page.get_by_text("Not yet (mean-missing): The 1/m is missing")
    assert verdict.is_visible()
    assert page.get_by_text("Right: softmax-gradient agrees with the reference").is_visible()


def test_an_executed_solution_opens_by_keyboard(page):
    page.goto("/activation-comparison.html")
    summary = page.locator("details.solution > summary").last
    output = page.locator("details.solution").last.locator(".cell_output").last
    assert not output.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert output.is_visible()
