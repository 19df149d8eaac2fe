r"""Losses: how far a network's output is from what it should be.

Cross-entropy comes in two forms. :func:`cross_entropy` takes probabilities and samples in
columns, as the network of Lab 1 does. :func:`softmax_cross_entropy` takes logits and samples in
rows, as Keras and PyTorch do, and is the exact one: no probability has to be computed, so none can
underflow.

The classes are what :class:`nnbook.sequential.Sequential` minimises: each a forward pass and,
directly under it, its derivative. They trust their input; the network checks it at its door.

Chapters: :doc:`/network-from-scratch` (the loss), :doc:`/backpropagation` (its gradient) and
:doc:`/engine` (the classes).
"""

import numpy as np

from nnbook.activations import sigmoid, softmax
from nnbook.validation import (
    check_choice,
    check_distributions,
    check_finite,
    check_fraction,
    check_labels,
    check_numeric,
    check_probabilities,
)


def cross_entropy(Y, P):
    r"""Mean cross-entropy of the predicted probabilities `P` under the true distributions `Y`.

    .. math:: L = -\frac{1}{m} \sum_{i=1}^{m} \sum_{k=1}^{K} y_k^{(i)} \log p_k^{(i)}

    A probability that underflowed to 0 counts as the smallest normal number of float64, about
    2e-308, so the loss stays finite; every other probability enters exactly.

    Parameters
    ----------
    Y : array_like of shape (K, m)
        One distribution over the classes in each column; one-hot for hard labels.
    P : ndarray of shape (K, m)
        Predicted probabilities.

    Returns
    -------
    float
        The loss in nats, at least 0.

    Raises
    ------
    ValueError, TypeError
        If `P` is not a finite, non-empty matrix of numbers from 0 to 1, if a column of `Y` is no
        distribution, or if the shapes differ.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """
    P = check_probabilities("P", P)
    num_classes, m = P.shape
    Y = check_distributions("Y", Y, num_classes, m)
    return float(-np.sum(Y * np.log(np.maximum(P, np.finfo(np.float64).tiny))) / m)


def softmax_cross_entropy(logits, y):
    r"""Mean cross-entropy of the labels `y` under the softmax of `logits`.

    .. math:: L = \frac{1}{m} \sum_{i=1}^{m} \Big( \log \sum_j e^{z_j^{(i)}}
              - \sum_k y_k^{(i)} z_k^{(i)} \Big)

    The logarithm of the sum is computed from scores shifted by their maximum.

    Parameters
    ----------
    logits : array_like of shape (m, K)
        Real scores, one sample a row.
    y : array_like of shape (m,) or (m, K)
        Integer labels from 0 to K - 1, or one distribution over the classes in each row.

    Returns
    -------
    float
        The loss in nats, at least 0.

    Raises
    ------
    ValueError, TypeError
        If `logits` is not a finite, non-empty matrix or `y` does not fit it.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """
    logits, targets = _check(logits, y)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-np.sum(targets * log_p, where=targets > 0) / len(logits))


def softmax_cross_entropy_gradient(logits, y):
    r"""Derivative of :func:`softmax_cross_entropy` with respect to `logits`.

    .. math:: \frac{\partial L}{\partial z_k^{(i)}}
              = \frac{1}{m} \big( \operatorname{softmax}(z^{(i)})_k - y_k^{(i)} \big)

    Parameters
    ----------
    logits : array_like of shape (m, K)
        Real scores, one sample a row.
    y : array_like of shape (m,) or (m, K)
        Integer labels from 0 to K - 1, or one distribution over the classes in each row.

    Returns
    -------
    ndarray of shape (m, K)
        In the floating-point dtype of `logits`; each row sums to 0.

    Raises
    ------
    ValueError, TypeError
        As :func:`softmax_cross_entropy`.

    Notes
    -----
    Chapter: :doc:`/backpropagation`.
    """
    logits, targets = _check(logits, y)
    return (softmax(logits) - targets) / len(logits)


def _check(logits, y):
    """Return the logits, and the targets as one distribution a row in the same dtype."""
    logits = check_numeric("logits", logits)
    if logits.ndim != 2 or logits.size == 0:
        raise ValueError(f"logits has shape {logits.shape}, expected (samples, classes)")
    check_finite("logits", logits)
    m, num_classes = logits.shape
    if np.ndim(y) == 2:
        targets = check_distributions("y transposed", np.transpose(y), num_classes, m).T
    else:
        y = check_labels("y", y, num_classes)
        if len(y) != m:
            raise ValueError(f"y has {len(y)} labels, expected {m} (the rows of logits)")
        targets = np.eye(num_classes)[y]
    return logits, targets.astype(logits.dtype, copy=False)


class Loss:
    """What all losses of :class:`nnbook.sequential.Sequential` share.

    Attributes
    ----------
    metric : str
        Name of the second figure of merit, beside the loss: ``"accuracy"``, for example.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    metric = "accuracy"

    def check_targets(self, name, y, num_outputs):
        """Return the targets `y` as an array that ``forward`` takes, refusing what does not fit.

        Raises
        ------
        ValueError, TypeError
            If `y` does not fit a network with `num_outputs` outputs.
        """
        raise NotImplementedError

    def forward(self, outputs, y):
        """Return the loss, a float, averaged over the batch."""
        raise NotImplementedError

    def backward(self):
        """Return the derivative of the last loss with respect to the outputs, 1/m included."""
        raise NotImplementedError

    def predict(self, outputs):
        """Return what the network says: labels, or numbers."""
        raise NotImplementedError

    def predict_proba(self, outputs):
        """Return probabilities.

        Raises
        ------
        TypeError
            If the loss knows none.
        """
        raise TypeError(f"{self} has no probabilities: its network predicts numbers")

    def score(self, outputs, y):
        """Return the mean of the metric over the batch, a float."""
        return float(np.mean(self.predict(outputs) == y))

    def config(self):
        """Return the arguments that make an equal loss."""
        return {}

    def __getstate__(self):
        """Leave out of a copy or a pickle what the last forward pass has left behind."""
        return {k: v for k, v in vars(self).items() if not isinstance(v, np.ndarray)}

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.config().items())})"


class SoftmaxCrossEntropy(Loss):
    r"""Cross-entropy of integer labels under the softmax of the logits.

    .. math:: L = -\frac1m \sum_i \sum_k q_k^{(i)} \log p_k^{(i)}, \qquad
              p^{(i)} = \operatorname{softmax}(z^{(i)}), \qquad
              \frac{\partial L}{\partial z^{(i)}} = \frac{p^{(i)} - q^{(i)}}{m}

    The target q has 1 at the label; with label smoothing :math:`\alpha` it has
    :math:`1 - \alpha + \alpha / K` there and :math:`\alpha / K` elsewhere.

    Parameters
    ----------
    label_smoothing : float, default 0
        The share :math:`\alpha` that is spread over all K classes, from 0 to below 1.

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
    `arXiv:1512.00567 <https://arxiv.org/abs/1512.00567>`_ (label smoothing, section 7).

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, label_smoothing=0.0):
        self.label_smoothing = check_fraction("label_smoothing", label_smoothing)

    def check_targets(self, name, y, num_outputs):
        return check_labels(name, y, num_outputs)

    def forward(self, outputs, y):
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        self.p, self.y = np.exp(shifted), y
        total = self.p.sum(axis=1, keepdims=True)
        self.p /= total
        log_total = np.log(total[:, 0])
        loss = log_total - shifted[np.arange(len(y)), y]
        if self.label_smoothing:
            uniform = log_total - shifted.mean(axis=1)
            loss = (1 - self.label_smoothing) * loss + self.label_smoothing * uniform
        return float(loss.mean(dtype=np.float64))

    def backward(self):
        m, num_classes = self.p.shape
        dz = self.p - self.label_smoothing / num_classes
        dz[np.arange(m), self.y] -= 1 - self.label_smoothing
        dz /= m
        return dz

    def predict(self, outputs):
        return outputs.argmax(axis=1)

    def predict_proba(self, outputs):
        return softmax(outputs)

    def config(self):
        return {"label_smoothing": self.label_smoothing}


class BinaryCrossEntropy(Loss):
    r"""Cross-entropy of yes-or-no targets under the sigmoid of each logit.

    .. math:: L = \frac{1}{mk} \sum \big( \max(z, 0) - z y + \log(1 + e^{-|z|}) \big), \qquad
              \frac{\partial L}{\partial z} = \frac{\sigma(z) - y}{mk}

    This form is :math:`-y \log \sigma(z) - (1 - y) \log(1 - \sigma(z))` without overflow. There
    may be one output or, where several answers can be yes, k of them. Targets are 0 or 1, of
    shape (m,) for one output and (m, k) for several.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def check_targets(self, name, y, num_outputs):
        y = _check_columns(name, y, num_outputs)
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"{name} contains {y[~np.isin(y, (0, 1))][0]:g}, expected 0 or 1")
        return y

    def forward(self, outputs, y):
        self.z, self.y = outputs, _as_columns(y)
        loss = np.maximum(outputs, 0) - outputs * self.y + np.log1p(np.exp(-np.abs(outputs)))
        return float(loss.mean(dtype=np.float64))

    def backward(self):
        return (sigmoid(self.z) - self.y) / self.z.size

    def predict(self, outputs):
        return _as_targets((outputs > 0).astype(np.int64))

    def predict_proba(self, outputs):
        return sigmoid(outputs)


class MeanSquaredError(Loss):
    r"""Mean squared distance from the targets, for regression.

    .. math:: L = \frac{1}{mk} \sum (\hat y - y)^2, \qquad
              \frac{\partial L}{\partial \hat y} = \frac{2 (\hat y - y)}{mk}

    Targets have shape (m,) for one output and (m, k) for several.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    metric = "mean_absolute_error"

    def check_targets(self, name, y, num_outputs):
        return _check_columns(name, y, num_outputs)

    def forward(self, outputs, y):
        self.error = outputs - _as_columns(y)
        return float(np.mean(self.error**2, dtype=np.float64))

    def backward(self):
        return self.error * (2 / self.error.size)

    def predict(self, outputs):
        return _as_targets(outputs)

    def score(self, outputs, y):
        return float(np.mean(np.abs(self.predict(outputs) - y), dtype=np.float64))


LOSSES = {
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "mean_squared_error": MeanSquaredError,
}


def get_loss(loss):
    """Return the loss that is meant by its name, or itself.

    Raises
    ------
    ValueError, TypeError
        If `loss` is an unknown name, or neither a string nor a :class:`Loss`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str):
        raise TypeError(f"loss is {loss!r}, expected a name or a Loss")
    return LOSSES[check_choice("loss", loss, LOSSES)]()


def _check_columns(name, y, num_outputs):
    """Return finite real targets of shape (m,), or (m, num_outputs) where there are several."""
    y = check_numeric(name, y)
    if y.ndim == 0 or y.size == 0 or y.shape[1:] != (num_outputs,) * (num_outputs > 1):
        expected = "(m,)" if num_outputs == 1 else f"(m, {num_outputs})"
        raise ValueError(f"{name} has shape {y.shape}, expected {expected}")
    check_finite(name, y)
    return y


def _as_columns(y):
    return y[:, None] if y.ndim == 1 else y


def _as_targets(columns):
    return columns[:, 0] if columns.shape[1] == 1 else columns
