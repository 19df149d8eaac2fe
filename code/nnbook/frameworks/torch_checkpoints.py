"""Checkpoints of a training in PyTorch: weights, the optimizer's memory, and the steps taken.

:mod:`nnbook.tensor_files` writes them whole or not at all, and finds damage by a checksum.

Chapter: :doc:`/beyond-one-machine`.
"""

import numpy as np

from nnbook.frameworks.torch_mlp import torch
from nnbook.tensor_files import header_of, read_tensors, write_tensors

KEY = "nnbook.torch"


class NotSavedError(OSError):
    """A checkpoint could not be written; the one before stands.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """


def save_checkpoint(path, model, optimizer, settings, step):
    """Write a training as it stands, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
        The file; an existing one is replaced.
    model : torch.nn.Module
        Its parameters and buffers are stored.
    optimizer : torch.optim.Optimizer
        Over the parameters of `model`; what it remembers of each is stored.
    settings : dict
        What the training depends on, as JSON can hold it.
    step : int
        How many steps were taken.

    Raises
    ------
    FloatingPointError
        If a number is not finite. The file stays as it is.
    NotSavedError
        If the file cannot be written.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    for i, memory in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{i}/{name}": value for name, value in memory.items()}
    arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(f"no checkpoint is written: {name} holds nan or inf")
    try:
        write_tensors(path, KEY, arrays, {"settings": settings, "step": step})
    except OSError as error:
        reason = error.strerror or error
        raise NotSavedError(f"{path} is not written at step {step}: {reason}") from error


def read_checkpoint(path, settings):
    """Return what :func:`save_checkpoint` wrote, if it is of the same training.

    Parameters
    ----------
    path : str or PathLike
        The file.
    settings : dict
        Those of the training that is to go on.

    Returns
    -------
    step : int
        How many steps were taken.
    arrays : dict of str to ndarray
        For :func:`restore`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, not one of ours, or of a training with other settings.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    header, arrays = read_tensors(path, KEY)
    with header_of(path):
        step, found = int(header["step"]), dict(header["settings"])
    for name, value in settings.items():
        if found.get(name) != value:
            raise ValueError(
                f"checkpoint: {path} is of a training with {name} {found.get(name)!r}, expected "
                f"{value!r}"
            )
    return step, arrays


def restore(model, optimizer, arrays):
    """Put the arrays of :func:`read_checkpoint` into a model and its optimizer, in place.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    weights, memory = {}, {}
    for name, array in arrays.items():
        part, _, rest = name.partition("/")
        if part == "model":
            weights[rest] = torch.from_numpy(array)
        else:
            i, _, kind = rest.partition("/")
            memory.setdefault(int(i), {})[kind] = torch.from_numpy(array)
    model.load_state_dict(weights)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": memory})
