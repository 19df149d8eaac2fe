"""Run a learner's function: on copies, for a limited time, and whatever it raises.

Chapter: :doc:`/exercises`.
"""

import copy
import ctypes
import inspect
import threading
import traceback
import warnings
from dataclasses import dataclass

import numpy as np

TIME_LIMIT = 10  # seconds for all inputs of a check


class TimeUp(BaseException):
    """Raised inside the learner's function when its time is over.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """


@dataclass(frozen=True)
class Outcome:
    """What a function did with one input: an answer as arrays, or a complaint in words.

    Parameters
    ----------
    arrays : tuple of ndarray or None
        The answer in float64.
    complaint : str or None
        Why there is none.
    error : str or None
        The type of the exception that the function raised.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    arrays: tuple | None = None
    complaint: str | None = None
    error: str | None = None


def run(function, exercise, cases, time_limit=None):
    """Call a function on every case, in a thread of its own.

    Parameters
    ----------
    function : callable
        The learner's, or a known-wrong one. It gets copies of the arguments.
    exercise : Exercise
        Says what to expect of an answer.
    cases : list of tuple
        The arguments of each call.
    time_limit : float or None
        Seconds for all calls together; None takes ``TIME_LIMIT``.

    Returns
    -------
    list of Outcome
        One a case. A case that was not reached in time has an outcome that says so.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    time_limit = TIME_LIMIT if time_limit is None else time_limit
    outcomes = []
    worker = threading.Thread(target=_work, args=(function, exercise, cases, outcomes), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker.start()
        try:
            worker.join(time_limit)
        finally:
            _stop(worker)
    done = outcomes.copy()  # a function that cannot be stopped may still be adding
    late = (
        f"it was still running after {time_limit:g} seconds, and was stopped. If it imports a "
        "package, do so above the function, and restart the kernel"
    )
    return done + [Outcome(complaint=late)] * (len(cases) - len(done))


def _work(function, exercise, cases, outcomes):
    try:
        with np.errstate(all="ignore"):
            for case in cases:
                outcomes.append(_call(function, exercise, case))
    except TimeUp:
        pass


def _stop(worker):
    """Raise TimeUp in a thread that still runs; Python has no politer way."""
    if worker.is_alive():
        thread_id, error = ctypes.c_ulong(worker.ident), ctypes.py_object(TimeUp)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, error)
        worker.join(0.1)


def _call(function, exercise, case):
    arguments = copy.deepcopy(case)
    try:
        answer = function(*arguments)
    except TimeUp:
        raise
    except BaseException as error:  # SystemExit too: a learner's exit() must not end the session
        return Outcome(complaint=_describe(error, function), error=type(error).__name__)
    try:
        if exercise.read and answer is not None:
            answer = exercise.read(answer)
        arrays = to_arrays(answer, exercise.returns)
        for name, before, after in zip(exercise.parameters, case, arguments, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=True):
                return Outcome(complaint=_changes(name, before, after))
    except TimeUp:
        raise
    except (TypeError, ValueError) as error:
        return Outcome(complaint=str(error))
    except BaseException as error:
        return Outcome(complaint=f"its answer cannot be read: {_message(error)}")
    return Outcome(arrays=arrays)


def _changes(name, before, after):
    if before.shape == after.shape and np.allclose(before, after, equal_nan=True):
        return (
            f"it changes its argument {name} in the last digits: adding and subtracting the same "
            "number rounds. Put the old value back, or work on a copy"
        )
    return f"it changes its argument {name}; work on a copy"


def to_arrays(answer, names):
    """Return the parts of an answer as float64 arrays.

    Parameters
    ----------
    answer : object
        Numbers, arrays, or whatever NumPy makes an array of; a tuple or list where several parts
        are expected.
    names : tuple of str
        The expected parts.

    Returns
    -------
    tuple of ndarray

    Raises
    ------
    TypeError, ValueError
        If the parts are not as many as named, or one is not numeric. The message is worded to
        follow the function's name.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    if answer is None:
        raise TypeError("it returned None. Write its body, and end with return")
    if inspect.isgenerator(answer) or inspect.iscoroutine(answer):
        raise TypeError("it returned a generator or coroutine. Use return, not yield or async")
    if len(names) == 1:
        return (_to_array(answer, names[0]),)
    if not isinstance(answer, tuple | list):
        raise TypeError(f"it returned one {_kind(answer)}, expected {len(names)}: {_list(names)}")
    if len(answer) != len(names):
        raise ValueError(f"it returned {len(answer)} values, expected {len(names)}: {_list(names)}")
    return tuple(_to_array(part, name) for part, name in zip(answer, names, strict=True))


def _to_array(part, name):
    if part is None:
        raise TypeError(f"{name} is None, expected a number or an array")
    try:
        array = np.asarray(part)
    except ValueError:
        raise ValueError(f"{name} is no rectangular array: its rows differ in length") from None
    if array.dtype.kind not in "biuf":
        kind = f"an array of {array.dtype}" if isinstance(part, np.ndarray) else f"a {_kind(part)}"
        raise TypeError(f"{name} is {kind}, expected real numbers")
    return array.astype(np.float64)


def _kind(value):
    return type(value).__name__


def _list(names):
    return ", ".join(names)


def _message(error):
    try:
        return f"{_kind(error)}: {error}".removesuffix(": ")
    except Exception:  # an exception of the learner's may not even be printable
        return _kind(error)


def _describe(error, function):
    """Return the learner's error with the line of their code that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the call in this module
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    where = [frame for frame in frames if frame.filename == home][-1:] or frames[-1:]
    lines = [f"\n  line {frame.lineno}: {frame.line}" for frame in where]
    return f"it raised {_message(error)}{''.join(lines)}"
