"""From images and labels to the arrays a network takes.

Standardising, splitting and generating data are scikit-learn's: ``StandardScaler``,
``train_test_split``, ``make_classification``.

Chapters: :doc:`/network-from-scratch`, :doc:`/mnist-keras`, :doc:`/mnist-pytorch`.
"""

import numpy as np

from nnbook.validation import check_count, check_labels


def one_hot_encode(y, num_classes):
    r"""Write each label as a column with a single 1.

    .. math:: Y_{ki} = \begin{cases} 1 & y_i = k \\ 0 & \text{otherwise} \end{cases}

    Parameters
    ----------
    y : array_like of shape (m,)
        Integer labels from 0 to ``num_classes - 1``.
    num_classes : int
        The number of classes K.

    Returns
    -------
    ndarray of shape (K, m)
        float64; samples in columns.

    Raises
    ------
    ValueError, TypeError
        If `y` is empty, not 1-D, not of integers, or holds a label out of range.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """
    num_classes = check_count("num_classes", num_classes)
    y = check_labels("y", y, num_classes)
    one_hot = np.zeros((num_classes, len(y)))
    one_hot[y, np.arange(len(y))] = 1
    return one_hot


def one_hot_decode(Y):
    """Return the label of each column, the inverse of :func:`one_hot_encode`.

    Parameters
    ----------
    Y : array_like of shape (K, m)
        One-hot columns, or scores or probabilities: the row of the largest value is the label.

    Returns
    -------
    ndarray of shape (m,)
        Integer labels from 0 to K - 1.

    Raises
    ------
    ValueError
        If `Y` has not two dimensions or no class.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """
    Y = np.asarray(Y)
    if Y.ndim != 2 or Y.shape[0] == 0:
        raise ValueError(f"Y has shape {Y.shape}, expected (classes, samples)")
    return Y.argmax(axis=0)


def flatten_images(images):
    """Turn grey-scale images of bytes into rows of numbers from 0 to 1.

    Parameters
    ----------
    images : ndarray of uint8, shape (m, height, width)
        Pixels from 0 (background) to 255.

    Returns
    -------
    ndarray of float32, shape (m, height * width)
        One image a row, each pixel divided by 255.

    Raises
    ------
    TypeError
        If the pixels are not uint8: they may have been scaled already.
    ValueError
        If `images` has not three dimensions or is empty.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise TypeError(f"images has dtype {images.dtype}, expected uint8 (0 to 255)")
    if images.ndim != 3 or images.size == 0:
        raise ValueError(f"images has shape {images.shape}, expected (m, height, width)")
    return images.reshape(len(images), -1).astype(np.float32) / 255
