"""Exercises that check themselves: a function in, a verdict in words out.

``check("backprop-two-layer", my_backward)`` names the mistake where it knows it.

Chapter: :doc:`/exercises`.
"""

from nnbook.exercises.checker import Result, check, hint, names, solution
from nnbook.exercises.registry import EXERCISES

__all__ = ["EXERCISES", "Result", "check", "hint", "names", "solution"]
