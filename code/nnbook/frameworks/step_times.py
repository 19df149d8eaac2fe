"""The command that times a training step on a device.

Chapter: :doc:`/beyond-one-machine`.
"""

import argparse
import sys
import time

import numpy as np

from nnbook.frameworks.data_parallel import take_step
from nnbook.frameworks.data_parallel_settings import MODELS, Settings
from nnbook.frameworks.processes import Group
from nnbook.frameworks.torch_mlp import choose_device, describe_device, torch
from nnbook.validation import check_count

DESCRIPTION = """Time a training step against the size of its batch, on a device.

  python -m nnbook.frameworks.step_times --device cuda --batches 16 128 1024

The samples lie on the device already, as they do in nnbook.frameworks.train_ddp.
"""

COLUMNS = ("model", "device", "batch", "seconds")


def make_step(model, batch, device):
    """Return a function of a number that takes a step of Adam on random images.

    Parameters
    ----------
    model : {"mlp", "cnn"}
        As in :class:`nnbook.frameworks.data_parallel_settings.Settings`.
    batch : int
        Images a step.
    device : str or torch.device
        Where to compute.

    Raises
    ------
    ValueError, TypeError
        If there is no such model, or `batch` is no positive integer.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    settings, group = Settings(model=model, batch_size=batch), Group(device=device)
    network = group.wrap(settings.make_model())
    optimizer = settings.make_optimizer(network)
    x = torch.rand(2 * batch, 784, device=device)
    y = torch.randint(10, (2 * batch,), device=device)
    halves = np.random.default_rng(0).permutation(2 * batch).reshape(2, batch)

    def step(i):
        take_step(network, optimizer, x, y, halves[i % 2], group)

    return step


def time_steps(step, device, seconds=0.2):
    """Return the mean seconds a step, over about so many seconds of them.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    for i in range(3):  # the first ones find cold caches
        step(i)
    count, started = 0, _now(device)
    while count < 3 or time.perf_counter() - started < seconds:
        step(count)
        count += 1
    return (_now(device) - started) / count


def _now(device):
    kind = torch.device(device).type
    if kind != "cpu":
        getattr(torch, kind).synchronize()  # it may still be busy with what it was given
    return time.perf_counter()


def main(arguments=None):
    """Run the command line, which prints a table; return its exit status: 0, or 2 if refused.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m nnbook.frameworks.step_times",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps; default: auto")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=[*MODELS])
    parser.add_argument("--batches", nargs="+", type=int, default=[16, 128, 1024], metavar="N")
    options = parser.parse_args(arguments)
    try:
        device = choose_device(options.device)
        for batch in options.batches:
            check_count("batches", batch)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(",".join(COLUMNS))
    for model in options.models:
        for batch in options.batches:
            seconds = time_steps(make_step(model, batch, device), device)
            print(f"{model},{describe_device(device)},{batch},{seconds:.3g}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
