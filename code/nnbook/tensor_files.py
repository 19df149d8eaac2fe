"""Arrays in a safetensors file: what they are is JSON in its header, with a checksum over all.

The numbers are stored as they are, bit for bit. Nothing in the file is code, so a file from
elsewhere can do no more than be wrong. A file is written under another name and then renamed: a
reader finds the old one or the new one.

Chapter: :doc:`/engine`.
"""

import hashlib
import json
import os
import shutil
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

FORMAT = 1


def write_tensors(path, key, tensors, header):
    """Write arrays, and a header that tells what they are, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
        The file; an existing one is replaced.
    key : str
        Whose file it is; :func:`read_tensors` wants the same.
    tensors : dict of str to ndarray
        What is stored.
    header : dict
        Anything that JSON can hold.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        As :func:`check_writable`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    from safetensors.numpy import save

    header = {"format": FORMAT} | header
    header |= {"sha256": checksum(header, tensors)}
    write_whole(path, save(tensors, {key: json.dumps(header)}))


def read_tensors(path, key):
    """Return the header and the arrays of a file that :func:`write_tensors` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, damaged, or not one with this key.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise FileNotFoundError(f"path: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(key)
            if text is not None:  # the types of other files may be unknown to NumPy
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"path: {path} is truncated or no safetensors file ({error})") from error
    if text is None:
        raise ValueError(f"path: {path} was not written by nnbook: its header has no {key!r}")
    with header_of(path):
        return _check_header(json.loads(text), tensors), tensors


@contextmanager
def header_of(path):
    """Raise ValueError, which names the file, if its header turns out to be another one.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"path: {path} has a header that nnbook cannot read: {error}") from error


def _check_header(header, tensors):
    if header["format"] != FORMAT:
        raise ValueError(f"format {header['format']}, expected {FORMAT}")
    if header.pop("sha256") != checksum(header, tensors):
        raise ValueError("its checksum is another one, so the file is damaged")
    return header


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


def check_writable(path):
    """Return the path that a file can be written to, links followed.

    Raises
    ------
    FileNotFoundError, PermissionError
        If its folder does not exist, or cannot be written to.
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
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"path: the folder {path.parent} cannot be written to")
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
