r"""Dropout.

Chapter: :doc:`/engine`.
"""

from nnbook.layers.base import Layer
from nnbook.validation import check_fraction


class Dropout(Layer):
    r"""In training, set each number to zero with probability `rate` and scale up the others.

    .. math:: y = x \cdot \frac{k}{1 - r}, \qquad
              \mathrm{d}x = \mathrm{d}y \cdot \frac{k}{1 - r}, \qquad
              k \sim \operatorname{Bernoulli}(1 - r)

    Dividing by :math:`1 - r` keeps the expected value, so that nothing has to be rescaled when
    the network is used: there, the layer passes its input through.

    Parameters
    ----------
    rate : float, default 0.5
        The probability r of a zero, from 0 to below 1. PyTorch calls it p.

    Raises
    ------
    ValueError, TypeError
        If `rate` is no number from 0 to below 1.

    References
    ----------
    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
    `JMLR 15:1929-1958, 2014 <https://jmlr.org/papers/v15/srivastava14a.html>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, rate=0.5):
        super().__init__()
        self.rate = check_fraction("rate", rate)

    def forward(self, x, training=False):
        self.mask = None
        if not training or self.rate == 0:
            return x
        kept = self.rng.random(x.shape, dtype="float32") >= self.rate
        self.mask = kept / x.dtype.type(1 - self.rate)
        return x * self.mask

    def backward(self, dy):
        return dy if self.mask is None else dy * self.mask
