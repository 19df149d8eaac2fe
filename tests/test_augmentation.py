"""Layers that change training images: where the pixels go, and their derivative."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nnbook.layers import RandomShift

SHAPE = (4, 5)


@pytest.fixture
def layer(rng):
    return RandomShift(2, SHAPE).build((20,), rng, "float64")


def test_in_use_nothing_moves(layer, rng):
    x = rng.random((3, 20))
    assert layer.forward(x) is x
    assert layer.backward(x) is x


def test_every_image_is_moved_by_whole_pixels_and_zeros_come_in(layer, rng):
    x = rng.random((500, *SHAPE))
    y = layer.forward(x.reshape(500, -1), training=True).reshape(x.shape)
    seen = set()
    for before, after in zip(x, y, strict=True):
        found = [shift for shift in np.ndindex(5, 5) if (moved(before, shift) == after).all()]
        assert len(found) == 1
        seen |= {*found}
    assert len(seen) == 25


def moved(image, shift):
    """Return the window of the image, with a margin of two zeros, that starts at the shift."""
    (r, c), (rows, columns) = shift, SHAPE
    return np.pad(image, 2)[r : r + rows, c : c + columns]


def test_backward_is_the_adjoint_of_forward(layer, rng):
    x, dy = rng.random((2, 50, 20))
    y = layer.forward(x, training=True)
    np.testing.assert_allclose(np.sum(y * dy), np.sum(x * layer.backward(dy)), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keeps_the_precision_and_the_input(dtype, rng):
    x = rng.random((3, 20)).astype(dtype)
    before = x.copy()
    y = RandomShift(1, SHAPE).build((20,), rng, dtype).forward(x, training=True)
    assert y.dtype == dtype
    assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1,), "pixels is -1, expected at least 0"),
        ((1, (28,)), r"image_shape is \(28,\), expected \(rows, columns\)"),
        ((1, (28, 0)), "image_shape is 0, expected at least 1"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomShift(*arguments)


def test_refuses_rows_that_are_no_such_images():
    with pytest.raises(ValueError, match="expects 784 features"):
        RandomShift().output_shape((20,))
