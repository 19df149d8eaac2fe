"""Time an epoch against width, depth, batch size and number of samples: nnbook beside PyTorch.

Usage, about three minutes on two cores:

    python benchmarks/scaling.py [--quick]

One thing varies, the others stay at 12,800 images, batches of 128 and the network named in
`AXES`. Writes the table behind the figure of "How fast is it?".
"""

import json
import time

import numpy as np
from common import answer, processes, quartiles, read_arguments, wait, write_table
from contenders import CONTENDERS, Task

from nnbook import load_mnist
from nnbook.preprocessing import flatten_images

REPEATS, SAMPLES = 3, 12_800
NAMES = ("nnbook", "torch_fused", "floor")
COLUMNS = ("axis", "value", "contender", "seconds", "first_quartile", "third_quartile")
AXES = {
    "width": [(h, {"sizes": (784, h, h, 10)}) for h in (32, 64, 128, 256, 512, 1024, 2048)],
    "depth": [(d, {"sizes": (784, *[256] * d, 10)}) for d in (1, 2, 4, 8, 16)],
    "batch": [(b, {"batch_size": b}) for b in (8, 32, 128, 512, 2048)],
    "samples": [(m, {"samples": m}) for m in (800, 3_200, 12_800, 51_200)],
}


def compete(name):
    """Answer a setting, written as JSON, with the seconds of every epoch but the first."""
    contender = CONTENDERS[name]
    (images, y), _ = load_mnist()
    x = flatten_images(images)
    answer()
    while True:
        settings = json.loads(wait())
        m = settings.pop("samples", SAMPLES)
        epochs = 2 + SAMPLES // m  # in a few short ones the caches would still be cold
        ends = []
        task = Task(epochs=epochs, **settings)
        contender.train(x[:m], y[:m], task, lambda ends=ends: ends.append(time.perf_counter()))
        answer(*np.diff(ends))


def main():
    arguments = read_arguments(__doc__, NAMES)
    if arguments.name:
        compete(arguments.name)
    axes = {"samples": AXES["samples"][:1]} if arguments.quick else AXES
    cases = [(axis, *case) for axis, values in axes.items() for case in values]
    seconds = {(i, name): [] for i in range(len(cases)) for name in NAMES}
    with processes(NAMES) as contenders:
        for _ in range(1 if arguments.quick else REPEATS):
            for (i, name), times in seconds.items():
                times += contenders[name].ask(json.dumps(cases[i][2]))
    rows = [
        (*cases[i][:2], CONTENDERS[name].label, *quartiles(times))
        for (i, name), times in seconds.items()
    ]
    write_table("scaling", COLUMNS, rows, arguments.quick)


if __name__ == "__main__":
    main()
