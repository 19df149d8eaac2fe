"""The checker itself, on an exercise made for it."""

import dataclasses
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from junk import NOT_CALLABLE

from nnbook import exercises
from nnbook.exercises import check, hint, solution
from nnbook.exercises.exercise import Exercise, Misconception, numbers


def sum_and_outer(x, y):
    return x.sum(), np.outer(x, y)


def cases(rng):
    vectors = np.array([1.0, -2.0, 4.0]), np.array([3.0, 0.5])
    return [vectors, *((rng.normal(size=n), rng.normal(size=n)) for n in (2, 3, 3))]


EXAMPLE = Exercise(
    name="example",
    page="neuron",
    solution=sum_and_outer,
    returns=("s", "P"),
    cases=cases,
    hints=("Look.", "Look closer."),
    misconceptions=(
        Misconception(
            "outer-transposed", lambda x, y: (x.sum(), np.outer(y, x)), "Swapped.", "neuron#top"
        ),
        Misconception(
            "inner", lambda x, y: (x.sum(), np.full((len(x), len(x)), x @ y)), "Inner.", "neuron#b"
        ),
    ),
)


@pytest.fixture(autouse=True)
def example(monkeypatch):
    monkeypatch.setitem(exercises.EXERCISES, "example", EXAMPLE)


def verdict(function):
    return check("example", function, rng=0)


def test_right_with_the_error_reached(capsys):
    result = verdict(lambda x, y: (float(x.sum() * (1 + 1e-9)), np.outer(x, y).tolist()))
    assert result.passed
    assert result.misconception is None
    assert 1e-10 < result.error < 1e-8
    assert result.message == "Right: example agrees with the reference on 4 inputs, to 1e-09."
    assert capsys.readouterr().out == result.message + "\n"


def test_a_result_shows_nothing_more_in_a_notebook():
    assert verdict(sum_and_outer)._ipython_display_() is None


def test_float32_answers_pass():
    assert verdict(lambda x, y: (np.float32(x.sum()), np.outer(x, y).astype("float32"))).passed


def test_a_number_may_be_an_array_of_one_entry():
    assert verdict(lambda x, y: (x.sum(keepdims=True), np.outer(x, y))).passed


def test_a_small_error_is_an_error():
    result = verdict(lambda x, y: (x.sum() * (1 + 1e-5), np.outer(x, y)))
    assert not result.passed
    assert "P is right, but s is 3.00003, expected 3" in result.message


def test_a_known_mistake_may_raise_on_some_inputs_if_the_known_answer_does():
    # x @ y fails on the first input, whose vectors differ in length, and answers on the others.
    result = verdict(lambda x, y: (x.sum(), np.ones((len(x), 1)) * (x @ y) * np.ones(len(x))))
    assert result.misconception == "inner"


def test_an_error_alone_is_no_known_mistake():
    def fails(x, y):
        raise ValueError("nothing works")

    result = verdict(fails)
    assert result.misconception is None
    assert "it raised ValueError: nothing works" in result.message


def test_an_error_comes_with_the_line_of_the_learner():
    def helper(x):
        return np.linalg.inv(x)

    def mine(x, y):
        return helper(x)

    line = helper.__code__.co_firstlineno + 1
    result = verdict(mine)
    assert "it raised LinAlgError: " in result.message
    assert f"  line {line}: return np.linalg.inv(x)" in result.message


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x, y: None, "it returned None"),
        (lambda x, y: ..., "it returned one ellipsis, expected 2: s, P"),
        (lambda x, y: 3, "it returned one int, expected 2: s, P"),
        (lambda x, y: (1, 2, 3), "it returned 3 values, expected 2: s, P"),
        (lambda x, y: (None, 2), "s is None, expected a number or an array"),
        (lambda x, y: ("3", 2), "s is a str, expected real numbers"),
        (lambda x, y: (1j, 2), "s is a complex, expected real numbers"),
        (lambda x, y: (3, [[1], [2, 3]]), "P is no rectangular array"),
        (lambda x, y: (x.sum(), np.outer(x, y).T), "it is the transpose"),
        (lambda x, y: (x.sum(), -np.outer(x, y)), "P is -1 times the right answer"),
        (lambda x, y: (x.sum(), np.outer(x, y)[0]), "has the shape (2,), expected (3, 2)"),
        (lambda x, y: (x.sum(), np.outer(x, y) * np.nan), "s is right, but P holds nan"),
        (lambda x, y: (x.sum(), np.outer(x, y) / 0), "s is right, but P holds inf"),
        (lambda x, y: (x.sum() + 1, np.outer(x, y)), "s is 4, expected 3"),
        (
            lambda x, y: (x.sum(), np.outer(x, y) + np.array([0, 1])),
            "P is 1.5 at [0, 1], expected 0.5",
        ),
        (lambda x: 3, "It is called with (x, y)."),
    ],
    ids=range(16),
)
def test_what_is_wrong_is_said(function, said):
    result = check("example", function, rng=0)
    if "transpose" in said:
        assert result.misconception == "outer-transposed"
    else:
        assert said in result.message, result.message
        assert result.misconception is None
    assert not result.passed


def test_right_values_in_another_order_are_told():
    result = verdict(lambda x, y: (np.outer(x, y), x.sum()))
    assert "the values are right, but not in this order: s, P\n" in result.message


def test_what_is_tiny_is_not_taken_for_a_mistake_that_gives_zero(monkeypatch):
    tiny = replace(
        EXAMPLE,
        returns=("s",),
        solution=lambda n: n * 1e-200,
        cases=lambda rng: [(n,) for n in (1.0, 2.0)],
        misconceptions=(Misconception("zero", lambda n: 0.0, "Zero.", "neuron#z"),),
    )
    monkeypatch.setitem(exercises.EXERCISES, "example", tiny)
    assert verdict(lambda n: 0.0).misconception == "zero"
    assert verdict(lambda n: n * 1e-100).misconception is None


def test_an_argument_changed_by_rounding_alone_is_told_so():
    def answer(x, y):
        for step in (0.1, -0.2, 0.1):
            x += step
        return x.sum(), np.outer(x, y)

    assert "in the last digits" in verdict(answer).message


def test_several_numbers_may_come_as_an_array(monkeypatch):
    both = replace(
        EXAMPLE,
        solution=lambda x, y: (x.sum(), y.sum()),
        misconceptions=(),
        read=numbers,
    )
    monkeypatch.setitem(exercises.EXERCISES, "example", both)
    assert verdict(lambda x, y: np.array([x.sum(), y.sum()])).passed
    assert "expected 2" in verdict(lambda x, y: np.array([x.sum()])).message
    assert "expected 2" in verdict(lambda x, y: x.sum()).message


def test_an_answer_as_large_as_a_float_can_be_warns_of_nothing():
    result = verdict(lambda x, y: (-1e308 * np.sign(x.sum()), 1e308 * np.outer(x, y)))
    assert not result.passed


@pytest.mark.parametrize("name", ["the measured result", "the maximum"])
def test_what_is_measured_is_compared_instead(monkeypatch, name):
    def measure(case, s, P):
        return P.max() if name == "the measured result" else {name: P.max()}

    monkeypatch.setitem(exercises.EXERCISES, "example", replace(EXAMPLE, measure=measure))
    assert verdict(lambda x, y: (0, np.outer(x, y))).passed
    result = verdict(lambda x, y: (0, 2 * np.outer(x, y)))
    assert result.message.startswith(f"Not yet: {name} is 24, expected 12")


def test_a_generator_among_the_inputs_is_not_shown(monkeypatch):
    tripled = replace(
        EXAMPLE,
        returns=("s",),
        solution=lambda n, rng: 3 * n,
        cases=lambda rng: [(3, rng)],
        misconceptions=(),
    )
    monkeypatch.setitem(exercises.EXERCISES, "example", tripled)
    assert "\nfor n = 3\n" in verdict(lambda n, rng: 8).message


def test_short_inputs_are_shown():
    assert "for x = [ 1., -2.,  4.], y = [3. , 0.5]" in verdict(lambda x, y: (4, x)).message


@pytest.mark.parametrize("huge", [1.7e308, -1.7e308])
def test_a_huge_answer_gets_a_verdict_and_no_warning(huge):
    assert not verdict(lambda x, y: (huge, np.full((len(x), len(y)), huge))).passed


def test_an_answer_that_changes_its_argument_is_refused():
    def mine(x, y):
        x *= 1.5
        return x.sum() / 1.5, np.outer(x, y) / 1.5

    assert "it changes its argument x" in verdict(mine).message


@pytest.mark.parametrize("value", NOT_CALLABLE, ids=range(len(NOT_CALLABLE)))
def test_what_is_no_function_gets_a_verdict(value):
    result = verdict(value)
    assert not result.passed
    assert "Pass your function, without calling it." in result.message.replace("\n", " ")


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_endless_answer_is_stopped(monkeypatch, stubborn):
    monkeypatch.setattr("nnbook.exercises.runner.TIME_LIMIT", 0.2)
    before = threading.active_count()

    def endless(x, y):
        while True:
            pass

    def sleeps(x, y):
        time.sleep(1.5)

    result = verdict(sleeps if stubborn else endless)
    assert "it was still running after 0.2 seconds, and was stopped" in result.message
    assert "above the function, and restart the kernel" in result.message.replace("\n", " ")
    if not stubborn:
        assert threading.active_count() == before


def test_the_first_answers_count_even_if_a_later_one_is_endless(monkeypatch):
    monkeypatch.setattr("nnbook.exercises.runner.TIME_LIMIT", 0.2)

    def mine(x, y):
        while len(x) == 2:
            pass
        return x.sum(), -np.outer(x, y)

    assert "P is -1 times the right answer" in verdict(mine).message


def sizes(answer):
    if not isinstance(answer, list):
        raise TypeError("it returned no list")
    return [len(part) for part in answer]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x, y: [x, y], "Right"),
        (lambda x, y: [x, x], "Not yet: sizes is 3 at [1], expected 2"),
        (lambda x, y: 3, "Not yet: it returned no list"),
        (lambda x, y: None, "Not yet: it returned None"),
        (lambda x, y: [1, 2], "Not yet: object of type 'int' has no len()"),
    ],
    ids=range(5),
)
def test_an_exercise_may_read_answers_that_are_no_arrays(monkeypatch, function, said):
    changed = {"solution": lambda x, y: [x, y], "returns": ("sizes",), "read": sizes}
    unequal = {"cases": lambda rng: cases(rng)[:1], "misconceptions": ()}
    exercise = dataclasses.replace(EXAMPLE, **changed, **unequal)
    monkeypatch.setitem(exercises.EXERCISES, "example", exercise)
    assert verdict(function).message.startswith(said)


def test_a_missing_library_is_named(monkeypatch):
    def needs(rng):
        raise ImportError('PyTorch is missing: python -m pip install "nnbook[torch]"')

    monkeypatch.setitem(exercises.EXERCISES, "example", dataclasses.replace(EXAMPLE, cases=needs))
    result = verdict(sum_and_outer)
    assert not result.passed
    assert result.message == 'Not yet: PyTorch is missing: python -m pip install "nnbook[torch]"'


def test_a_learners_print_is_shown(capsys):
    verdict(lambda x, y: print("shape", x.shape))
    assert "shape (3,)" in capsys.readouterr().out


def test_global_warnings_are_as_before():
    with pytest.warns(RuntimeWarning, match="divide"):
        np.ones(1) / verdict(lambda x, y: (x.sum() / 0, np.outer(x, y))).passed


@pytest.mark.parametrize("ask", [hint, solution, lambda name: check(name, len)])
@pytest.mark.parametrize("name", ["xample", "", None, 3, ["example"]])
def test_an_unknown_name_is_refused(ask, name):
    with pytest.raises(ValueError, match="expected one of names"):
        ask(name)


def test_a_name_close_to_one_is_suggested():
    with pytest.raises(ValueError, match="such as example"):
        hint("xample")


@pytest.mark.parametrize("number", [0, 3, -1, "1", None])
def test_a_hint_that_does_not_exist_is_refused(number):
    with pytest.raises(ValueError, match="expected 1 to 2"):
        hint("example", number)


@pytest.mark.parametrize(
    ("site", "url", "start"),
    [
        (None, None, "Read: neuron.html#top"),
        (None, "file:///home/me/nnbook", "Read: neuron.html#top"),
        (None, "https://github.com/Someone/fork.git", "https://someone.github.io/fork/neuron.html"),
        (None, "https://github.com/me/me.github.io", "Read: https://me.github.io/neuron.html#top"),
        (None, "https://gitlab.com/me/nnbook", "Read: neuron.html#top"),
        ("https://example.org/nn", None, "https://example.org/nn/neuron.html#top"),
    ],
)
def test_the_link_leads_to_the_site_that_the_package_came_from(monkeypatch, site, url, start):
    class Installed:
        def read_text(self, name):
            return f'{{"url": "{url}"}}' if url else None

    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed())
    if site:
        monkeypatch.setenv("NNBOOK_SITE", site)
    assert start in verdict(lambda x, y: (x.sum(), np.outer(y, x))).message
