"""The checked exercises of :doc:`/backpropagation` that hold a gradient against the loss."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import backpropagation as solutions

DIFFERENCE = "backpropagation#the-chain-rule-in-numbers"
EACH_ENTRY = "backpropagation#central-differences"


# --- numerical-gradient --------------------------------------------------------------------------


def bowl(w):
    return np.sum(w) ** 2 + np.sum(w**3)


def wave(w):
    return np.sin(np.sum(w)) + np.sum(np.exp(w))


def losses(rng):
    shapes = [(bowl, (2, 3), 0.1), (wave, (4,), 0.1), (wave, (3, 2), 0.05), (bowl, (5,), 0.01)]
    return [
        (bowl, np.array([1.0, -2.0, 3.0]), 0.1),
        *((loss, rng.normal(size=shape), step) for loss, shape, step in shapes),
    ]


def central(loss, above, below, step):
    return (loss(above) - loss(below)) / (2 * step)


def each_entry(quotient):
    """Return an answer that takes some quotient along one entry after the other."""

    def answer(loss, w, step):
        gradient = np.zeros_like(w)
        for index in np.ndindex(w.shape):
            shift = np.zeros_like(w)
            shift[index] = step
            gradient[index] = quotient(loss, w, shift, step)
        return gradient

    return answer


def each_row(loss, w, step):
    gradient = np.zeros_like(w)
    for row in range(len(w)):
        shift = np.zeros_like(w)
        shift[row] = step
        gradient[row] = central(loss, w + shift, w - shift, step)
    return gradient


def not_put_back(loss, w, step):
    w, gradient = w.copy(), np.zeros_like(w)
    for index in np.ndindex(w.shape):
        w[index] += step
        above = loss(w)
        w[index] -= 2 * step
        gradient[index] = (above - loss(w)) / (2 * step)
    return gradient


def piled_up(loss, w, step):
    above, below, gradient = w.copy(), w.copy(), np.zeros_like(w)
    for index in np.ndindex(w.shape):
        above[index] += step
        below[index] -= step
        gradient[index] = central(loss, above, below, step)
    return gradient


def own_step(loss, w, shift, step):
    little = 1e-5 * (shift != 0)
    return central(loss, w + little, w - little, 1e-5)


NUMERICAL_GRADIENT = Exercise(
    name="numerical-gradient",
    page="backpropagation",
    solution=solutions.numerical_gradient,
    returns=("gradient",),
    cases=losses,
    hints=(
        "Change one entry of w and leave all others as they are. How much does the loss change?",
        "np.ndindex(w.shape) goes through the indices of an array of any shape.",
        "For each index take two copies of w, one with the entry raised by step, one with it "
        "lowered. The entry of the gradient is the difference of their losses over 2 * step.",
    ),
    misconceptions=(
        Misconception(
            "forward-difference",
            each_entry(lambda loss, w, shift, step: (loss(w + shift) - loss(w)) / step),
            "This is the forward difference: one step up, none down. Its error shrinks with the "
            "step, that of the central difference with its square. Step to both sides.",
            DIFFERENCE,
        ),
        Misconception(
            "backward-difference",
            each_entry(lambda loss, w, shift, step: (loss(w) - loss(w - shift)) / step),
            "This is the backward difference: one step down, none up. Its error shrinks with the "
            "step, that of the central difference with its square. Step to both sides.",
            DIFFERENCE,
        ),
        Misconception(
            "factor-2-missing",
            each_entry(lambda loss, w, shift, step: (loss(w + shift) - loss(w - shift)) / step),
            "The two points lie 2 * step apart, and you divide by step: twice the gradient.",
            DIFFERENCE,
        ),
        Misconception(
            "multiplied-by-the-step",
            each_entry(lambda loss, w, shift, step: (loss(w + shift) - loss(w - shift)) / 2 * step),
            "/ 2 * step divides by 2 and then multiplies by step. Put 2 * step into parentheses.",
            DIFFERENCE,
        ),
        Misconception(
            "entries-not-put-back",
            not_put_back,
            "An entry stays lowered when its turn is over, so each later one is measured at "
            "another place. Put it back before the next.",
            EACH_ENTRY,
        ),
        Misconception(
            "shifts-pile-up",
            piled_up,
            "Your two copies are made once, and the shifts pile up in them: later quotients move "
            "all earlier entries too. Start from w for each entry.",
            EACH_ENTRY,
        ),
        Misconception(
            "all-entries-at-once",
            lambda loss, w, step: central(loss, w + step, w - step, step),
            "All entries move at once. That gives one number, the sum of all derivatives; the "
            "gradient needs a quotient for each entry.",
            EACH_ENTRY,
        ),
        Misconception(
            "a-row-at-once",
            each_row,
            "For a vector this is right. For a matrix w[i] is a whole row, and all of it moves at "
            "once. Go through all indices: np.ndindex(w.shape).",
            EACH_ENTRY,
        ),
        Misconception(
            "a-step-of-its-own",
            each_entry(own_step),
            "These are good derivatives, but not with the step that was asked for: use the "
            "argument step.",
            DIFFERENCE,
        ),
    ),
)


# --- relative-error ------------------------------------------------------------------------------


def gradients(rng):
    pairs = [
        (np.array([4.0, -2.0, 0.0, 0.5]), np.array([3.999, -2.0, 0.0, 0.502])),
        (np.array([1.0, -3.0]), np.array([2.0, -1.0])),
        (np.array([1.0, -3.0, 0.5]), np.array([2.0, -1.0, -0.25])),
    ]
    for shape, noise in [((3,), 1e-3), ((2, 3), 0.1), ((5, 2), 0.3), ((4,), 2.0)]:
        analytic = rng.normal(size=shape)
        pairs.append((analytic, analytic + noise * rng.normal(size=shape)))
    return pairs


def larger(a, n):
    return np.maximum(np.abs(a), np.abs(n))


def filled(divisor):
    return np.where(divisor == 0, 1, divisor)


def distance_over(divisor):
    """Return the largest distance over some divisor, and 0 where that is 0."""

    def answer(a, n):
        return np.max(np.abs(a - n) / filled(divisor(a, n)))

    return answer


RELATIVE_ERROR = Exercise(
    name="relative-error",
    page="backpropagation",
    solution=solutions.relative_error,
    returns=("error",),
    cases=gradients,
    hints=(
        "An error of 0.001 is much for an entry of 0.002 and little for one of 50. Compare each "
        "entry with its own size.",
        "Divide |a - n| by the larger of |a| and |n|, entry by entry, and take the largest.",
        "Where both are 0 that is 0 / 0. Put a 1 into the divisor there: np.where(d == 0, 1, d).",
    ),
    misconceptions=(
        Misconception(
            "absolute-error",
            lambda a, n: np.max(np.abs(a - n)),
            "This is the absolute error. It says nothing without the size of the gradient: a "
            "wrong entry of 1e-6 passes, and a right one of 1e6 fails by its rounding.",
            EACH_ENTRY,
        ),
        Misconception(
            "divided-by-the-numeric-one",
            distance_over(lambda a, n: np.abs(n)),
            "You divide by the numeric value alone. Where that is near 0 and yours is not, the "
            "quotient has no bound; divide by the larger of the two, and it is 2 at most.",
            EACH_ENTRY,
        ),
        Misconception(
            "divided-by-the-analytic-one",
            distance_over(lambda a, n: np.abs(a)),
            "You divide by the analytic value alone. Where that is near 0 and the numeric one is "
            "not, the quotient has no bound; divide by the larger of the two.",
            EACH_ENTRY,
        ),
        Misconception(
            "divided-by-the-sum",
            distance_over(lambda a, n: np.abs(a) + np.abs(n)),
            "You divide by the sum of both sizes. Others define it so; here it is the larger of "
            "the two, which makes about twice as much of the same distance.",
            EACH_ENTRY,
        ),
        Misconception(
            "divided-by-the-smaller",
            distance_over(lambda a, n: np.minimum(np.abs(a), np.abs(n))),
            "You divide by the smaller of the two. Where that is near 0 the quotient has no bound; "
            "divide by the larger, and it is 2 at most.",
            EACH_ENTRY,
        ),
        Misconception(
            "signs-dropped",
            lambda a, n: np.max(np.abs(np.abs(a) - np.abs(n)) / filled(larger(a, n))),
            "You compare the sizes alone, so a gradient with the wrong sign passes. The distance "
            "is |a - n|; absolute values of a and n belong below the line.",
            EACH_ENTRY,
        ),
        Misconception(
            "ratio-of-norms",
            lambda a, n: np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n)),
            "You compare the lengths of the whole gradients. Others do so; then a small entry may "
            "be wrong altogether and pass. Here each entry is divided by its own size.",
            EACH_ENTRY,
        ),
        Misconception(
            "divisor-without-absolute-values",
            distance_over(np.maximum),
            "The divisor is the larger value, not the larger size: for -2 and -3 it is -2. Take "
            "absolute values first.",
            EACH_ENTRY,
        ),
        Misconception(
            "nan-where-both-are-0",
            lambda a, n: np.max(np.abs(a - n) / larger(a, n)),
            "Where both entries are 0 you divide 0 by 0, and one nan makes the whole answer nan. "
            "Two zeros agree: their error is 0.",
            EACH_ENTRY,
        ),
        Misconception(
            "mean-instead-of-the-worst",
            lambda a, n: np.mean(np.abs(a - n) / filled(larger(a, n))),
            "You take the mean. Among a thousand right entries one wrong one disappears; the worst "
            "entry shows it.",
            EACH_ENTRY,
        ),
        Misconception(
            "one-divisor-for-all",
            lambda a, n: np.max(np.abs(a - n)) / np.max(larger(a, n)),
            "All entries are divided by the largest one, so a small entry may be wrong altogether "
            "and pass. Divide each by its own size.",
            EACH_ENTRY,
        ),
        Misconception(
            "signed-difference",
            lambda a, n: np.max((a - n) / filled(larger(a, n))),
            "The difference keeps its sign, so entries that are too small do not count. Take its "
            "absolute value.",
            EACH_ENTRY,
        ),
    ),
)

EXERCISES = (NUMERICAL_GRADIENT, RELATIVE_ERROR)
