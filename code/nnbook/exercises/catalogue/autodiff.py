"""The checked exercises of :doc:`/autodiff`."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import autodiff as solutions

WALK = "autodiff#walking-back"
ORDER = "autodiff#why-the-order-matters"
STRETCHED = "autodiff#what-a-framework-adds"


# --- walk-back -----------------------------------------------------------------------------------


def graphs(rng):
    """Return the graph of u * u + u * 3 with u = x * 2 at x = 1, then random ones."""
    products = [[], [(0, 2.0)], [(1, 2.0), (1, 2.0)], [(1, 3.0)], [(2, 1.0), (3, 1.0)]]
    sizes = [3, 5, 7, 9]
    return [(products,), (detour(rng),), *((random_graph(rng, size),) for size in sizes)]


def detour(rng):
    """Return a graph with a short and a long way to value 1: a queue reaches it too early."""
    slopes = rng.uniform(1, 2, size=6).tolist()
    edges = [[], [0], [1], [2], [1, 3]]
    numbers = iter(slopes)
    return [[(parent, next(numbers)) for parent in parents] for parents in edges]


def random_graph(rng, size):
    """Return a graph in which each value has the one before it, and any other, as parents."""
    parents = [[]]
    for i in range(1, size):
        numbers = {i - 1, int(rng.integers(i))}
        parents.append([(number, float(rng.normal(0, 2))) for number in sorted(numbers)])
    return parents


def forgetful(parents):
    gradients = np.zeros(len(parents))
    gradients[-1] = 1
    for i in reversed(range(len(parents))):
        for parent, slope in parents[i]:
            gradients[parent] = slope * gradients[i]
    return gradients


def walk(parents, order=None, start=None, combine=np.multiply):
    """Return the right gradients, with what a known mistake changes as arguments."""
    gradients = np.zeros(len(parents)) if start is None else start(len(parents))
    gradients[-1] = 1
    for i in order(parents) if order else reversed(range(len(parents))):
        for parent, slope in parents[i]:
            gradients[parent] += combine(slope, gradients[i])
    return gradients


def each_once(take):
    """Return an order that visits a value as soon as one of its uses has been visited."""

    def order(parents):
        waiting, seen = [len(parents) - 1], {len(parents) - 1}
        while waiting:
            i = waiting.pop(take)
            yield i
            found = [number for number, _ in parents[i] if number not in seen]
            waiting += dict.fromkeys(found)
            seen |= {*found}

    return order


def once_for_every_use(parents):
    gradients = np.eye(len(parents))[-1]

    def visit(i):
        for parent, slope in parents[i]:
            gradients[parent] += slope * gradients[i]
            visit(parent)

    visit(len(parents) - 1)
    return gradients


WALK_BACK = Exercise(
    name="walk-back",
    page="autodiff",
    solution=solutions.walk_back,
    returns=("gradients",),
    cases=graphs,
    hints=(
        "Begin with the result: its gradient with respect to itself is 1, all others are 0 so far.",
        "Children have larger numbers than their parents, so walk from the last number to the "
        "first: all uses of a value come before it.",
        "At value i, add slope * gradients[i] to the gradient of each of its parents.",
    ),
    misconceptions=(
        Misconception(
            "assigned-instead-of-added",
            forgetful,
            "A value that is used several times keeps only the gradient of the use visited last. "
            "Its gradient is the sum over all uses: += instead of =.",
            WALK,
        ),
        Misconception(
            "forward-order",
            lambda parents: walk(parents, order=lambda parents: range(len(parents))),
            "You walk from the inputs to the result. There the values pass on gradients that they "
            "do not have yet: start at the result.",
            ORDER,
        ),
        Misconception(
            "passed-on-too-early",
            lambda parents: walk(parents, order=each_once(0)),
            "A value passes its gradient on as soon as one of its uses has reported. Visit it only "
            "after all of them: in the order of the numbers, backwards.",
            ORDER,
        ),
        Misconception(
            "one-path-first",
            lambda parents: walk(parents, order=each_once(-1)),
            "You follow one path to its end before you take up the next, so what the other uses "
            "add to a value is never passed on. Visit it after all of them.",
            ORDER,
        ),
        Misconception(
            "passed-on-twice",
            once_for_every_use,
            "A value is visited once for every use, and passes on its sum so far each time. What "
            "came first is then counted twice: visit each value once, when its sum is complete.",
            ORDER,
        ),
        Misconception(
            "slopes-added",
            lambda parents: walk(parents, combine=np.add),
            "You add slopes along a path. The chain rule multiplies along a path, and adds over "
            "the paths.",
            WALK,
        ),
        Misconception(
            "all-start-at-zero",
            lambda parents: np.zeros(len(parents)),
            "All gradients start at 0, and stay there. The result's gradient with respect to "
            "itself is 1.",
            WALK,
        ),
        Misconception(
            "all-start-at-one",
            lambda parents: walk(parents, start=np.ones),
            "All gradients start at 1. Only the result's is 1; the others are sums, and start "
            "at 0.",
            WALK,
        ),
    ),
)


# --- unbroadcast ---------------------------------------------------------------------------------


def stretched_arrays(rng):
    counted = np.arange(1.0, 13.0).reshape(3, 4)
    fixed = [(counted, (4,)), (counted, (3, 1)), (counted, ()), (counted, (3, 4))]
    pairs = [((4, 4), (4,)), ((4, 4), (4, 1)), ((2, 3, 4), (3, 1)), ((3, 3, 3), (1, 3, 3))]
    return fixed + [(rng.normal(size=full), shape) for full, shape in pairs]


def unbroadcast(gradient, shape, reduce=np.sum, new=None, keepdims=True):
    """Return the right answer, with what a known mistake changes as arguments."""
    added = gradient.ndim - len(shape)
    gradient = reduce(gradient, axis=tuple(new(added) if new else range(added)))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return reduce(gradient, axis=stretched, keepdims=keepdims)


def new_axes_only(gradient, shape):
    return gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))


UNBROADCAST = Exercise(
    name="unbroadcast",
    page="autodiff",
    solution=solutions.unbroadcast,
    returns=("gradient",),
    cases=stretched_arrays,
    hints=(
        "How often was each number used? Its gradient is the sum over these uses.",
        "NumPy compares shapes from the right: it puts new axes in front, and stretches axes of "
        "size 1.",
        "Sum over the first gradient.ndim - len(shape) axes, then with keepdims=True over those "
        "where shape has a 1.",
    ),
    misconceptions=(
        Misconception(
            "mean-instead-of-sum",
            lambda gradient, shape: unbroadcast(gradient, shape, reduce=np.mean),
            "You take the mean. A number used m times moves the result m times: its gradient is "
            "the sum over its uses.",
            STRETCHED,
        ),
        Misconception(
            "first-copy-only",
            lambda gradient, shape: unbroadcast(gradient, shape, reduce=first),
            "You keep the gradient of the first copy. All copies are the same number, so add "
            "theirs up.",
            STRETCHED,
        ),
        Misconception(
            "not-summed",
            lambda gradient, shape: gradient,
            "The gradient still has the shape that the array was stretched to. It needs the "
            "array's own: sum over the axes that were added or stretched.",
            STRETCHED,
        ),
        Misconception(
            "wrong-end",
            lambda gradient, shape: unbroadcast(gradient, shape, new=from_the_end),
            "You sum over the last axes. NumPy adds new axes in front; in a square array the "
            "shapes fit either way, and nothing complains.",
            STRETCHED,
        ),
        Misconception(
            "axes-of-size-1-forgotten",
            new_axes_only,
            "New axes are summed, but axes of size 1 are not: they were stretched as well.",
            STRETCHED,
        ),
        Misconception(
            "axes-of-size-1-lost",
            lambda gradient, shape: unbroadcast(gradient, shape, keepdims=False),
            "The axes of size 1 are gone. The gradient has exactly the shape of its array: "
            "keepdims=True.",
            STRETCHED,
        ),
        Misconception(
            "reshaped",
            lambda gradient, shape: gradient.reshape(-1, *shape).sum(axis=0),
            "reshape deals the numbers out row by row, wherever they belong. The shape is right, "
            "and the sums mix different uses. Sum along axes instead.",
            STRETCHED,
        ),
    ),
)


def first(gradient, axis, keepdims=False):
    taken = gradient[tuple(slice(1) if i in axis else slice(None) for i in range(gradient.ndim))]
    return taken if keepdims else taken.squeeze(axis)


def from_the_end(added):
    return range(-added, 0)


EXERCISES = (WALK_BACK, UNBROADCAST)
