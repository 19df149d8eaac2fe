r"""Activation functions as layers: each works number by number and has no parameters.

Shapes pass through unchanged. The functions themselves and their curves are in
:mod:`nnbook.activations`.

Chapter: :doc:`/engine`.
"""

import math

import numpy as np

from nnbook.activations import sigmoid
from nnbook.layers.base import Layer
from nnbook.validation import check_fraction


class ReLU(Layer):
    r"""Rectified linear unit.

    .. math:: y = \max(0, x), \qquad \mathrm{d}x = \mathrm{d}y \cdot [x > 0]

    References
    ----------
    V. Nair and G. E. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines",
    ICML 2010.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def forward(self, x, training=False):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dy):
        return dy * (self.x > 0)


class LeakyReLU(Layer):
    r"""A rectified linear unit that keeps a small slope for negative inputs.

    .. math:: y = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases}, \qquad
              \mathrm{d}x = \mathrm{d}y \cdot \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases}

    Parameters
    ----------
    negative_slope : float, default 0.01
        The slope a, from 0 (a plain ReLU) to below 1. Keras's default is 0.3, PyTorch's 0.01.

    References
    ----------
    A. L. Maas et al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, negative_slope=0.01):
        super().__init__()
        self.negative_slope = check_fraction("negative_slope", negative_slope)

    def forward(self, x, training=False):
        self.x = x
        return np.maximum(x, self.negative_slope * x)

    def backward(self, dy):
        return np.where(self.x > 0, dy, self.negative_slope * dy)


class Sigmoid(Layer):
    r"""The logistic function.

    .. math:: y = \frac{1}{1 + e^{-x}}, \qquad \mathrm{d}x = \mathrm{d}y \cdot y (1 - y)

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def forward(self, x, training=False):
        self.y = sigmoid(x)
        return self.y

    def backward(self, dy):
        return dy * self.y * (1 - self.y)


class Tanh(Layer):
    r"""The hyperbolic tangent.

    .. math:: y = \tanh x, \qquad \mathrm{d}x = \mathrm{d}y \cdot (1 - y^2)

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def forward(self, x, training=False):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y**2)


class GELU(Layer):
    r"""Gaussian error linear unit: the input times the share of a normal distribution below it.

    .. math:: y = x\,\Phi(x), \qquad \mathrm{d}x = \mathrm{d}y \cdot
              \big(\Phi(x) + x\,\varphi(x)\big)

    :math:`\Phi` is the distribution function and :math:`\varphi` the density of the standard
    normal distribution. This is the exact form, the default of Keras and PyTorch, not the
    approximation by tanh.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016,
    `arXiv:1606.08415 <https://arxiv.org/abs/1606.08415>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def forward(self, x, training=False):
        from scipy.special import ndtr  # SciPy takes longer to import than all of nnbook

        self.x, self.cdf = x, ndtr(x)
        return x * self.cdf

    def backward(self, dy):
        density = np.exp(-0.5 * self.x**2) / math.sqrt(2 * math.pi)
        return dy * (self.cdf + self.x * density)
