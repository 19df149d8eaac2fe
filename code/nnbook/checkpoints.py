r"""Checkpoints: a network, and where its training stood, in one safetensors file.

The numbers are stored as they are, bit for bit; the architecture and the settings are JSON in the
file's header. :mod:`nnbook.tensor_files` writes and reads it.

Chapter: :doc:`/engine`.
"""

import json

import numpy as np

import nnbook.layers
from nnbook.losses import LOSSES
from nnbook.tensor_files import checksum, header_of, read_tensors, write_tensors

KEY = "nnbook"
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
    header, tensors = read_tensors(path, KEY)
    parts = {"network": {}, "training": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts.get(part, {})[rest] = tensor
    with header_of(path):
        description, state = dict(header["network"]), header["training"]
        state = None if state is None else dict(state) | parts["training"]
    return description, parts["network"], state


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


def _write(path, network, arrays, values):
    weights = network.get_weights()
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(f"the network is not saved: {name} holds nan or inf")
    tensors = {f"network/{name}": array for name, array in weights.items()}
    tensors |= {f"training/{name}": np.ascontiguousarray(a) for name, a in arrays.items()}
    write_tensors(path, KEY, tensors, {"network": describe_network(network), "training": values})
