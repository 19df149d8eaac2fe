r"""Checkpoints: a network, and where its training stood, in one safetensors file.

The numbers are stored as they are, bit for bit; the architecture and the settings are JSON in the
file's header. Nothing in the file is code, so a file from elsewhere can do no more than be wrong.
A file is written under another name and then renamed: a reader finds the old one or the new one.

Chapter: :doc:`/engine`.
"""

import hashlib
import json
import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path

import numpy as np

import nnbook.layers
from nnbook.losses import LOSSES

KEY, FORMAT = "nnbook", 1
LAYERS = {name: getattr(nnbook.layers, name) for name in nnbook.layers.__all__ if name != "Layer"}
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def describe_network(network):
    """Return the architecture of a network as data that JSON can hold.

    Raises
    ------
    TypeError
        If a layer or the loss is not one of this package: no file could bring it back.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return {
        "layers": [_describe(layer, LAYERS.values()) for layer in network.layers],
        "loss": _describe(network.loss, LOSSES.values()),
        "dtype": network.dtype.name,
    }


def save_network(path, network):
    """Write the architecture, the parameters and the buffers of a network.

    Parameters
    ----------
    path : str or PathLike
        The file; an existing one is replaced, whole or not at all.
    network : Network
        What is saved.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    FloatingPointError
        If a parameter is not finite.
    TypeError
        As :func:`describe_network`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    _write(path, network, {}, None)


def save_training(path, trainer):
    """Write a network and the whole state of its training.

    Parameters
    ----------
    path : str or PathLike
        The file; an existing one is replaced, whole or not at all.
    trainer : Trainer
        What is saved.

    Raises
    ------
    FileNotFoundError, FloatingPointError, TypeError
        As :func:`save_network`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    values, arrays = {}, {}
    for name, value in trainer.state_dict().items():
        (arrays if isinstance(value, np.ndarray) else values)[name] = value
    _write(path, trainer.network, arrays, values)


def read(path):
    """Return the architecture, the weights and, if it is there, the training state of a file.

    Parameters
    ----------
    path : str or PathLike
        A file that :func:`save_network` or :func:`save_training` wrote.

    Returns
    -------
    description : dict
        As :func:`describe_network` gives it.
    weights : dict of str to ndarray
        As ``Network.get_weights`` gives them.
    state : dict or None
        As ``Trainer.state_dict`` gives it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, damaged, or not one of ours.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise FileNotFoundError(f"path: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is not None:  # the types of other files may be unknown to NumPy
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"path: {path} is truncated or no safetensors file ({error})") from error
    if text is None:
        raise ValueError(f"path: {path} was not written by nnbook: its header has no {KEY!r}")
    header = _parse(path, text, tensors)
    parts = {"network": {}, "training": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts.get(part, {})[rest] = tensor
    state = header["training"]
    if state is not None:
        state |= parts["training"]
    return header["network"], parts["network"], state


def rebuild(path, description, network_class, rng=None):
    """Return a network of the architecture that :func:`read` found.

    Parameters
    ----------
    path : str or PathLike
        Where the description comes from, for messages.
    description : dict
        As :func:`describe_network` gives it.
    network_class : type
        A subclass of Network: what is to be made.
    rng : numpy.random.Generator, int or None
        Source of what is random in further training.

    Raises
    ------
    ValueError
        If the description makes no network.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    losses = {loss.__name__: loss for loss in LOSSES.values()}
    try:
        layers = [_make(entry, LAYERS) for entry in description["layers"]]
        loss = _make(description["loss"], losses)
        return network_class(layers, loss, rng, description["dtype"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"path: {path} describes no network of nnbook: {error}") from error


def check_same_network(path, description, network):
    """Refuse the file of another architecture, naming the first difference.

    Raises
    ------
    ValueError
        If the description is not that of `network`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    own = json.loads(json.dumps(describe_network(network)))  # JSON makes lists of tuples
    theirs, ours = description.get("layers", []), own["layers"]
    if len(theirs) != len(ours):
        raise ValueError(f"path: {path} has {len(theirs)} layers, expected {len(ours)}")
    for i, (their, our) in enumerate(zip(theirs, ours, strict=True)):
        if their != our:
            raise ValueError(f"path: {path} has {their} as layers[{i}], expected {our}")
    for part in ("loss", "dtype"):
        if description.get(part) != own[part]:
            raise ValueError(
                f"path: {path} has {description.get(part)} as {part}, expected {own[part]}"
            )


def fingerprint(x, y):
    """Return a checksum by which a resumed training knows its data again.

    It covers all targets and, because there may be many, of the samples only the first, the last
    and their number.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    parts = {"x": np.array(x.shape), "first": x[0], "last": x[-1], "y": y}
    return checksum({}, parts)[:16]


def random_state(rng):
    """Return the state of a generator as data that JSON can hold.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return json.loads(json.dumps(rng.bit_generator.state, default=_as_list))


def make_generator(state):
    """Return a generator with the state that :func:`random_state` gave.

    Raises
    ------
    ValueError
        If the state is none of NumPy's generators'.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if state["bit_generator"] not in BIT_GENERATORS:
        raise ValueError(f"unknown random generator {state['bit_generator']!r}")
    bit_generator = getattr(np.random, state["bit_generator"])()
    bit_generator.state = state
    return np.random.Generator(bit_generator)


def _as_list(value):
    return value.tolist()


def _describe(thing, known):
    if type(thing) not in known:
        raise TypeError(f"{thing!r} is not of nnbook, and no file could bring it back")
    entry = {"type": type(thing).__name__} | thing.config()
    if "layers" in entry:
        entry["layers"] = [_describe(layer, known) for layer in entry["layers"]]
    return entry


def _make(entry, known):
    arguments = dict(entry)
    if "layers" in arguments:
        arguments["layers"] = [_make(layer, known) for layer in arguments["layers"]]
    return known[arguments.pop("type")](**arguments)


def checksum(header, tensors):
    """Return a checksum of everything that is in a file.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    digest = hashlib.sha256(json.dumps(header).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).ravel())  # no copy: targets may be many
    return digest.hexdigest()


def _parse(path, text, tensors):
    """Return the header of a file of ours."""
    try:
        header = json.loads(text)
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, expected {FORMAT}")
        if header.pop("sha256") != checksum(header, tensors):
            raise ValueError("its checksum is another one, so the file is damaged")
        training = header["training"]
        return {
            "network": dict(header["network"]),
            "training": None if training is None else dict(training),
        }
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"path: {path} has a header that nnbook cannot read: {error}") from error


def _write(path, network, arrays, values):
    from safetensors.numpy import save

    weights = network.get_weights()
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(f"the network is not saved: {name} holds nan or inf")
    tensors = {f"network/{name}": array for name, array in weights.items()}
    tensors |= {f"training/{name}": np.ascontiguousarray(a) for name, a in arrays.items()}
    header = {"format": FORMAT, "network": describe_network(network), "training": values}
    header |= {"sha256": checksum(header, tensors)}
    write_whole(path, save(tensors, {KEY: json.dumps(header)}))


def check_writable(path):
    """Return the path that a file can be written to, links followed.

    Raises
    ------
    FileNotFoundError
        If its folder does not exist.
    ValueError
        If something other than a file is there.
    TypeError
        If `path` is no path.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {path!r}, expected the path of a file")
    path = Path(path).resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: the folder {path.parent} does not exist")
    if path.exists() and not path.is_file():
        raise ValueError(f"path: {path} exists and is no file")
    return path


def write_whole(path, data):
    """Write bytes to a file so that a crash at any moment leaves the old file or the new one.

    They go to a new file in the same folder, are forced to the disk, and the file takes the name
    of the old one in a single operation of the file system. A process killed in between leaves
    the hidden file behind, and nothing else.

    Parameters
    ----------
    path : str or PathLike
        The file.
    data : bytes
        All of its content.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        As :func:`check_writable`.
    PermissionError
        On Windows, if another process is reading the old file; it stays as it is.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    path = check_writable(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
