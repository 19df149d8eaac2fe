r"""The network of Lab 1: one hidden layer, written out equation by equation.

Samples stand in columns, as in the chapters: `X` has shape (features, m). Everything is float64.

Chapters: :doc:`/network-from-scratch` (forward, loss, training) and :doc:`/backpropagation`
(backward).
"""

import numpy as np

from nnbook.activations import relu, relu_derivative, softmax
from nnbook.losses import cross_entropy
from nnbook.validation import (
    check_count,
    check_distributions,
    check_matrix,
    check_positive,
    check_probabilities,
    require_finite,
)


class NeuralNetwork:
    r"""A classifier with one hidden layer: ReLU, then softmax.

    .. math::
        Z^{[1]} &= W^{[1]} X + b^{[1]}, & \quad A^{[1]} &= \operatorname{ReLU}(Z^{[1]}) \\
        Z^{[2]} &= W^{[2]} A^{[1]} + b^{[2]}, & \quad A^{[2]} &= \operatorname{softmax}(Z^{[2]})

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        Number of features n, of hidden neurons h and of classes K.
    learning_rate : float, default 0.01
        Step size of gradient descent.
    rng : numpy.random.Generator, int or None, default None
        Source of the initial weights; the same integer gives the same network.

    Attributes
    ----------
    W1, b1, W2, b2 : ndarray of shape (h, n), (h, 1), (K, h), (K, 1)
        The parameters. Weights start from He initialisation, biases from zero.
    Z1, A1, Z2, A2 : ndarray of shape (h, m), (h, m), (K, m), (K, m)
        What the last :meth:`forward` computed.
    loss_history : list of float
        One loss for each epoch trained so far.

    Raises
    ------
    TypeError, ValueError
        If a size is no integer or below 1, or the learning rate is not positive and finite.

    References
    ----------
    K. He et al., "Delving Deep into Rectifiers", ICCV 2015,
    `arXiv:1502.01852 <https://arxiv.org/abs/1502.01852>`_.

    Notes
    -----
    Chapter: :doc:`/network-from-scratch`.
    """

    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.01, rng=None):
        self.input_size = check_count("input_size", input_size)
        self.hidden_size = check_count("hidden_size", hidden_size)
        self.output_size = check_count("output_size", output_size)
        self.learning_rate = check_positive("learning_rate", learning_rate)

        rng = np.random.default_rng(rng)
        self.W1 = rng.standard_normal((hidden_size, input_size)) * np.sqrt(2 / input_size)
        self.b1 = np.zeros((hidden_size, 1))
        self.W2 = rng.standard_normal((output_size, hidden_size)) * np.sqrt(2 / hidden_size)
        self.b2 = np.zeros((output_size, 1))

        self.loss_history = []

    def forward(self, X):
        r"""Compute the class probabilities of every sample.

        Parameters
        ----------
        X : array_like of shape (n, m)
            One sample a column.

        Returns
        -------
        ndarray of shape (K, m)
            :math:`A^{[2]}`: each column sums to 1.

        Raises
        ------
        ValueError, TypeError
            If `X` is not a finite, non-empty matrix with n rows.
        FloatingPointError
            If the parameters are so large that a score overflows.

        Notes
        -----
        Chapter: :doc:`/network-from-scratch`.
        """
        X = check_matrix("X", X, rows=(self.input_size, "features"))
        with np.errstate(over="ignore", invalid="ignore"):
            self.Z1 = self.W1 @ X + self.b1
            self.A1 = relu(self.Z1)
            self.Z2 = self.W2 @ self.A1 + self.b2
        require_finite(Z2=self.Z2)
        self.A2 = softmax(self.Z2, axis=0)
        return self.A2

    def compute_loss(self, Y, A2):
        r"""Mean cross-entropy of the probabilities `A2` under the one-hot labels `Y`.

        .. math:: L = -\frac{1}{m} \sum_{i=1}^{m} \sum_{k=1}^{K} y_k^{(i)} \log a_k^{[2](i)}

        Parameters
        ----------
        Y : array_like of shape (K, m)
            One distribution over the classes in each column.
        A2 : ndarray of shape (K, m)
            Predicted probabilities, as :meth:`forward` returns them.

        Returns
        -------
        float
            The loss in nats; finite even where a probability underflowed to 0.

        Raises
        ------
        ValueError, TypeError
            As :func:`nnbook.losses.cross_entropy`.

        Notes
        -----
        Chapter: :doc:`/network-from-scratch`.
        """
        return cross_entropy(Y, check_probabilities("A2", A2))

    def backward(self, X, Y):
        r"""Gradient of the loss with respect to every parameter.

        .. math::
            \mathrm{d}Z^{[2]} &= A^{[2]} - Y \\
            \mathrm{d}W^{[2]} &= \tfrac1m\, \mathrm{d}Z^{[2]} A^{[1]\top}, &
            \mathrm{d}b^{[2]} &= \tfrac1m \textstyle\sum_i \mathrm{d}Z^{[2](i)} \\
            \mathrm{d}Z^{[1]} &= W^{[2]\top} \mathrm{d}Z^{[2]} \odot
                                 \operatorname{ReLU}'(Z^{[1]}) \\
            \mathrm{d}W^{[1]} &= \tfrac1m\, \mathrm{d}Z^{[1]} X^\top, &
            \mathrm{d}b^{[1]} &= \tfrac1m \textstyle\sum_i \mathrm{d}Z^{[1](i)}

        Parameters
        ----------
        X : array_like of shape (n, m)
            One sample a column.
        Y : array_like of shape (K, m)
            One distribution over the classes in each column.

        Returns
        -------
        dW1, db1, dW2, db2 : ndarray
            In the shapes of `W1`, `b1`, `W2` and `b2`.

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            As :meth:`forward`, or if `Y` does not fit `X`.

        Notes
        -----
        Chapter: :doc:`/backpropagation`.
        """
        X = check_matrix("X", X, rows=(self.input_size, "features"))
        m = X.shape[1]
        Y = check_distributions("Y", Y, self.output_size, m)
        self.forward(X)  # the gradients belong to this X, whatever was computed last

        dZ2 = self.A2 - Y
        dW2 = dZ2 @ self.A1.T / m
        db2 = dZ2.sum(axis=1, keepdims=True) / m

        dA1 = self.W2.T @ dZ2
        dZ1 = dA1 * relu_derivative(self.Z1)
        dW1 = dZ1 @ X.T / m
        db1 = dZ1.sum(axis=1, keepdims=True) / m

        require_finite(dW1=dW1, db1=db1, dW2=dW2, db2=db2)
        return dW1, db1, dW2, db2

    def update_parameters(self, dW1, db1, dW2, db2):
        r"""Take one step of gradient descent.

        .. math:: \theta \leftarrow \theta - \eta\,\mathrm{d}\theta

        for each parameter :math:`\theta` and the learning rate :math:`\eta`.

        Parameters
        ----------
        dW1, db1, dW2, db2 : array_like
            The gradients, in the shapes of `W1`, `b1`, `W2` and `b2`.

        Raises
        ------
        ValueError, TypeError
            If a gradient has another shape or is not finite; no parameter has changed then.

        Notes
        -----
        Chapter: :doc:`/network-from-scratch`.
        """
        dW1, db1, dW2, db2 = self._check_gradients(dW1, db1, dW2, db2)
        self.W1 -= self.learning_rate * dW1
        self.b1 -= self.learning_rate * db1
        self.W2 -= self.learning_rate * dW2
        self.b2 -= self.learning_rate * db2

    def train(self, X, Y, epochs=1000, print_every=100):
        r"""Descend the gradient of the whole training set, one step an epoch.

        Parameters
        ----------
        X : array_like of shape (n, m)
            One sample a column.
        Y : array_like of shape (K, m)
            One distribution over the classes in each column.
        epochs : int, default 1000
            Number of steps.
        print_every : int or None, default 100
            Print loss and training accuracy every so many epochs; None prints nothing.

        Raises
        ------
        ValueError, TypeError
            If an argument is refused; nothing has changed then.
        FloatingPointError
            If the loss diverges. Parameters and `loss_history` are then those from before the
            call.

        Notes
        -----
        Chapter: :doc:`/network-from-scratch`.
        """
        X = check_matrix("X", X, rows=(self.input_size, "features"))
        Y = check_distributions("Y", Y, self.output_size, X.shape[1])
        check_count("epochs", epochs)
        if print_every is not None:
            check_count("print_every", print_every)

        before = [p.copy() for p in (self.W1, self.b1, self.W2, self.b2)]
        epochs_before = len(self.loss_history)
        for epoch in range(1, epochs + 1):
            try:
                with np.errstate(over="ignore", invalid="ignore"):  # require_finite tells
                    A2 = self.forward(X)
                    loss = self.compute_loss(Y, A2)
                    self.update_parameters(*self.backward(X, Y))
                require_finite(W1=self.W1, b1=self.b1, W2=self.W2, b2=self.b2)
            except FloatingPointError as error:
                self.W1, self.b1, self.W2, self.b2 = before
                del self.loss_history[epochs_before:]
                raise FloatingPointError(
                    f"the loss diverged at epoch {epoch} with learning_rate "
                    f"{self.learning_rate:g} ({error}); "
                    "the network is as it was before train()"
                ) from error
            self.loss_history.append(loss)

            if print_every is not None and epoch % print_every == 0:
                accuracy = np.mean(A2.argmax(axis=0) == Y.argmax(axis=0))
                print(f"epoch {epoch}/{epochs}: loss {loss:.4f}, accuracy {accuracy:.4f}")

    def predict(self, X):
        """Return the most probable class of every sample.

        Parameters
        ----------
        X : array_like of shape (n, m)
            One sample a column.

        Returns
        -------
        ndarray of shape (m,)
            Integer labels from 0 to K - 1.

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            As :meth:`forward`.

        Notes
        -----
        Chapter: :doc:`/network-from-scratch`.
        """
        return self.forward(X).argmax(axis=0)

    def _check_gradients(self, *gradients):
        """Return the gradients as arrays, each finite and in the shape of its parameter."""
        checked = []
        for name, gradient in zip(("W1", "b1", "W2", "b2"), gradients, strict=True):
            rows, columns = getattr(self, name).shape
            expected = {"rows": (rows, f"as {name}"), "columns": (columns, f"as {name}")}
            checked.append(check_matrix(f"d{name}", gradient, **expected))
        return checked
