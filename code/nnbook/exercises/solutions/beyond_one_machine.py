"""Solutions to the checked exercises of :doc:`/beyond-one-machine`."""

import numpy as np


def shard_gradients(gradients, counts):
    """Mean gradient of a batch, from each worker's mean gradient and number of samples."""
    total = np.zeros_like(gradients[0])
    for gradient, count in zip(gradients, counts, strict=True):
        total += count * gradient
    return total / np.sum(counts)


def ring_all_reduce(parts):
    """States after the reduce-scatter and the all-gather; parts is (N, N), a row a worker."""
    N, state = len(parts), parts.copy()
    for s in range(N - 1):
        for r in range(N):
            chunk = (r - s) % N
            state[(r + 1) % N, chunk] += state[r, chunk]
    scattered = state.copy()
    for s in range(N - 1):
        for r in range(N):
            chunk = (r + 1 - s) % N
            state[(r + 1) % N, chunk] = state[r, chunk]
    return scattered, state


def step_time(flop, speed, size, bandwidth, latency, workers):
    """Seconds of a step: the arithmetic, then a ring all-reduce of a gradient of `size` bytes."""
    arithmetic = flop / workers / speed
    message = latency + size / workers / bandwidth
    return arithmetic + 2 * (workers - 1) * message


def scaling_efficiency(workers, times):
    """Speedup and efficiency of each entry, against the one of a single worker."""
    alone = times[workers == 1][0]
    speedup = alone / times
    return speedup, speedup / workers
