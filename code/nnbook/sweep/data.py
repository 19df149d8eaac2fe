"""The data of a run, split as in the chapters: training, validation, test.

Chapter: :doc:`/exercises`.
"""

from functools import lru_cache

import numpy as np
from sklearn.model_selection import train_test_split

from nnbook.datasets import load_mnist
from nnbook.preprocessing import flatten_images


@lru_cache(maxsize=1)
def load_split(name="mnist"):
    """Load a data set and hold back a tenth of its training images for validation.

    The split is that of the chapters: stratified by class, with ``random_state=0``. The UCI digits
    come in one piece, of which a fifth is the test set.

    Parameters
    ----------
    name : {"mnist", "fashion-mnist", "fashion-mnist-sample", "digits"}
        The data set.

    Returns
    -------
    train, validation, test : tuples (x, y)
        Images in rows, float32 of shape (m, pixels) from 0 to 1, and their labels. The last data
        set is kept: take copies of what you change.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    (x, y), test = _load(name)
    x_train, x_val, y_train, y_val = _split(x, y, len(x) // 10)
    return (x_train, y_train), (x_val, y_val), test


def _split(x, y, held_back):
    return train_test_split(x, y, test_size=held_back, stratify=y, random_state=0)


def _load(name):
    if name == "digits":
        return _load_digits()
    if name == "mnist":
        pairs = load_mnist()
    else:
        from nnbook.datasets import load_fashion_mnist

        pairs = load_fashion_mnist(sample=name.endswith("-sample"))
    return [(flatten_images(images), labels) for images, labels in pairs]


def _load_digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x_train, x_test, y_train, y_test = _split(x, y, len(x) // 5)
    return (x_train, y_train), (x_test, y_test)
