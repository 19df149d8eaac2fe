"""Time a step against the size of its batch, on the CPU and on a GPU where there is one.

Usage, about three minutes on two cores:

    python benchmarks/devices.py [--quick]

The devices take turns, and PyTorch uses as many threads as it likes. Counts the operations of a
step on a GPU, too: each is started on its own. Writes the table behind the figure on GPUs in
"Beyond one machine".
"""

import numpy as np
import torch
from common import quartiles, read_arguments, write_table
from torch.utils._python_dispatch import TorchDispatchMode

from nnbook.frameworks.data_parallel import take_step
from nnbook.frameworks.data_parallel_settings import Settings
from nnbook.frameworks.processes import Group
from nnbook.frameworks.step_times import make_step, time_steps
from nnbook.frameworks.torch_mlp import choose_device, describe_device

BATCHES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
MODELS = ("mlp", "cnn")
ROUNDS = 7
COLUMNS = ("model", "device", "threads", "operations", "batch", "seconds", "q1", "q3")


def main():
    arguments = read_arguments(__doc__)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    devices = dict.fromkeys(["cpu", choose_device()])
    rows = []
    for model in MODELS:
        for batch in BATCHES[:2] if arguments.quick else BATCHES:
            steps = {device: make_step(model, batch, device) for device in devices}
            times = {device: [] for device in devices}
            for _ in range(2 if arguments.quick else ROUNDS):
                for device, step in steps.items():
                    times[device].append(time_steps(step, device))
            operations = count_operations(model, batch)
            for device in devices:
                threads = torch.get_num_threads() if device == "cpu" else 0
                row = (model, describe_device(device), threads, operations, batch)
                rows.append((*row, *quartiles(times[device])))
    write_table("devices", COLUMNS, rows, arguments.quick)


class Operations(TorchDispatchMode):
    """Counts what PyTorch computes; a view of a tensor is no operation."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        returned = [value.alias_info for value in function._schema.returns]
        self.count += not any(alias and not alias.is_write for alias in returned)
        return function(*args, **kwargs or {})


def count_operations(model, batch):
    """Count them as on a GPU, where Adam takes all parameters of a kind in one operation."""
    network = Settings(model=model).make_model()
    optimizer = torch.optim.Adam(network.parameters(), foreach=True)
    x, y = torch.rand(batch, 784), torch.zeros(batch, dtype=torch.int64)
    with Operations() as operations:
        take_step(network, optimizer, x, y, np.arange(batch), Group())
    return operations.count


if __name__ == "__main__":
    main()
