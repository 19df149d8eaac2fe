"""Compare a learner's answers with the reference, and say in words what is wrong.

Chapter: :doc:`/exercises`.
"""

import numpy as np

from nnbook.exercises.runner import run


def largest_error(got, wanted):
    r"""Return the largest difference of two arrays, relative to the largest wanted entry.

    .. math:: \frac{\max |a - b|}{\max |b|}

    Parameters
    ----------
    got, wanted : ndarray
        Of any shape. NaN equals NaN, and infinity equals itself.

    Returns
    -------
    float
        Infinity where the shapes differ or one is not finite where the other is. Where all wanted
        entries are 0, the difference itself.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    if got.shape != wanted.shape:
        return np.inf
    finite = np.isfinite(wanted)
    if not np.array_equal(got[~finite], wanted[~finite], equal_nan=True):
        return np.inf
    if not np.isfinite(got[finite]).all():
        return np.inf
    scale = np.abs(wanted[finite]).max(initial=0) or 1
    return float(np.abs(got[finite] - wanted[finite]).max(initial=0) / scale)


def errors(outcome, reference, case, exercise):
    """Return the error of each part of an answer; infinity where there is no answer.

    Parameters
    ----------
    outcome, reference : Outcome
        Of the same case; the reference has an answer.
    case : tuple
        The arguments.
    exercise : Exercise
        Whose measure is applied to both, if it has one.

    Returns
    -------
    list of float

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    if outcome.arrays is None:
        return [np.inf] * len(reference.arrays)
    return [largest_error(*pair) for _, *pair in _compared(outcome, reference, case, exercise)]


def _compared(outcome, reference, case, exercise):
    """Return what is compared, each with its name: the parts, or what is measured of them."""
    got, wanted = fit(outcome.arrays, reference.arrays), reference.arrays
    if not exercise.measure or any(g.shape != w.shape for g, w in zip(got, wanted, strict=True)):
        return [*zip(exercise.returns, got, wanted, strict=True)]
    with np.errstate(all="ignore"):
        got, wanted = exercise.measure(case, *got), exercise.measure(case, *wanted)
    if not isinstance(wanted, dict):
        got, wanted = {"the measured result": got}, {"the measured result": wanted}
    return [(name, np.asarray(got[name], float), np.asarray(wanted[name], float)) for name in got]


def fit(arrays, wanted):
    """Return arrays of one entry as numbers where a number is wanted.

    Parameters
    ----------
    arrays, wanted : tuple of ndarray
        What was returned, and what the reference returned.

    Returns
    -------
    list of ndarray

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return [
        got.reshape(()) if want.shape == () and got.size == 1 else got
        for got, want in zip(arrays, wanted, strict=True)
    ]


def recognise(outcomes, cases, exercise):
    """Return the known mistake whose answers a learner's equal on every input, or None.

    Where a known-wrong answer raises an error, the learner's has to raise the same; on one input
    at least, both have to answer.

    Parameters
    ----------
    outcomes : list of Outcome
        The learner's.
    cases : list of tuple
        The arguments of each call.
    exercise : Exercise
        Whose misconceptions are tried.

    Returns
    -------
    Misconception or None

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    for misconception in exercise.misconceptions:
        wrong = run(misconception.wrong, exercise, cases)
        pairs = [*zip(outcomes, wrong, cases, strict=True)]
        answered = [got.arrays is not None for got, _, _ in pairs]
        if any(answered) and all(_same(*pair, exercise) for pair in pairs):
            return misconception
    return None


def _same(got, wrong, case, exercise):
    if got.arrays is None or wrong.arrays is None:
        return got.arrays is wrong.arrays and got.error == wrong.error is not None
    # Both ways: where one answer is 0 everywhere, the other gives the scale.
    found = errors(got, wrong, case, exercise) + errors(wrong, got, case, exercise)
    return max(found) < exercise.tolerance


def diagnose(outcome, reference, case, exercise):
    """Say what is wrong with one answer, where no known mistake explains it.

    Parameters
    ----------
    outcome, reference : Outcome
        The learner's and the right one.
    case : tuple
        The arguments.
    exercise : Exercise
        Names the parts.

    Returns
    -------
    str
        Worded to follow "Not yet: ".

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    if outcome.complaint:
        wanted = f"\nIt is called with ({', '.join(exercise.parameters)})."
        return outcome.complaint + (wanted if outcome.error == "TypeError" else "")
    if _in_another_order(outcome, reference, exercise):
        return f"the values are right, but not in this order: {', '.join(exercise.returns)}"
    compared = _compared(outcome, reference, case, exercise)
    found = [largest_error(*pair) for _, *pair in compared]
    bad = found.index(max(found))
    name, got, wanted = compared[bad]
    difference = _difference(got, wanted, found[bad])
    return f"{_praise(compared, found, exercise)}{name} {difference}{_inputs(case, exercise)}"


def _in_another_order(outcome, reference, exercise):
    """Return whether the parts are right, each at the place of another."""
    if exercise.measure:
        return False
    number = range(len(exercise.returns))
    pairs = [(i, j) for i in number for j in number]
    right = [
        largest_error(outcome.arrays[i], reference.arrays[j]) < exercise.tolerance for i, j in pairs
    ]
    found = [pair for pair, equal in zip(pairs, right, strict=True) if equal]
    moved = sorted(i for i, _ in found) == sorted(j for _, j in found) == list(number)
    return moved and any(i != j for i, j in found)


def _praise(compared, found, exercise):
    """Name the parts of the answer that are right; what is measured is no part."""
    pairs = zip(compared, found, strict=True)
    right = [name for (name, *_), error in pairs if error < exercise.tolerance]
    good = [name for name in exercise.returns if name in right]
    return f"{', '.join(good)} {'is' if len(good) == 1 else 'are'} right, but " if good else ""


def _difference(got, wanted, error):
    if got.shape != wanted.shape:
        transposed = got.T.shape == wanted.shape and largest_error(got.T, wanted) < 1e-6
        end = ": it is the transpose of the right answer" if transposed else ""
        return f"has the shape {got.shape}, expected {wanted.shape}{end}"
    if np.isnan(got).any() and not np.isnan(wanted).any():
        return "holds nan"
    if np.isinf(got).any() and not np.isinf(wanted).any():
        return "holds inf"
    if factor := _factor(got, wanted):
        return f"is {factor:.4g} times the right answer"
    index = np.unravel_index(np.nanargmax(np.abs(got - wanted)), got.shape)
    place = f" at {[int(i) for i in index]}" if index else ""
    return (
        f"is {got[index]:.6g}{place}, expected {wanted[index]:.6g} "
        f"(largest relative difference {error:.1g})"
    )


def _factor(got, wanted):
    """Return c where got = c wanted says something: c is neither 0 nor 1 nor that of a number."""
    norm = np.vdot(wanted, wanted)
    factor = np.vdot(wanted, got) / norm if 0 < norm < np.inf else 0
    telling = wanted.size > 1 or np.isclose(factor, -1)
    if not telling or abs(factor) < 1e-9 or abs(factor - 1) < 0.01:
        return None
    return factor if largest_error(got, factor * wanted) < 1e-6 else None


def _inputs(case, exercise):
    """Return the arguments in words where they are short."""
    arguments = zip(exercise.parameters, case, strict=True)
    told = [(name, v) for name, v in arguments if not isinstance(v, np.random.Generator)]
    shown = [f"{name} = {_short(value)}" for name, value in told]
    if any("\n" in text or len(text) > 50 for text in shown) or len(shown) > 4:
        return ""
    return f"\nfor {', '.join(shown)}"


def _short(value):
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, separator=", ")
    return getattr(value, "__name__", None) or repr(value)
