"""The solutions of "Beyond one machine", against PyTorch, closed forms and counted messages."""

import numpy as np
import pytest

from nnbook.exercises import check
from nnbook.exercises.solutions import beyond_one_machine as solutions


@pytest.mark.parametrize("counts", [[4, 4], [7, 1], [5, 0, 2], [8], [1, 2, 3, 4]])
def test_shard_gradients(counts, rng, torch):
    X, y = torch.tensor(rng.normal(size=(sum(counts), 3))), torch.arange(sum(counts)) % 4
    N = torch.tensor(rng.normal(size=(3, 4)), requires_grad=True)

    def gradient(X, y):
        if len(y) == 0:
            return np.zeros((3, 4))
        loss = torch.nn.functional.cross_entropy(X @ N, y)
        return torch.autograd.grad(loss, N)[0].numpy()

    shards = zip(X.split(counts), y.split(counts), strict=True)
    got = solutions.shard_gradients([gradient(*shard) for shard in shards], np.array(counts))
    np.testing.assert_allclose(got, gradient(X, y), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("N", [1, 2, 3, 6])
def test_ring_all_reduce(N, rng):
    """Chunk c starts at worker c, so worker r's holds what the workers from c on to r have."""
    parts = rng.normal(size=(N, N))
    scattered, reduced = solutions.ring_all_reduce(parts)
    for r in range(N):
        for c in range(N):
            met = [(c + k) % N for k in range((r - c) % N + 1)]
            assert scattered[r, c] == pytest.approx(parts[met, c].sum())
    np.testing.assert_allclose(reduced, np.tile(parts.sum(axis=0), (N, 1)))


@pytest.mark.parametrize("N", [1, 2, 7, 1000])
def test_step_time(N):
    flop, speed, size, bandwidth, latency = 6e9, 2e10, 4e7, 1e9, 1e-3
    wanted = flop / (N * speed) + 2 * (N - 1) / N * size / bandwidth + 2 * (N - 1) * latency
    got = solutions.step_time(flop, speed, size, bandwidth, latency, N)
    assert got == pytest.approx(wanted, rel=1e-12)


def test_a_step_takes_as_many_messages_as_the_ring_has(rng):
    """With no arithmetic and a latency of 1, the seconds count what a worker sends."""

    class Counted(np.ndarray):
        written = 0

        def __setitem__(self, place, value):
            Counted.written += 1
            super().__setitem__(place, value)

    N = 5
    solutions.ring_all_reduce(rng.normal(size=(N, N)).view(Counted))
    assert solutions.step_time(0, 1, 0, 1, 1, N) == Counted.written / N


def test_scaling_efficiency_of_a_law_of_amdahl():
    workers, serial = np.array([4, 1, 16, 2]), 0.2
    speedup, efficiency = solutions.scaling_efficiency(workers, 7 * (serial + 0.8 / workers))
    np.testing.assert_allclose(speedup, [2.5, 1, 4, 5 / 3])
    np.testing.assert_allclose(efficiency, [0.625, 1, 0.25, 5 / 6])


def averaged(gradients, counts):
    return np.average(gradients, axis=0, weights=counts)


def ring_by_array(parts):
    N, state, r = len(parts), parts.copy(), np.arange(len(parts))
    for s in range(N - 1):
        state[(r + 1) % N, (r - s) % N] += state[r, (r - s) % N]
    return state, np.tile(parts.sum(axis=0), (N, 1))


def time_of_the_formula(flop, speed, size, bandwidth, latency, workers):
    if workers == 1:
        return flop / speed
    sent = 2 * (workers - 1) / workers * size
    return flop / (workers * speed) + sent / bandwidth + 2 * (workers - 1) * latency


def efficiency_by_list(workers, times):
    alone = dict(zip(workers, times, strict=True))[1]
    speedup = [alone / t for t in times]
    return speedup, [s / w for s, w in zip(speedup, workers, strict=True)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("shard-gradients", averaged),
        ("ring-all-reduce", ring_by_array),
        ("step-time", time_of_the_formula),
        ("scaling-efficiency", efficiency_by_list),
    ],
)
def test_a_right_answer_in_another_form_passes_whatever_the_seed(name, answer, seed):
    result = check(name, answer, rng=seed)
    assert result.passed, result.message


def ring_without_a_copy(parts):
    state = parts.copy()
    scattered = state
    state[:] = solutions.ring_all_reduce(parts)[1]
    return scattered, state


def whole_gradient_in_a_loop(flop, speed, size, bandwidth, latency, workers):
    seconds = flop / workers / speed
    for _ in range(2 * (workers - 1)):
        seconds += latency + size / bandwidth
    return seconds


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "answer", "mistake"),
    [
        ("shard-gradients", lambda g, m: np.mean(averaged(g, m)), "shape-lost"),
        ("ring-all-reduce", ring_without_a_copy, "sums-everywhere"),
        ("step-time", whole_gradient_in_a_loop, "whole-gradient-in-each-message"),
        ("scaling-efficiency", lambda w, t: (t[0] / t, t[0] / t / w), "against-the-first-entry"),
    ],
)
def test_a_mistake_is_named_in_another_form(name, answer, mistake, seed):
    assert check(name, answer, rng=seed).misconception == mistake


def sorted_first(workers, times):
    """Return the right numbers in the order of the workers, not of the entries."""
    order = np.argsort(workers)
    return solutions.scaling_efficiency(workers[order], times[order])


def empty_shares_count_as_one(gradients, counts):
    return solutions.shard_gradients(gradients, np.maximum(counts, 1))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("shard-gradients", empty_shares_count_as_one),
        ("ring-all-reduce", lambda parts: solutions.ring_all_reduce(parts)[::-1]),
        ("step-time", lambda *case: solutions.step_time(*case[:-1], case[-1] + 1)),
        ("scaling-efficiency", sorted_first),
    ],
)
def test_a_wrong_answer_is_refused_whatever_the_seed(name, answer, seed):
    assert not check(name, answer, rng=seed).passed
