"""Check an answer, print the verdict, give hints and solutions.

Chapter: :doc:`/exercises`.
"""

import inspect
import os
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import fill

import numpy as np

from nnbook.exercises.registry import EXERCISES
from nnbook.exercises.runner import run
from nnbook.exercises.verdict import diagnose, errors, recognise
from nnbook.origin import install_record


@dataclass(frozen=True)
class Result:
    """A verdict.

    Parameters
    ----------
    passed : bool
        Whether the answers agree with the reference.
    message : str
        What :func:`check` printed.
    misconception : str or None
        The name of the known mistake, where one was recognised.
    error : float
        The largest relative difference from the reference; infinity where an answer is missing.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    passed: bool
    message: str
    misconception: str | None
    error: float

    def _ipython_display_(self):
        """Show nothing in a notebook: the verdict is printed already."""


def names():
    """Return the names of all exercises, in the order of the chapters.

    Returns
    -------
    list of str

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return list(EXERCISES)


def check(name, function, rng=None):
    """Run a function on an exercise's inputs, print the verdict and return it.

    Nothing but the function is executed, on copies of the inputs and for ten seconds at most.
    Whatever it returns or raises, there is a verdict.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    function : callable
        Your answer.
    rng : numpy.random.Generator, int or None, default None
        Source of the random inputs.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If there is no such exercise.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    exercise = _find(name)
    with np.errstate(all="ignore"):  # an answer may be as large as a float can be
        result = _judge(exercise, function, np.random.default_rng(rng))
    print(result.message)
    return result


def hint(name, number=1):
    """Print a hint; higher numbers say more.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    number : int, default 1
        Which one.

    Raises
    ------
    ValueError
        If there is no such exercise or no such hint.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    hints = _find(name).hints
    if number not in range(1, len(hints) + 1):
        raise ValueError(f"number is {number!r}, expected 1 to {len(hints)}")
    more = f'hint("{name}", {number + 1})' if number < len(hints) else f'solution("{name}")'
    print(f"{hints[number - 1]}\nMore: {more}")


def solution(name):
    """Print the worked solution's code.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    print(inspect.getsource(_find(name).solution))


def _find(name):
    if isinstance(name, str) and name in EXERCISES:
        return EXERCISES[name]
    close = get_close_matches(str(name), EXERCISES, n=3) or names()
    raise ValueError(f"name is {name!r}, expected one of names(), such as {', '.join(close)}")


def _judge(exercise, function, rng):
    if not callable(function):
        got = type(function).__name__
        return _not_yet(f"function is of type {got}. Pass your function, without calling it.")
    try:
        cases = exercise.cases(rng)
    except ImportError as error:  # its message says what is missing and how to install it
        return _not_yet(str(error))
    outcomes = run(function, exercise, cases)
    right = run(exercise.solution, exercise, cases)
    found = [max(errors(*each, exercise)) for each in zip(outcomes, right, cases, strict=True)]
    if max(found) < exercise.tolerance:
        precision = f"to {max(found):.0e}" if max(found) else "exactly"
        agreed = f"agrees with the reference on {len(cases)} inputs, {precision}"
        return Result(True, f"Right: {exercise.name} {agreed}.", None, max(found))
    if known := recognise(outcomes, cases, exercise):
        said = f"{known.says}\nRead: {_address(known.see)}"
        return _not_yet(said, max(found), known.name)
    first = next(i for i, error in enumerate(found) if error >= exercise.tolerance)
    said = diagnose(outcomes[first], right[first], cases[first], exercise)
    return _not_yet(f'{said}\nHelp: hint("{exercise.name}")', max(found))


def _not_yet(message, error=float("inf"), misconception=None):
    start = f"Not yet ({misconception}):" if misconception else "Not yet:"
    lines = f"{start} {message}".splitlines()
    wrapped = [fill(line, 78, break_long_words=False, break_on_hyphens=False) for line in lines]
    return Result(False, "\n".join(wrapped), misconception, error)


def _address(see):
    """Return where a paragraph is on the site that this package was installed from, if known."""
    page, _, anchor = see.partition("#")
    return f"{_site()}{page}.html#{anchor}"


def _site():
    """Return the address of the book; "" in a clone, where only the page's name is known."""
    if site := os.environ.get("NNBOOK_SITE"):
        return site.rstrip("/") + "/"
    host, _, path = install_record().get("url", "").removesuffix(".git").partition("github.com/")
    owner, _, repository = path.partition("/")
    if not host or not repository:
        return ""
    pages = f"{owner.lower()}.github.io"
    return f"https://{pages}/" if repository.lower() == pages else f"https://{pages}/{repository}/"
