"""Time a step in one process and in several that share the batch, and what the talking takes.

Usage, about two minutes on two cores:

    python benchmarks/data_parallel.py [--quick]

All contenders are in one run and take turns, block by block: one process with one thread, several
processes with a thread each, one process with several threads. "arithmetic" is a step of several
processes that do not talk (DDP's no_sync), so that what is left is communication. Writes the tables
behind "Beyond one machine": the steps, and how long it takes to sum arrays over the processes.
"""

import os
import subprocess
import sys
import time
from contextlib import nullcontext

import numpy as np
from common import quartiles, read_arguments, write_table

SIZES = [n for n in (2, 4, 8) if n <= os.cpu_count()]  # processes, besides one
BATCHES = (128, 1024)
MODELS = ("mlp", "cnn")
KILOBYTES = (1, 4, 16, 64, 256, 1024, 4096, 16384)
ROUNDS, SECONDS = 15, 0.3
SUMS = 30  # a block of them; as in the steps, what counts is the mean
COLUMNS = ("model", "batch", "processes", "threads", "mode", "seconds", "q1", "q3")


def start_processes():
    """Run this script again, once for each process."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={SIZES[-1]}"]
    command = [sys.executable, *launcher, *sys.argv]
    sys.exit(subprocess.call(command, env=os.environ | {"OMP_NUM_THREADS": "1"}))


def main():
    arguments = read_arguments(__doc__)
    if "RANK" not in os.environ:
        start_processes()
    import torch

    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    steps = measure_steps(torch, rank, arguments.quick)
    sums = measure_sums(torch, arguments.quick)
    if rank == 0:
        write_table("data_parallel", COLUMNS, steps, arguments.quick)
        write_table(
            "all_reduce", ("processes", "bytes", "seconds", "q1", "q3"), sums, arguments.quick
        )
    torch.distributed.destroy_process_group()


# --- Steps ---------------------------------------------------------------------------------------


def measure_steps(torch, rank, quick):
    """Return a row for each network, batch and contender."""
    groups = {n: torch.distributed.new_group(range(n)) for n in SIZES}
    contenders = [(1, 1, "step"), *((1, n, "step") for n in SIZES)]
    contenders += [(n, 1, mode) for n in SIZES for mode in ("step", "arithmetic")]
    rows = []
    for model in MODELS:
        for batch in BATCHES:
            blocks = {
                contender: make_block(torch, rank, model, batch, groups, *contender)
                for contender in contenders
            }
            times = take_turns(torch, blocks, quick)
            rows += [(model, batch, *c, *quartiles(times[c])) for c in contenders]
    return rows


def make_block(torch, rank, model, batch, groups, processes, threads, mode):
    """Return a function that takes `count` steps, or None in a process without a part in it."""
    from nnbook.frameworks.data_parallel import take_step
    from nnbook.frameworks.data_parallel_settings import Settings
    from nnbook.frameworks.processes import Group

    if rank >= processes:
        return None
    settings = Settings(model=model, batch_size=batch)
    network = settings.make_model()
    shared = network
    if processes > 1:
        wrap = torch.nn.parallel.DistributedDataParallel
        shared = wrap(network, process_group=groups[processes])
    optimizer = settings.make_optimizer(network)
    group = Group(rank, processes)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(8 * batch, 784, generator=generator)
    y = torch.randint(10, (8 * batch,), generator=generator)
    batches = np.random.default_rng(0).permutation(8 * batch).reshape(8, batch)

    def block(count):
        torch.set_num_threads(threads)
        with shared.no_sync() if mode == "arithmetic" else nullcontext():
            for i in range(count):
                take_step(shared, optimizer, x, y, batches[i % 8], group)

    return block


def take_turns(torch, blocks, quick):
    """Return the seconds a step of each contender, block by block; all processes call this."""
    times = {contender: [] for contender in blocks}
    counts = {}
    for turn in range(2 if quick else ROUNDS + 1):
        for contender, block in blocks.items():
            seconds, count = time_block(torch, block, counts.get(contender, 5))
            if turn:
                times[contender].append(seconds)
            else:  # how many steps fill a block, as rank 0 sees it
                counts[contender] = count
    return times


def time_block(torch, block, count):
    """Run a block in the processes that have it; return seconds a step, and steps for a block."""
    torch.distributed.barrier()
    started = time.perf_counter()
    if block:
        block(count)
    seconds = (time.perf_counter() - started) / count
    torch.distributed.barrier()
    told = [seconds]
    torch.distributed.broadcast_object_list(told)
    return told[0], max(2, int(SECONDS / told[0]))


# --- Sums ----------------------------------------------------------------------------------------


def measure_sums(torch, quick):
    """Return a row for each size of array and number of processes."""
    rows = []
    for processes in SIZES:
        group = torch.distributed.new_group(range(processes))
        if torch.distributed.get_rank() >= processes:
            continue
        for kilobytes in KILOBYTES:
            array = torch.zeros(kilobytes * 256)
            time_sum(torch, array, group)  # the first one connects the processes
            times = [
                np.mean([time_sum(torch, array, group) for _ in range(SUMS)])
                for _ in range(2 if quick else ROUNDS)
            ]
            rows.append((processes, array.numel() * 4, *quartiles(times)))
    return rows


def time_sum(torch, array, group):
    """Return the seconds of a sum that follows on a millisecond of arithmetic.

    In a row of sums alone the processes would be awake already, and look faster than in a training.
    """
    work, started = torch.ones(200, 200), time.perf_counter()
    while time.perf_counter() - started < 1e-3:
        work @ work
    started = time.perf_counter()
    torch.distributed.all_reduce(array, group=group)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
