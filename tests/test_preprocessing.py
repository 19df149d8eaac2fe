"""One-hot encoding and its inverse, and images as rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from nnbook.preprocessing import flatten_images, one_hot_decode, one_hot_encode

labels = st.lists(st.integers(0, 9), min_size=1, max_size=20)


@given(y=labels)
def test_one_hot_columns_hold_a_single_one_where_the_label_says(y):
    Y = one_hot_encode(y, 10)
    assert (Y.shape, Y.dtype) == ((10, len(y)), np.float64)
    assert_array_equal(Y.sum(axis=0), 1)
    assert_array_equal(Y[y, range(len(y))], 1)


@given(y=labels, dtype=st.sampled_from([np.uint8, np.int32, np.int64]))
def test_decode_reverses_encode(y, dtype):
    assert_array_equal(one_hot_decode(one_hot_encode(np.array(y, dtype), 10)), y)


def test_decode_takes_the_row_of_the_largest_value():
    assert_array_equal(one_hot_decode([[0.2, 5.0], [0.7, -1.0], [0.1, 0.0]]), [1, 0])


@pytest.mark.parametrize(
    ("y", "num_classes", "error", "message"),
    [
        ([0, 3], 3, ValueError, "y contains the label 3, expected 0 to 2"),
        ([-1], 3, ValueError, "y contains the label -1, expected 0 to 2"),
        ([], 3, ValueError, "y is empty, expected at least one label"),
        ([[0, 1]], 3, ValueError, r"y has shape \(1, 2\), expected 1 dimension"),
        (1, 3, ValueError, r"y has shape \(\), expected 1 dimension"),
        ([0.0, 1.0], 3, TypeError, "y has dtype float64, expected integer labels"),
        (["0"], 3, TypeError, "y has dtype <U1, expected integer labels"),
        ([0], 0, ValueError, "num_classes is 0, expected at least 1"),
        ([0], 3.0, TypeError, "num_classes is 3.0, expected an integer"),
    ],
)
def test_one_hot_encode_refuses(y, num_classes, error, message):
    with pytest.raises(error, match=message):
        one_hot_encode(y, num_classes)


@pytest.mark.parametrize("Y", [[0, 1], np.ones((0, 3)), 1])
def test_one_hot_decode_refuses(Y):
    with pytest.raises(ValueError, match=r"Y has shape .*, expected \(classes, samples\)"):
        one_hot_decode(Y)


def test_flatten_images_scales_bytes_to_one_row_an_image(rng):
    images = rng.integers(0, 256, (4, 2, 3), dtype=np.uint8)
    X = flatten_images(images)
    assert (X.shape, X.dtype) == ((4, 6), np.float32)
    assert_array_equal(X[2], images[2].ravel() / np.float32(255))
    assert_array_equal(flatten_images(np.array([[[0, 255]]], np.uint8)), [[0, 1]])


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.ones((1, 2, 2)), TypeError, "images has dtype float64, expected uint8"),
        (np.ones((2, 2), np.uint8), ValueError, r"images has shape \(2, 2\), expected \(m, height"),
        (np.ones((0, 2, 2), np.uint8), ValueError, r"images has shape \(0, 2, 2\), expected"),
    ],
)
def test_flatten_images_refuses(images, error, message):
    with pytest.raises(error, match=message):
        flatten_images(images)
