"""Pack the first images of Fashion-MNIST into code/nnbook/data/fashion_mnist_sample.npz.

Usage (needs the network once, or Debian's package dataset-fashion-mnist):

    python tools/make_fashion_sample.py

nnbook verifies the four files before they are used. The archive is written byte for byte the same
each time with the same zlib, and its own SHA-256 stands in nnbook/datasets.py.

The sizes of other forms of these 12,000 images, in MB: deflate 5.23, zopfli 5.15, the differences
of rows 5.09, LZMA 4.50. LZMA needs a module that some builds of Python lack, and the others save
too little for what they need.
"""

import hashlib
import io
import zipfile

import numpy as np

from nnbook.datasets import FASHION_SAMPLE_PATH, load_fashion_mnist


def main() -> None:
    (x_train, y_train), (x_test, y_test) = load_fashion_mnist()
    arrays = {
        "x_train": x_train[:10_000],
        "y_train": y_train[:10_000],
        "x_test": x_test[:2_000],
        "y_test": y_test[:2_000],
    }
    with zipfile.ZipFile(FASHION_SAMPLE_PATH, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            # With a date of its own, so that the archive does not depend on the day.
            member = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(member, content.getvalue(), compresslevel=9)
    found = hashlib.sha256(FASHION_SAMPLE_PATH.read_bytes()).hexdigest()
    print(f"{FASHION_SAMPLE_PATH}: SHA-256 {found}")


if __name__ == "__main__":
    main()
