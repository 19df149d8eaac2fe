"""The processes that train one network together: who they are, and what they say to each other.

``torchrun`` starts them and tells each its place in environment variables. Without it there is one
process, which talks to nobody.

Chapter: :doc:`/beyond-one-machine`.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from nnbook.frameworks.torch_mlp import choose_device, torch

dist = torch.distributed
PATIENCE = timedelta(minutes=5)  # how long a process waits for the others


@dataclass(frozen=True)
class Group:
    """A process among those that train together.

    Parameters
    ----------
    rank : int
        The number of this process, from 0.
    world_size : int
        How many processes there are, on all machines.
    device : str or torch.device
        Where this process computes.
    backend : str or None
        What the processes talk through: "gloo", "nccl", or None where there is one process.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """

    rank: int = 0
    world_size: int = 1
    device: object = "cpu"
    backend: str | None = None

    def wrap(self, model):
        """Return `model` on the device, with gradients that are averaged over the processes.

        All processes start from the weights of rank 0.
        """
        model.to(self.device)
        return torch.nn.parallel.DistributedDataParallel(model) if self.backend else model

    def share(self, samples):
        """Return this process's share: every `world_size`-th sample, from the `rank`-th on."""
        return samples[self.rank :: self.world_size]

    def sum(self, *numbers):
        """Return the sums of `numbers` over all processes, in float64 where the device has it."""
        dtype = torch.float32 if torch.device(self.device).type == "mps" else torch.float64
        total = torch.tensor(numbers, dtype=dtype, device=self.device)
        if self.backend:
            dist.all_reduce(total)
        return total.tolist()

    def from_first(self, function):
        """Return in every process what `function` returns, or raise what it raises, on rank 0."""
        answer = [None, None]
        if self.rank == 0:
            try:
                answer = [function(), None]
            except (OSError, ValueError) as error:
                answer = [None, error]
        if self.backend:
            dist.broadcast_object_list(answer, src=0, device=torch.device(self.device))
        if answer[1] is not None:
            raise answer[1]
        return answer[0]


@contextmanager
def process_group(device="auto"):
    """Join the processes that torchrun has started; leave them at the end of the block.

    Parameters
    ----------
    device : str, default "auto"
        "auto" gives every process a CUDA GPU of its own if there are enough of them. Otherwise
        several processes compute on the CPU, and a single one where
        :func:`nnbook.frameworks.torch_mlp.choose_device` says.

    Returns
    -------
    Group
        This process among the others. GPUs talk through NCCL, CPUs through Gloo.

    Raises
    ------
    ValueError, TypeError
        If `device` is not there, is Apple's GPU and there are several processes, or there are
        fewer GPUs than processes.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    world_size = int(os.environ.get("WORLD_SIZE", 1))
    if world_size == 1:
        yield Group(device=choose_device(device))
        return
    device = _own_device(device)
    backend = "nccl" if device.startswith("cuda") else "gloo"
    store, rank, world_size = _meeting_place()
    dist.init_process_group(
        backend, store=store, rank=rank, world_size=world_size, timeout=PATIENCE
    )
    try:
        yield Group(rank, world_size, device, backend)
    finally:
        dist.destroy_process_group()


def _meeting_place():
    """Return the store in which the processes find each other, their rank and number.

    torchrun keeps one store when it restarts them, and in it the addresses of the dead, for which
    the living then wait (pytorch/pytorch, issue 135712). So each attempt writes under a name of its
    own. Agents on several machines count attempts apart; there torchrun itself has to make new
    stores, for which it wants TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1.
    """
    store, rank, world_size = next(dist.rendezvous("env://", timeout=PATIENCE))
    if os.environ.get("GROUP_WORLD_SIZE") == "1":
        store = dist.PrefixStore(f"attempt {os.environ['TORCHELASTIC_RESTART_COUNT']}", store)
    return store, rank, world_size


def _own_device(device):
    """Return the device of one process among several on this machine."""
    here, rank = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["LOCAL_RANK"])
    gpus = torch.cuda.device_count()
    if device == "auto":
        device = "cuda" if gpus >= here else "cpu"
    device = str(choose_device(device))
    if device == "cpu":
        return device
    if device != "cuda":
        raise ValueError(f"device is {device!r}, expected auto, cpu or cuda for {here} processes")
    if gpus < here:
        raise ValueError(f"device is 'cuda' for {here} processes, but {gpus} GPUs are here")
    torch.cuda.set_device(rank)
    return f"cuda:{rank}"
