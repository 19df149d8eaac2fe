"""Every exercise: its solution is right, its known mistakes are named, junk is survived."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from junk import FIXED, random_answer

from nnbook.exercises import EXERCISES, check, hint, names, solution

BOOK = Path(__file__).parents[2] / "book"
MISTAKES = [(e, m) for e in EXERCISES.values() for m in e.misconceptions]

each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.name)
each_mistake = pytest.mark.parametrize(
    ("exercise", "mistake"), MISTAKES, ids=[f"{e.name}-{m.name}" for e, m in MISTAKES]
)


@pytest.fixture(autouse=True)
def installed(request):
    """Skip an exercise whose framework is missing."""
    parameters = getattr(request.node, "callspec", None)
    if exercise := parameters and parameters.params.get("exercise"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a framework warns of at its import is not ours
            try:
                exercise.cases(np.random.default_rng(0))
            except ImportError as error:
                pytest.skip(str(error))


@each_exercise
@pytest.mark.parametrize("seed", range(5))
def test_the_solution_is_right(exercise, seed):
    result = check(exercise.name, exercise.solution, rng=seed)
    assert result.passed, result.message
    assert result.error < exercise.tolerance
    assert result.message.startswith(f"Right: {exercise.name}")


@each_mistake
@pytest.mark.parametrize("seed", range(5))
def test_a_known_mistake_is_named(exercise, mistake, seed):
    result = check(exercise.name, mistake.wrong, rng=seed)
    assert not result.passed
    assert result.misconception == mistake.name
    assert result.message.startswith(f"Not yet ({mistake.name}): ")
    assert " ".join(mistake.says.split()) in " ".join(result.message.split())
    assert mistake.see.replace("#", ".html#") in result.message


def anchors(page):
    """Return the anchors that a page's headings and labels make."""
    text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    slugs = {re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in headings}
    return slugs | {*re.findall(r"^\(([\w-]+)\)=$", text, re.M)}


@each_mistake
def test_the_paragraph_that_a_mistake_links_exists(exercise, mistake):
    page, _, anchor = mistake.see.partition("#")
    assert anchor in anchors(page), f"{mistake.see}, one of {sorted(anchors(page))}"


@each_exercise
def test_names_are_plain_and_mistakes_are_named_once(exercise):
    mistakes = [mistake.name for mistake in exercise.misconceptions]
    assert len(mistakes) == len({*mistakes}) >= 2
    for name in (exercise.name, *mistakes):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)


@each_exercise
def test_hints_lead_to_the_solution(exercise, capsys):
    for number, text in enumerate(exercise.hints, 1):
        hint(exercise.name, number)
        said = capsys.readouterr().out
        assert text in said
        following = f'hint("{exercise.name}", {number + 1})'
        assert (following in said) == (number < len(exercise.hints))
    assert f'solution("{exercise.name}")' in said
    solution(exercise.name)
    assert f"def {exercise.solution.__name__}(" in capsys.readouterr().out


def written(cases):
    """Return the cases as text; a generator's address in memory tells nothing."""
    return re.sub(r" at 0x\w+", "", repr(cases))


@each_exercise
def test_inputs_are_random_after_the_fixed_ones(exercise):
    first, again, other = (exercise.cases(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert len(first) == len(again) == len(other) >= 3
    assert written(first) == written(again) != written(other)


# So many random answers that all exercises together get more than a thousand.
RANDOM = -(-1000 // len(EXERCISES))


@each_exercise
def test_junk_is_survived_and_never_right(exercise, monkeypatch, capsys):
    monkeypatch.setattr("nnbook.exercises.runner.TIME_LIMIT", 2)
    rng = np.random.default_rng(0)
    for junk in [*FIXED, *(random_answer(exercise, rng) for _ in range(RANDOM))]:
        result = check(exercise.name, junk, rng=0)
        assert result.passed is False
        assert result.message.startswith("Not yet")
        assert capsys.readouterr().out.endswith(result.message + "\n")


def test_there_are_as_many_exercises_as_the_book_promises():
    assert names() == list(EXERCISES)
    assert len(names()) >= 2
