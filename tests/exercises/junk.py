"""Answers that mean nothing: none may crash the checker, and none may be called right."""

import functools
import inspect

import numpy as np


class Nasty:
    """Raises wherever Python lets it."""

    def __getattr__(self, name):
        raise RuntimeError(f"no {name} here")

    def __repr__(self):
        raise RuntimeError("no repr here")

    __array__ = __len__ = __iter__ = __eq__ = __bool__ = __float__ = __repr__
    __hash__ = None


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no message here")


def raises(error):
    def junk(*arguments):
        raise error

    return junk


def returns(value):
    return lambda *arguments: value


def recursive(*arguments):
    return recursive(*arguments)


def generator(*arguments):
    yield from arguments


class Callable:
    def __call__(self, *arguments):
        return arguments


CONSTANTS = [
    *(None, True, 0, 1, -1, 0.5, 1e308, float("nan"), float("inf"), 1j, 10**400),
    *("", "right", b"right", [], (), {}, set(), [[]], [None], [1, [2, 3]], ["a"], range(3)),
    *(object(), Nasty(), int, len, ..., NotImplemented, lambda: 0, (x for x in "abc")),
    *(np.array([]), np.array(None), np.array(["a"]), np.array([1j]), np.zeros((0, 3)), np.nan),
    *(np.datetime64("2020-01-01"), np.ma.masked, np.zeros(10**6)),
    *(memoryview(b"abc"), slice(3), type, Exception("returned, not raised"), (None,) * 4),
    *(tuple("abcd"), [Nasty()] * 4, ([1], [1, 2], [[3], 4], 5), {"dW1": 1}),
]
ERRORS = [
    *(ValueError("bad"), KeyError("missing"), SystemExit(3), SystemExit(), KeyboardInterrupt()),
    *(GeneratorExit(), StopIteration(), MemoryError(), BaseException("base"), UnprintableError()),
    *(RecursionError(), ExceptionGroup("two", [ValueError(), TypeError()]), AssertionError()),
    *(UnicodeDecodeError("utf-8", b"a", 0, 1, "no"), NotImplementedError, Warning("warned")),
]
CALLABLES = [
    *(recursive, generator, Callable(), Nasty, print, len, sum, max, sorted, np.add, np.sum),
    *(np.array, np.linalg.inv, dict, list, tuple, str, type, object, lambda: 1, lambda x: x),
    *(functools.partial(pow, 2), inspect.signature, np.random.default_rng, iter, id, hash),
]
FIXED = [*map(returns, CONSTANTS), *map(raises, ERRORS), *CALLABLES]
NOT_CALLABLE = [value for value in CONSTANTS if not callable(value)]


def random_answer(exercise, rng):
    """Return a function that answers in the right shapes, or nearly so, with random contents."""
    kind, scale = rng.integers(5), 10.0 ** rng.integers(-3, 4)

    def junk(*arguments):
        right = exercise.solution(*arguments)
        parts = right if len(exercise.returns) > 1 else (right,)
        made = [make(np.asarray(part, float)) for part in parts]
        return tuple(made) if len(made) > 1 else made[0]

    def make(part):
        noise = scale * rng.normal(size=part.shape)
        choices = (noise, part + noise, np.zeros((*part.shape, 1)), np.round(noise), part * noise)
        return choices[kind]

    return junk
