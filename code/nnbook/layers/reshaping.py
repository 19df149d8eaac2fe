"""Layers that prepare images: they have no parameters and learn nothing.

Chapter: :doc:`/engine`.
"""

from math import prod

from nnbook.layers.base import Layer
from nnbook.validation import check_number


class Flatten(Layer):
    """Write each sample as one row: (m, height, width) becomes (m, height * width).

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def output_shape(self, shape):
        return None if shape is None else (prod(shape),)

    def forward(self, x, training=False):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)


class Rescaling(Layer):
    r"""Multiply every number by `scale` and add `offset`.

    .. math:: y = s x + t, \qquad \mathrm{d}x = s\,\mathrm{d}y

    ``Rescaling(1 / 255)`` takes images of bytes to numbers from 0 to 1, one batch at a time, so
    that no copy of the whole data set is made.

    Parameters
    ----------
    scale, offset : float
        The factor s and the summand t.

    Raises
    ------
    ValueError, TypeError
        If an argument is no finite number.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, scale, offset=0.0):
        super().__init__()
        self.scale = check_number("scale", scale)
        self.offset = check_number("offset", offset)

    def forward(self, x, training=False):
        return x * self.scale + self.offset

    def backward(self, dy):
        return dy * self.scale
