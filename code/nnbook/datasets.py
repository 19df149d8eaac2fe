"""MNIST, from the copy that ships with the package.

70,000 images of handwritten digits by LeCun, Cortes and Burges; see LICENSE-data for their terms.

Chapter: :doc:`/mnist-keras`.
"""

import hashlib
import io
from pathlib import Path

import numpy as np

MNIST_PATH = Path(__file__).parent / "data" / "mnist.npz"
MNIST_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"


def load_mnist():
    """Load the 60,000 training and 10,000 test images of MNIST.

    The names, shapes and types are those of ``keras.datasets.mnist.load_data()``. The file is
    verified by SHA-256 every time it is read.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        Images as uint8 of shape (m, 28, 28), 0 for background to 255 for ink; labels from 0 to 9
        as uint8 of shape (m,).

    Raises
    ------
    FileNotFoundError
        If the data file is missing.
    ValueError
        If it is damaged. Both messages give the command that restores it.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document
    Recognition", Proceedings of the IEEE 86 (1998), `doi:10.1109/5.726791
    <https://doi.org/10.1109/5.726791>`_.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    try:
        raw = MNIST_PATH.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{MNIST_PATH} is missing, expected the MNIST data. {_how_to_restore(MNIST_PATH)}"
        ) from None
    found = hashlib.sha256(raw).hexdigest()
    if found != MNIST_SHA256:
        raise ValueError(
            f"{MNIST_PATH} is damaged: {len(raw):,} bytes with SHA-256 {found}, "
            f"expected {MNIST_SHA256}. {_how_to_restore(MNIST_PATH)}"
        )
    with np.load(io.BytesIO(raw)) as data:
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])


def _how_to_restore(path):
    """One command: from git in a clone of nnbook, by reinstalling elsewhere."""
    root = path.parents[3]
    relative = "code/nnbook/data/mnist.npz"
    if path == root / relative and (root / ".git").exists():
        return f'Restore it with: git -C "{root}" checkout HEAD -- {relative}'
    source = _installed_from()
    if source is None:
        return "Get nnbook again from where you have it."
    return f'Restore it with: python -m pip install --force-reinstall --no-deps "nnbook @ {source}"'


def _installed_from():
    """Return the commit that pip installed nnbook from; None where it was installed otherwise."""
    import json  # here, because both are slow to import and seldom needed
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        record = json.loads(distribution("nnbook").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return None
    commit = record.get("vcs_info", {}).get("commit_id")
    return f"git+{record['url']}@{commit}" if commit else None
