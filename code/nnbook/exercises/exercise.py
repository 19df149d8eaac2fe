"""What the checker knows about an exercise: its answer, its inputs and its known mistakes.

Chapter: :doc:`/exercises`.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np


def numbers(answer):
    """Return an array of several numbers as a tuple, and any other answer as it is.

    For the `read` of an exercise that wants several numbers.

    Parameters
    ----------
    answer : object

    Returns
    -------
    object

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return tuple(answer) if isinstance(answer, np.ndarray) and answer.ndim == 1 else answer


@dataclass(frozen=True)
class Misconception:
    """A known-wrong answer, and what to say to whoever gives it.

    Parameters
    ----------
    name : str
        Such as ``"bias-gradient-not-summed"``.
    wrong : callable
        The known-wrong answer; an answer that equals it on every input is recognised.
    says : str
        What is wrong and why, in a sentence or two.
    see : str
        The page and the anchor of the paragraph that explains it, such as
        ``"backpropagation#every-gradient-of-the-network"``.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    name: str
    wrong: Callable
    says: str
    see: str


@dataclass(frozen=True)
class Exercise:
    """A function to write, and what it takes to check it.

    Parameters
    ----------
    name : str
        Such as ``"backprop-two-layer"``.
    page : str
        The chapter that sets it.
    solution : callable
        The tested reference. Its parameters are those that the learner's function gets.
    returns : tuple of str
        What it returns, by name; one name for a single number or array.
    cases : callable
        Makes a list of argument tuples from a generator: fixed inputs first, then random ones.
    hints : tuple of str
        From the gentlest to the plainest.
    misconceptions : tuple of Misconception
        No two of them give the same answers.
    tolerance : float, default 1e-6
        The largest difference from the reference, relative to its largest entry.
    measure : callable or None
        For answers that may differ, such as random ones: computes from the arguments, as a tuple,
        and the parts of the answer what is compared instead: numbers, or a dict that names them.
    read : callable or None
        For answers that are no arrays, such as a list of mini-batches: makes the parts named in
        `returns` of the answer. Where it cannot, it raises a TypeError or ValueError worded to
        follow the function's name.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    name: str
    page: str
    solution: Callable
    returns: tuple[str, ...]
    cases: Callable
    hints: tuple[str, ...]
    misconceptions: tuple[Misconception, ...]
    tolerance: float = 1e-6
    measure: Callable | None = None
    read: Callable | None = None

    @cached_property
    def parameters(self):
        """The names of the arguments."""
        return tuple(inspect.signature(self.solution).parameters)
