"""The checked exercise of :doc:`/regularization` about early stopping."""

from itertools import takewhile

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import regularization as solutions

EARLY = "regularization#early-stopping"


# --- early-stopping ------------------------------------------------------------------------------


def validation_losses(rng):
    # A loss that comes back to its best, two that recover a little, one that only falls.
    fixed = [
        ([0.9, 0.5, 0.5, 0.6, 0.7, 0.4], 2),
        ([1.0, 0.8, 0.9, 0.7, 0.75, 0.78, 0.72, 0.8, 0.6, 0.5], 3),
        ([0.5, 0.9, 0.7, 0.8, 0.85], 2),
        ([3.0, 2.0, 1.0], 2),
    ]
    return [(np.array(losses), patience) for losses, patience in fixed] + [
        (np.append(np.sort(rng.uniform(1, 2, 3))[::-1], rng.uniform(1, 2, 12)), patience)
        for patience in (2, 4)
    ]


def stop_when(is_over, losses, patience):
    """Return the first epoch at which `is_over(losses so far)`, else the last one."""
    epochs = range(1, len(losses) + 1)
    going = takewhile(lambda epoch: not is_over(losses[:epoch], patience), epochs)
    return min(len([*going]) + 1, len(losses))


def waited(losses, patience):
    return len(losses) - 1 - np.argmin(losses) >= patience


def waited_longer(losses, patience):
    return waited(losses, patience + 1)


def waited_since_the_last_tie(losses, patience):
    return np.argmin(losses[::-1]) >= patience


def rose_in_a_row(losses, patience):
    return len(losses) > patience and (np.diff(losses)[-patience:] >= 0).all()


def failed_in_all(losses, patience):
    best = np.minimum.accumulate(losses)
    return np.sum(losses[1:] >= best[:-1]) >= patience


def early(is_over=waited, best=np.argmin, shift=1):
    """Return the right epochs, with what a known mistake changes as arguments."""

    def wrong(losses, patience):
        stop = stop_when(is_over, losses, patience)
        return stop - 1 + shift, int(best(losses[:stop])) + shift

    return wrong


def last_fall(losses):
    return max(np.flatnonzero(np.diff(losses) < 0) + 1, default=0)


NO_IMPROVEMENT = (
    "You compare each loss with the one before. A loss that falls a little after a rise is no "
    "improvement: compare it with the best so far."
)


def best_of_all(losses, patience):
    return stop_when(waited, losses, patience), int(np.argmin(losses)) + 1


def last_weights(losses, patience):
    stop = stop_when(waited, losses, patience)
    return stop, stop


def highest(losses, patience):
    return early()(-losses, patience)


EARLY_STOPPING = Exercise(
    name="early-stopping",
    page="regularization",
    solution=solutions.early_stopping,
    returns=("stop", "best"),
    cases=validation_losses,
    read=numbers,
    hints=(
        "Walk through the epochs from 1 and remember which has been the best so far.",
        "An epoch is a new best only if its loss is below that of the best, not below the last.",
        "Stop as soon as epoch - best is at least patience. If that never happens, stop is the "
        "number of losses.",
    ),
    misconceptions=(
        Misconception(
            "compared-with-the-epoch-before",
            early(rose_in_a_row),
            NO_IMPROVEMENT,
            EARLY,
        ),
        Misconception(
            "every-fall-is-the-best",
            early(rose_in_a_row, last_fall),
            NO_IMPROVEMENT,
            EARLY,
        ),
        Misconception(
            "waiting-never-starts-anew",
            early(failed_in_all),
            "You count all epochs without an improvement since the start. A new best ends the "
            "wait: count from the best epoch.",
            EARLY,
        ),
        Misconception(
            "a-tie-is-an-improvement",
            early(waited_since_the_last_tie, lambda seen: len(seen) - 1 - np.argmin(seen[::-1])),
            "A loss that equals the best counts as an improvement in yours. It has to be below it, "
            "or a network that stands still would never be stopped.",
            EARLY,
        ),
        Misconception(
            "one-epoch-too-late",
            early(waited_longer),
            "You stop one epoch too late: the wait is over when epoch - best equals patience.",
            EARLY,
        ),
        Misconception(
            "best-of-all-epochs",
            best_of_all,
            "Your best epoch may lie after the stop. That epoch was never trained: look only at "
            "the losses up to the stop.",
            EARLY,
        ),
        Misconception(
            "last-weights",
            last_weights,
            "best is the epoch of the stop. The weights that come back are those of the lowest "
            "loss so far.",
            EARLY,
        ),
        Misconception(
            "epochs-from-0",
            early(shift=0),
            "Your epochs count from 0. The first one is epoch 1.",
            EARLY,
        ),
        Misconception(
            "highest-instead-of-lowest",
            highest,
            "You wait for the highest value, which is right for an accuracy. These are losses: "
            "lower is better.",
            EARLY,
        ),
    ),
)
