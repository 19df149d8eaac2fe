"""Layers that change the training images at random, so that no epoch shows the same ones.

In use they pass their input through. They stand in front of the first layer with parameters.

Chapter: :doc:`/regularization`.
"""

from math import prod

import numpy as np

from nnbook.layers.base import Layer, expect_features
from nnbook.validation import check_count


class RandomShift(Layer):
    r"""In training, move each image by a random number of whole pixels, and fill up with zeros.

    .. math:: y_{r, c} = x_{r - a,\, c - b}, \qquad
              a, b \sim \operatorname{Uniform}\{-p, \dots, p\}

    with :math:`x = 0` outside the image. The derivative moves back what the image moved forward.
    Keras's RandomTranslation and torchvision's RandomAffine take shares of the size in place of
    pixels.

    Parameters
    ----------
    pixels : int, default 2
        The largest shift p, up and down, left and right; 0 is none.
    image_shape : tuple of int, default (28, 28)
        Rows and columns of an image. X has shape (m, rows * columns), one image a row.

    Raises
    ------
    ValueError, TypeError
        If `pixels` is no integer of at least 0, or a size no integer of at least 1.

    References
    ----------
    Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proceedings of the
    IEEE 86(11):2278-2324, 1998, section III.

    Notes
    -----
    Chapter: :doc:`/regularization`.
    """

    def __init__(self, pixels=2, image_shape=(28, 28)):
        super().__init__()
        self.pixels = check_count("pixels", pixels, minimum=0)
        if not isinstance(image_shape, tuple | list) or len(image_shape) != 2:
            raise ValueError(f"image_shape is {image_shape!r}, expected (rows, columns)")
        self.image_shape = tuple(check_count("image_shape", size) for size in image_shape)

    def output_shape(self, shape):
        expect_features(self, shape, prod(self.image_shape))
        return shape or (prod(self.image_shape),)

    def forward(self, x, training=False):
        self.start = None
        if not training or self.pixels == 0:
            return x
        self.start = self.rng.integers(0, 2 * self.pixels + 1, (2, len(x)))
        canvas, inside = self._canvas(x)
        inside[...] = x.reshape(-1, *self.image_shape)
        return self._windows(canvas).reshape(x.shape)

    def backward(self, dy):
        if self.start is None:
            return dy
        canvas, inside = self._canvas(dy)
        self._windows(canvas, dy.reshape(-1, *self.image_shape))
        return inside.reshape(dy.shape)

    def _canvas(self, x):
        """Return zeros with a margin around each image, and the view without the margin."""
        p, (rows, columns) = self.pixels, self.image_shape
        canvas = np.zeros((len(x), rows + 2 * p, columns + 2 * p), x.dtype)
        return canvas, canvas[:, p : p + rows, p : p + columns]

    def _windows(self, canvas, values=None):
        """Return each image's window of the canvas, once `values`, if given, are put there."""
        views = np.lib.stride_tricks.sliding_window_view(
            canvas, self.image_shape, axis=(1, 2), writeable=True
        )
        chosen = (np.arange(len(canvas)), *self.start)
        if values is not None:
            views[chosen] = values
        return views[chosen]
