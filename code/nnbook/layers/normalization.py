r"""Layers that bring their input to mean 0 and variance 1, then scale and shift it.

Chapter: :doc:`/engine`.
"""

import numpy as np

from nnbook.layers.base import Layer, expect_features
from nnbook.validation import check_count, check_fraction, check_positive


class _Normalization(Layer):
    """Scale and shift of what a subclass has normalised; both need the number of features."""

    def output_shape(self, shape):
        if self.features is not None:
            expect_features(self, shape, self.features)
        elif shape is None:
            raise ValueError(f"{self} does not know its size: write {type(self).__name__}(n)")
        elif len(shape) != 1:
            raise ValueError(f"{self} expects one row of features a sample")
        return shape or (self.features,)

    def initial_parameters(self, shape):
        (self.features,) = self.output_shape(shape)
        return {"gamma": np.ones(self.features), "beta": np.zeros(self.features)}

    def scale_and_shift(self, x_hat):
        self.x_hat = x_hat
        y = x_hat * self.parameters["gamma"]
        y += self.parameters["beta"]
        return y

    def scale_and_shift_backward(self, dy):
        np.sum(dy * self.x_hat, axis=0, out=self.gradients["gamma"])
        np.sum(dy, axis=0, out=self.gradients["beta"])
        return dy * self.parameters["gamma"]


class BatchNorm(_Normalization):
    r"""Normalise each feature over the batch.

    .. math:: \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad
              y = \gamma \hat x + \beta

    In training :math:`\mu` and :math:`\sigma^2` are the mean and the variance of the batch, and
    both depend on every sample in it:

    .. math:: \mathrm{d}x = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \Big( \mathrm{d}\hat x
              - \overline{\mathrm{d}\hat x} - \hat x\, \overline{\mathrm{d}\hat x\,\hat x} \Big),
              \qquad \mathrm{d}\hat x = \gamma\, \mathrm{d}y

    with bars for means over the batch. In use they are running averages from training,
    constants, and :math:`\mathrm{d}x = \mathrm{d}\hat x / \sqrt{\sigma^2 + \epsilon}`.

    Parameters
    ----------
    features : int or None, default None
        Number of features; None takes it from the layer before.
    momentum : float, default 0.9
        Share of the old running average that stays after a batch, as in Keras (default 0.99
        there). PyTorch's momentum is one minus it.
    epsilon : float, default 1e-5
        Added to the variance, as in PyTorch; Keras's default is 1e-3.
    unbiased : bool, default False
        Whether the running variance is of the unbiased kind, with m - 1 in place of m, as in
        PyTorch; Keras keeps the biased one. A batch is normalised with the biased one always.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or of a wrong type.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015,
    `arXiv:1502.03167 <https://arxiv.org/abs/1502.03167>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, features=None, momentum=0.9, epsilon=1e-5, unbiased=False):
        super().__init__()
        self.features = None if features is None else check_count("features", features)
        self.momentum = check_fraction("momentum", momentum)
        self.epsilon = check_positive("epsilon", epsilon)
        self.unbiased = bool(unbiased)

    def initial_buffers(self):
        return {"mean": np.zeros(self.features), "variance": np.ones(self.features)}

    def forward(self, x, training=False):
        self.training = training
        mean = x.mean(axis=0) if training else self.buffers["mean"]
        x = x - mean
        if training:  # not x.var(), which would take the mean away once more
            variance = np.square(x).mean(axis=0)
            self.update_averages(mean, variance, len(x))
        else:
            variance = self.buffers["variance"]
        self.std = np.sqrt(variance + self.epsilon)
        x /= self.std
        return self.scale_and_shift(x)

    def backward(self, dy):
        dx_hat = self.scale_and_shift_backward(dy)
        if self.training:
            projected = self.x_hat * (dx_hat * self.x_hat).mean(axis=0)
            dx_hat -= dx_hat.mean(axis=0)
            dx_hat -= projected
        dx_hat /= self.std
        return dx_hat

    def update_averages(self, mean, variance, m):
        """Move the running averages, in place, towards those of a batch of m samples."""
        if not np.isfinite(variance).all():
            return  # an overflow, which the network reports, would stay in them for ever
        if self.unbiased:
            variance = variance * (m / max(m - 1, 1))
        for name, new in (("mean", mean), ("variance", variance)):
            self.buffers[name] *= self.momentum
            self.buffers[name] += (1 - self.momentum) * new


class LayerNorm(_Normalization):
    r"""Normalise each sample over its features, in training and in use alike.

    .. math:: \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad
              y = \gamma \hat x + \beta, \qquad
              \mathrm{d}x = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \Big( \mathrm{d}\hat x
              - \overline{\mathrm{d}\hat x} - \hat x\, \overline{\mathrm{d}\hat x\,\hat x} \Big)

    with :math:`\mathrm{d}\hat x = \gamma\,\mathrm{d}y`, and :math:`\mu`, :math:`\sigma^2` and
    the bars taken over the features of one sample.

    Parameters
    ----------
    features : int or None, default None
        Number of features; None takes it from the layer before.
    epsilon : float, default 1e-5
        Added to the variance, as in PyTorch; Keras's default is 1e-3.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or of a wrong type.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer Normalization", 2016,
    `arXiv:1607.06450 <https://arxiv.org/abs/1607.06450>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, features=None, epsilon=1e-5):
        super().__init__()
        self.features = None if features is None else check_count("features", features)
        self.epsilon = check_positive("epsilon", epsilon)

    def forward(self, x, training=False):
        mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        self.std = np.sqrt(variance + self.epsilon)
        return self.scale_and_shift((x - mean) / self.std)

    def backward(self, dy):
        dx_hat = self.scale_and_shift_backward(dy)
        projected = self.x_hat * (dx_hat * self.x_hat).mean(axis=1, keepdims=True)
        return (dx_hat - dx_hat.mean(axis=1, keepdims=True) - projected) / self.std
