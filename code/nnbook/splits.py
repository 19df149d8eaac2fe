"""A data set in three parts, as in the chapters: training, validation, test.

Chapter: :doc:`/exercises`.
"""

from functools import lru_cache

import numpy as np
from sklearn.model_selection import train_test_split

from nnbook.datasets import load_mnist
from nnbook.preprocessing import flatten_images
from nnbook.validation import check_choice, check_count

DATA = ("mnist", "fashion-mnist", "fashion-mnist-sample", "digits")


@lru_cache(maxsize=1)
def load_split(name="mnist", train_images="all"):
    """Load a data set and hold back a tenth of its training images for validation.

    The split is that of the chapters: stratified by class, with ``random_state=0``. The UCI digits
    come in one piece, of which a fifth is the test set.

    Parameters
    ----------
    name : {"mnist", "fashion-mnist", "fashion-mnist-sample", "digits"}
        The data set.
    train_images : int or "all", default "all"
        How many training images to keep: the first ones. The others take no memory.

    Returns
    -------
    train, validation, test : tuples (x, y)
        Images in rows, float32 of shape (m, pixels) from 0 to 1, and their labels. The last data
        set is kept: take copies of what you change.

    Raises
    ------
    ValueError, TypeError
        If there is no such data set, or `train_images` is neither "all" nor a number from 1 to
        that of the training images.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    (x, y), (x_test, y_test), to_rows = _load(check_choice("name", name, DATA))
    train, validation = _split(y, len(y) // 10)
    train = train[: check_images(train_images, len(train))]
    parts = ((x[train], y[train]), (x[validation], y[validation]), (x_test, y_test))
    return tuple((to_rows(images), labels) for images, labels in parts)


def check_images(train_images, available):
    """Return a number of training images, which may be "all", as an int.

    Raises
    ------
    ValueError, TypeError
        If it is neither "all" nor a number from 1 to `available`.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    if train_images == "all":
        return available
    if check_count("train_images", train_images) > available:
        raise ValueError(f"train_images is {train_images}, expected at most {available}")
    return train_images


def _split(y, held_back):
    return train_test_split(np.arange(len(y)), test_size=held_back, stratify=y, random_state=0)


def _load(name):
    if name == "digits":
        return *_load_digits(), lambda x: (x / 16).astype(np.float32)
    if name == "mnist":
        return *load_mnist(), flatten_images
    from nnbook.datasets import load_fashion_mnist

    return *load_fashion_mnist(sample=name.endswith("-sample")), flatten_images


def _load_digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    train, test = _split(y, len(y) // 5)
    return (x[train], y[train]), (x[test], y[test])
