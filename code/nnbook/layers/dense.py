r"""The fully connected layer.

Chapter: :doc:`/engine`.
"""

import numpy as np

from nnbook.initializers import get_initializer
from nnbook.layers.base import Layer, expect_features
from nnbook.validation import check_count


class Dense(Layer):
    r"""Every output is a weighted sum of all inputs, plus a bias.

    .. math:: Y = X W + b

    and, with :math:`\mathrm{d}Y = \partial L / \partial Y`,

    .. math:: \mathrm{d}W = X^\top \mathrm{d}Y, \qquad
              \mathrm{d}b = \textstyle\sum_i \mathrm{d}Y^{(i)}, \qquad
              \mathrm{d}X = \mathrm{d}Y\, W^\top

    Parameters
    ----------
    in_features, out_features : int
        Numbers n of inputs and k of neurons. X has shape (m, n), Y (m, k), W (n, k), b (k,).
    kernel_initializer, bias_initializer : str or callable
        How W and b start; see :mod:`nnbook.initializers`.

    Raises
    ------
    ValueError, TypeError
        If a size is no integer or below 1, or an initializer is unknown.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(
        self, in_features, out_features, kernel_initializer="he_normal", bias_initializer="zeros"
    ):
        super().__init__()
        self.in_features = check_count("in_features", in_features)
        self.out_features = check_count("out_features", out_features)
        self.kernel_initializer = get_initializer("kernel_initializer", kernel_initializer)
        self.bias_initializer = get_initializer("bias_initializer", bias_initializer)

    def output_shape(self, shape):
        expect_features(self, shape, self.in_features)
        return (self.out_features,)

    def initial_parameters(self, shape):
        n, k = self.in_features, self.out_features
        return {"W": self._draw("kernel", (n, k)), "b": self._draw("bias", (k,))}

    def _draw(self, what, shape):
        initializer = getattr(self, f"{what}_initializer")
        array = np.asarray(initializer(self.rng, shape, self.in_features, self.out_features))
        if array.shape != shape:
            raise ValueError(f"{what}_initializer gave shape {array.shape}, expected {shape}")
        return array

    def forward(self, x, training=False):
        self.x = x
        y = x @ self.parameters["W"]
        y += self.parameters["b"]
        return y

    def backward(self, dy):
        np.matmul(self.x.T, dy, out=self.gradients["W"])
        np.sum(dy, axis=0, out=self.gradients["b"])
        return dy @ self.parameters["W"].T if self.needs_input_gradient else None
