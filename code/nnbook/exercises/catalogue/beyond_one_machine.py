"""The checked exercises of :doc:`/beyond-one-machine`."""

import numpy as np

from nnbook.exercises.catalogue import beyond_one_machine_times as times
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import beyond_one_machine as solutions

SUM = "beyond-one-machine#the-gradient-of-a-batch-is-a-sum"
RING = "beyond-one-machine#all-reduce-every-process-gets-the-sum"


# --- shard-gradients -----------------------------------------------------------------------------


def shards(rng):
    """Return gradients and counts; one worker has no sample."""
    fixed = [np.array([1.0, -2.0]), np.array([5.0, 2.0])], np.array([3, 1])
    idle = [np.array([3.0, 6.0]), np.zeros(2), np.array([-3.0, 3.0])], np.array([2, 0, 4])
    shapes = [(3, 2, 3), (3, 3, 3), (5, 4)]
    random = [([*rng.normal(size=shape)], rng.integers(1, 10, shape[0])) for shape in shapes]
    return [fixed, idle, *random]


def weighted(divisor=lambda counts: counts.sum()):
    """Return the weighted sum, divided by what a known mistake divides by."""
    return lambda gradients, counts: np.tensordot(counts, gradients, 1) / divisor(counts)


SHARD_GRADIENTS = Exercise(
    name="shard-gradients",
    page="beyond-one-machine",
    solution=solutions.shard_gradients,
    returns=("gradient",),
    cases=shards,
    hints=(
        "Each gradient is a mean. How do you get back the sum over the worker's samples?",
        "Add up the sums, and divide once, at the end. By how many samples?",
        "The sum of counts[i] * gradients[i] over all workers, divided by the sum of counts.",
    ),
    misconceptions=(
        Misconception(
            "mean-of-means",
            lambda gradients, counts: np.mean(gradients, axis=0),
            "Every worker weighs the same here, however few samples it has. The mean of means is "
            "the mean only where all shares are equal.",
            SUM,
        ),
        Misconception(
            "idle-workers-left-out",
            lambda gradients, counts: np.mean(np.array(gradients)[counts > 0], axis=0),
            "You leave out the workers without samples, and then take the plain mean. The others "
            "differ too: each counts as much as it has samples.",
            SUM,
        ),
        Misconception(
            "sum-of-means",
            lambda gradients, counts: np.sum(gradients, axis=0),
            "You add up means. The step becomes as many times longer as there are workers. "
            "Weigh each one by its count, and divide by all samples.",
            SUM,
        ),
        Misconception(
            "not-divided",
            weighted(lambda counts: 1),
            "This is the sum over all samples. The loss is their mean: divide by their number.",
            SUM,
        ),
        Misconception(
            "divided-by-workers",
            weighted(len),
            "The weights are counts of samples, and you divide by the number of workers. Divide by "
            "the sum of the weights.",
            SUM,
        ),
        Misconception(
            "divided-by-the-largest",
            weighted(np.max),
            "You divide the counts by the largest one, so the weights do not sum to 1. Divide by "
            "their sum.",
            SUM,
        ),
        Misconception(
            "divided-twice",
            weighted(lambda counts: len(counts) * counts.sum()),
            "The shares sum to 1 already, and you take the mean over the workers on top. So the "
            "gradient is too short by their number.",
            SUM,
        ),
        Misconception(
            "means-taken-for-sums",
            lambda gradients, counts: np.sum(gradients, axis=0) / counts.sum(),
            "You divide as if each worker had sent a sum. It has sent a mean: multiply it by its "
            "count first.",
            SUM,
        ),
        Misconception(
            "first-worker-only",
            lambda gradients, counts: gradients[0],
            "This is the first worker's gradient. It knows its own share of the batch and nothing "
            "of the others.",
            SUM,
        ),
        Misconception(
            "shape-lost",
            lambda gradients, counts: np.mean(weighted()(gradients, counts)),
            "Your mean runs over the entries of the gradient too, and leaves a single number. The "
            "mean is over workers: each parameter keeps its own derivative.",
            SUM,
        ),
    ),
)


# --- ring-all-reduce -----------------------------------------------------------------------------


def rings(rng):
    """Return what each worker has; in the first ring each sum tells what was added."""
    fixed = 2.0 ** np.arange(9).reshape(3, 3)
    return [(fixed,), *((rng.normal(size=(N, N)),) for N in (4, 1, 5))]


def in_steps(N, more=0):
    return [(s, r) for s in range(N - 1 + more) for r in range(N)]


def ring_but(
    turns=in_steps,
    to=1,
    first=lambda r, s: r - s,
    second=lambda r, s: r + 1 - s,
    add=lambda old, new: old + new,
    replace=lambda old, new: new,
):
    """Return the right answer, with what a known mistake changes as arguments."""

    def half(state, chunk_of, receive):
        N = len(state)
        for s, r in turns(N):
            place, chunk = (r + to) % N, chunk_of(r, s) % N
            state[place, chunk] = receive(state[place, chunk], state[r, chunk])
        return state

    def wrong(parts):
        scattered = half(parts.copy(), first, add)
        return scattered, half(scattered.copy(), second, replace)

    return wrong


def sums_everywhere(parts):
    sums = np.tile(parts.sum(axis=0), (len(parts), 1))
    return sums, sums


RING_ALL_REDUCE = Exercise(
    name="ring-all-reduce",
    page="beyond-one-machine",
    solution=solutions.ring_all_reduce,
    returns=("scattered", "reduced"),
    cases=rings,
    hints=(
        "Work on a copy, parts.copy(), with two loops for each half: over the steps s, and inside "
        "over the workers r.",
        "In a step, worker r and its neighbour share one column: the chunk. What stands in row r "
        "of it is added to row (r + 1) % N.",
        "First half: state[(r + 1) % N, c] += state[r, c] with c = (r - s) % N. Keep a copy. "
        "Second half: = in place of +=, with c = (r + 1 - s) % N.",
    ),
    misconceptions=(
        Misconception(
            "sums-everywhere",
            sums_everywhere,
            "Both of your arrays hold the sums everywhere. After the first half each worker has "
            "one finished chunk. If you walked the ring, return a copy of the state made there: "
            "the second half goes on writing into the same array.",
            RING,
        ),
        Misconception(
            "replaced-in-the-first-half",
            ring_but(add=lambda old, new: new),
            "Your receiver overwrites what it has. In the first half it adds: its own part belongs "
            "to the sum.",
            RING,
        ),
        Misconception(
            "added-in-the-second-half",
            ring_but(replace=lambda old, new: old + new),
            "Your receiver still adds in the second half. What arrives there is finished, and "
            "replaces the partial sum.",
            RING,
        ),
        Misconception(
            "to-the-left",
            ring_but(to=-1),
            "You send to worker r - 1. The next worker is r + 1; only then does it pass on in the "
            "next step what it got in this one.",
            RING,
        ),
        Misconception(
            "mirrored",
            ring_but(to=-1, first=lambda r, s: r + s, second=lambda r, s: r - 1 + s),
            "Your ring runs the other way round. The sums are right, but each finished chunk ends "
            "at another worker than asked for: send to (r + 1) % N.",
            RING,
        ),
        Misconception(
            "same-chunk-in-every-step",
            ring_but(first=lambda r, s: r, second=lambda r, s: r + 1),
            "Each worker sends one and the same chunk in every step, so nothing is passed on. In "
            "step s it sends what it received in the step before: chunk (r - s) % N.",
            RING,
        ),
        Misconception(
            "chunks-counted-upwards",
            ring_but(first=lambda r, s: r + s, second=lambda r, s: r + 1 + s),
            "You send chunk r + s. What worker r has received in the step before is the chunk of "
            "its left neighbour, one lower: r - s.",
            RING,
        ),
        Misconception(
            "same-chunks-in-both-halves",
            ring_but(second=lambda r, s: r - s),
            "Your second half starts with chunk r again. The chunk that worker r has finished is "
            "r + 1, so it sends (r + 1 - s) % N.",
            RING,
        ),
        Misconception(
            "one-step-too-many",
            ring_but(turns=lambda N: in_steps(N, 1)),
            "You take N steps. After N - 1 of them every chunk has met all workers, and one more "
            "adds a part twice.",
            RING,
        ),
        Misconception(
            "one-step-too-few",
            ring_but(turns=lambda N: in_steps(N, -1)),
            "You take N - 2 steps. A chunk has to meet N - 1 other workers.",
            RING,
        ),
        Misconception(
            "one-worker-after-another",
            ring_but(turns=lambda N: [(s, r) for r in range(N) for s in range(N - 1)]),
            "Your loops are nested the wrong way round: one worker takes all its steps before the "
            "next one starts. All send in step 0, then all in step 1.",
            RING,
        ),
    ),
)

EXERCISES = (SHARD_GRADIENTS, RING_ALL_REDUCE, times.STEP_TIME, times.SCALING_EFFICIENCY)
