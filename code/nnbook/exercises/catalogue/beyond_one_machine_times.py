"""The checked exercises of :doc:`/beyond-one-machine` about time."""

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import beyond_one_machine as solutions

COST = "beyond-one-machine#what-a-step-costs"
MEASURED = "beyond-one-machine#faster-or-slower-the-measurement"


# --- step-time -----------------------------------------------------------------------------------


def machines(rng):
    """Return machines on which arithmetic, bandwidth and latency all count."""
    small = (8e9, 1e10, 4e7, 1e9, 1e-3)
    random = [
        (*10 ** rng.uniform((9, 10, 7, 9, -4), (10, 11, 8, 10, -3)), int(rng.integers(3, 65)))
        for _ in range(2)
    ]
    return [(*small, 2), (*small, 4), (*small, 1), *random]


def seconds_but(
    compute=lambda N: 1 / N,
    sent=lambda N: 2 * (N - 1) / N,
    waits=lambda N: 2 * (N - 1),
    total=lambda arithmetic, communication: arithmetic + communication,
):
    """Return the right time, with what a known mistake changes as arguments."""

    def wrong(flop, speed, size, bandwidth, latency, workers):
        communication = sent(workers) * size / bandwidth + waits(workers) * latency
        return total(compute(workers) * flop / speed, communication)

    return wrong


STEP_TIME = Exercise(
    name="step-time",
    page="beyond-one-machine",
    solution=solutions.step_time,
    returns=("seconds",),
    cases=machines,
    hints=(
        "Two terms that are added: the arithmetic of a worker's share, and the all-reduce.",
        "A worker sends N - 1 messages in each half of the ring, and each holds one chunk: size / "
        "N bytes.",
        "A message takes latency + size / N / bandwidth seconds, and there are 2 * (N - 1).",
    ),
    misconceptions=(
        Misconception(
            "one-half-of-the-ring",
            seconds_but(sent=lambda N: (N - 1) / N, waits=lambda N: N - 1),
            "You count one half of the all-reduce. The sums have to be gathered as well, which "
            "takes as many messages again: the factor is 2.",
            COST,
        ),
        Misconception(
            "whole-gradient-in-each-message",
            seconds_but(sent=lambda N: 2 * (N - 1)),
            "Each of your messages holds the whole gradient. In a ring it holds one chunk, size / "
            "workers, so the bytes that a worker sends hardly grow with the ring.",
            COST,
        ),
        Misconception(
            "one-chunk-a-half",
            seconds_but(sent=lambda N: 2 / N),
            "You count the bytes of one chunk in each half. A worker sends one in every step, and "
            "a half has N - 1 steps.",
            COST,
        ),
        Misconception(
            "share-upside-down",
            seconds_but(sent=lambda N: 2 * N / (N - 1)),
            "The share is upside down: a worker sends (N - 1) / N of the gradient in each half. "
            "With one worker that is nothing.",
            COST,
        ),
        Misconception(
            "arithmetic-not-divided",
            seconds_but(compute=lambda N: 1),
            "Your arithmetic does not shrink with the workers. flop is that of the whole batch, "
            "and each worker has a share of it.",
            COST,
        ),
        Misconception(
            "all-divided",
            seconds_but(sent=lambda N: 2 * (N - 1) / N**2, waits=lambda N: 2 * (N - 1) / N),
            "You divide the communication by the number of workers too. All of them send at the "
            "same time, and each has to send all of its messages.",
            COST,
        ),
        Misconception(
            "no-latency",
            seconds_but(waits=lambda N: 0),
            "The latency is missing. Each message waits for it, and for small networks and many "
            "workers it is most of the time.",
            COST,
        ),
        Misconception(
            "latency-once",
            seconds_but(waits=lambda N: 1),
            "You wait once. A worker sends 2 * (N - 1) messages, one after another, and each has "
            "its latency.",
            COST,
        ),
        Misconception(
            "latency-of-one-half",
            seconds_but(waits=lambda N: N - 1),
            "You counted both halves for the bytes, and one for the latency. It is 2 * (N - 1) "
            "times the latency.",
            COST,
        ),
        Misconception(
            "bytes-turned-into-bits",
            seconds_but(sent=lambda N: 16 * (N - 1) / N),
            "You multiply by 8. Here size and bandwidth are both in bytes.",
            COST,
        ),
        Misconception(
            "overlapped",
            seconds_but(total=max),
            "You take the longer of the two, as if the gradients travelled during the arithmetic. "
            "In this model they travel afterwards: add.",
            COST,
        ),
    ),
)


# --- scaling-efficiency --------------------------------------------------------------------------


def measurements(rng):
    """Return tables in which one worker is neither always first nor always slowest."""
    sorted_by_workers = np.array([1, 2, 4]), np.array([8.0, 5.0, 4.0])
    slower = np.array([4, 1, 2]), np.array([1.0, 0.6, 1.4])
    random = [(rng.permutation([1, 2, 3, 4, 8]), rng.uniform(0.5, 2, 5)) for _ in range(2)]
    return [sorted_by_workers, slower, *random]


def of_speedup(rule, efficiency=lambda speedup, workers: speedup / workers):
    """Return an answer whose speedup is rule(alone, times)."""

    def wrong(workers, times):
        speedup = rule(times[workers == 1], times)
        return speedup, efficiency(speedup, workers)

    return wrong


def right(alone, times):
    return alone / times


SCALING_EFFICIENCY = Exercise(
    name="scaling-efficiency",
    page="beyond-one-machine",
    solution=solutions.scaling_efficiency,
    returns=("speedup", "efficiency"),
    cases=measurements,
    hints=(
        "How many times as fast as a single worker? Twice as fast has to give 2.",
        "Look for the entry of one worker, wherever it stands: times[workers == 1].",
        "The speedup is that time divided by times, and the efficiency is the speedup divided by "
        "workers.",
    ),
    misconceptions=(
        Misconception(
            "upside-down",
            of_speedup(lambda alone, times: times / alone),
            "Your speedup is upside down: it falls where a step gets faster. Divide the time of "
            "one worker by the others.",
            MEASURED,
        ),
        Misconception(
            "seconds-saved",
            of_speedup(lambda alone, times: alone - times),
            "These are the seconds saved. A speedup is a ratio, without a unit.",
            MEASURED,
        ),
        Misconception(
            "weak-scaling",
            of_speedup(right, lambda speedup, workers: speedup),
            "Your efficiency is the one of weak scaling, where every worker has a full batch of "
            "its own. Here they share one batch: divide the speedup by the workers.",
            MEASURED,
        ),
        Misconception(
            "multiplied-by-workers",
            of_speedup(right, lambda speedup, workers: speedup * workers),
            "You multiply by the workers. Perfect scaling would be a speedup of N, and an "
            "efficiency of 1: divide.",
            MEASURED,
        ),
        Misconception(
            "efficiency-upside-down",
            of_speedup(right, lambda speedup, workers: workers / speedup),
            "Your efficiency is upside down: it is large where little is gained. It is the share "
            "of the perfect speedup, N.",
            MEASURED,
        ),
        Misconception(
            "against-the-entry-before",
            of_speedup(lambda _, times: np.append(times[0], times[:-1]) / times),
            "You compare each entry with the one before. All are compared with one worker.",
            MEASURED,
        ),
        Misconception(
            "against-the-first-entry",
            of_speedup(lambda _, times: times[0] / times),
            "You compare with the first entry, which is not always the one of a single worker. "
            "Look for workers == 1.",
            MEASURED,
        ),
        Misconception(
            "against-the-slowest",
            of_speedup(lambda _, times: times.max() / times),
            "You compare with the slowest entry. More workers may be slower than one, and then "
            "their speedup is below 1.",
            MEASURED,
        ),
        Misconception(
            "in-percent",
            of_speedup(right, lambda speedup, workers: 100 * speedup / workers),
            "Your efficiency is in percent. A share is asked for: 1 is perfect.",
            MEASURED,
        ),
    ),
)
