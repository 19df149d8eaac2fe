r"""scikit-learn estimators: the engine behind ``fit``, ``predict`` and ``score``.

They work wherever scikit-learn's own do: in pipelines, grid searches and cross-validation. Their
words are those of scikit-learn's ``MLPClassifier`` and ``MLPRegressor``, as far as these go.

Chapter: :doc:`/engine`.
"""

import warnings
from functools import partial
from math import ceil

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from nnbook.callbacks import EarlyStopping
from nnbook.optimizers import SGD, Adam, Optimizer
from nnbook.sequential import ACTIVATIONS, mlp
from nnbook.validation import (
    check_choice,
    check_count,
    check_fraction,
    check_nonnegative,
    check_positive,
)

# "sgd" is what MLPClassifier makes of it.
OPTIMIZERS = {"adam": Adam, "sgd": partial(SGD, momentum=0.9, nesterov=True)}
ACCEPTED = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}
RULES = (
    ("alpha", check_nonnegative),
    ("learning_rate_init", check_positive),
    ("max_iter", check_count),
    ("n_iter_no_change", check_count),
    ("dropout", check_fraction),
    ("validation_fraction", check_positive),
    ("validation_fraction", check_fraction),
)


def _can_train_by_epochs(estimator):
    if estimator.early_stopping:
        raise AttributeError("early_stopping is True, expected False: partial_fit is one epoch")
    return True


class _NeuralNetwork(BaseEstimator):
    """What the classifier and the regressor share: all but the targets."""

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        optimizer="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate_init=0.001,
        max_iter=200,
        tol=0.0001,
        n_iter_no_change=10,
        dropout=0.0,
        batch_norm=False,
        early_stopping=False,
        validation_fraction=0.1,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    # --- Training ---

    def fit(self, X, y):
        """Train a new network until its loss has settled, for at most `max_iter` epochs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (m, n)
            One sample a row. float32 is trained in float32, everything else in float64.
        y : array-like of shape (m,) or (m, K)
            The targets of the samples.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is refused.
        FloatingPointError
            If the loss diverges.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        self._check_parameters()
        vars(self).pop("network_", None)  # a fit that fails leaves none
        X, y = self._check_data(X, y)
        random = check_random_state(self.random_state)
        X, y, held_out = self._hold_out(X, y, random)
        parts = self._new_parts(X, y, random)
        self.loss_curve_ = []
        self._train(*parts, X, y, self.max_iter, held_out, self._stopping_rule())
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                f"training ended at max_iter={self.max_iter} epochs, before its loss settled (tol="
                f"{self.tol}); raise max_iter, or set tol=None for a fixed number of epochs",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    @available_if(_can_train_by_epochs)
    def partial_fit(self, X, y):
        """Train for one epoch on these samples; where there is a network already, that one.

        The optimizer goes on where it was; parameters that were changed since the first call do
        not reach it. Repeated on the same data, the steps are those of :meth:`fit`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (m, n)
            One sample a row.
        y : array-like of shape (m,) or (m, K)
            Numbers.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit`.
        AttributeError
            With `early_stopping`, of which one epoch knows nothing.
        FloatingPointError
            If the loss diverges; the network is then as before.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        return self._partial_fit(X, y)

    def _partial_fit(self, X, y, classes=None):
        """Train for an epoch, at the first call a new network."""
        self._check_parameters()
        first = not hasattr(self, "network_")
        X, y = self._check_data(X, y, classes, first)
        if first:
            parts = self._new_parts(X, y, check_random_state(self.random_state))
            self.loss_curve_ = []
        else:
            parts = self.network_, self._optimizer
        self._train(*parts, X, y, epochs=1)
        return self

    def _new_parts(self, X, y, random):
        """Return a network and an optimizer that nobody has used."""
        network = mlp(
            [X.shape[1], *self._hidden_sizes(), self._count_outputs(y)],
            self.activation,
            self.dropout,
            self.batch_norm,
            self._choose_loss(y),
            random.randint(np.iinfo(np.int32).max),
            X.dtype,
            "glorot_uniform",  # as in MLPClassifier; on small tables He's starts too far out
        )
        if isinstance(self.optimizer, Optimizer):
            return network, type(self.optimizer)(**self.optimizer.config())
        l2 = self.alpha / self._batch_size(len(X))
        return network, OPTIMIZERS[self.optimizer](self.learning_rate_init, l2=l2)

    def _train(self, network, optimizer, X, y, epochs, held_out=None, callbacks=()):
        size, verbose = self._batch_size(len(X)), bool(self.verbose)
        history = network.fit(
            X, y, epochs, size, optimizer, held_out, callbacks, verbose=verbose
        ).history
        self.network_, self._optimizer = network, optimizer
        self.loss_curve_ += history["loss"]
        self.validation_loss_curve_ = history.get("val_loss")
        self.n_iter_ = len(self.loss_curve_)

    def _batch_size(self, m):
        return min(200 if self.batch_size == "auto" else self.batch_size, m)

    def _stopping_rule(self):
        if self.tol is None:
            return []
        monitor = "val_loss" if self.early_stopping else "loss"
        return [EarlyStopping(monitor, self.n_iter_no_change, self.tol, self.early_stopping)]

    def _hold_out(self, X, y, random):
        """Return what to train on, and a pair of what early stopping looks at, or None."""
        if not self.early_stopping:
            return X, y, None
        X, X_held_out, y, y_held_out = train_test_split(
            X, y, test_size=self.validation_fraction, random_state=random, stratify=self._strata(y)
        )
        return X, y, (X_held_out, y_held_out)

    # --- Use ---

    def predict(self, X):
        """Return the number, or the numbers, for each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (m, n)
            One sample a row.

        Returns
        -------
        ndarray of shape (m,) or (m, K)

        Raises
        ------
        NotFittedError, ValueError, TypeError
            If there is no network, or X does not fit it.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        X = self._check_samples(X)
        return self.network_.predict(X)

    # --- Checks at the door ---

    def _hidden_sizes(self):
        sizes = self.hidden_layer_sizes
        return [*sizes] if np.iterable(sizes) else [sizes]

    def _check_parameters(self):
        for size in self._hidden_sizes():
            check_count("hidden_layer_sizes", size)
        check_choice("activation", self.activation, ACTIVATIONS)
        if not isinstance(self.optimizer, Optimizer):
            check_choice("optimizer", self.optimizer, OPTIMIZERS)
        if self.batch_size != "auto":
            check_count("batch_size", self.batch_size)
        if self.tol is not None:
            check_nonnegative("tol", self.tol)
        elif self.early_stopping:
            raise ValueError("tol is None, expected a number with early_stopping=True")
        for name, check in RULES:
            check(name, getattr(self, name))

    def _check_data(self, X, y, classes=None, first=True):
        """Return dense samples, and targets as the engine takes them."""
        X, y = validate_data(
            self,
            X,
            y,
            reset=first,
            multi_output=True,
            y_numeric=isinstance(self, RegressorMixin),
            **ACCEPTED,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return _dense(X), self._encode(_dense(y), classes, first)

    def _check_samples(self, X):
        check_is_fitted(self, "network_")
        return _dense(validate_data(self, X, reset=False, **ACCEPTED))

    # --- What scikit-learn asks for ---

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class NeuralNetworkClassifier(ClassifierMixin, _NeuralNetwork):
    r"""Multi-layer perceptron that predicts labels, as an estimator of scikit-learn.

    One output a class with softmax cross-entropy; for several yes-or-no labels a sample, one
    output a label with binary cross-entropy.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or int, default (100,)
        Numbers of neurons in the hidden layers; an empty tuple gives softmax regression.
    activation : {"relu", "leaky_relu", "gelu", "tanh", "sigmoid"}, default "relu"
        Of the hidden layers. MLPClassifier calls the sigmoid ``"logistic"``.
    optimizer : {"adam", "sgd"} or Optimizer, default "adam"
        ``"sgd"`` has Nesterov's momentum of 0.9, as in MLPClassifier, where this is `solver`. Of
        an object of :mod:`nnbook.optimizers` each training uses a new copy; it has its own
        learning rate and decay, and `learning_rate_init` and `alpha` are not used.
    alpha : float, default 0.0001
        Strength of the L2 penalty: with B samples in a full batch, the network minimises
        :math:`L + \frac{\alpha}{2B} \sum W^2`, so that the engine's `l2` is :math:`\alpha / B`.
        In MLPClassifier alpha means the same. MLPRegressor halves the squared error, so there
        the same alpha weighs twice as much. Over several labels or outputs, L is the mean here
        and the sum there.
    batch_size : int or "auto", default "auto"
        Samples a step; ``"auto"`` is 200. Never more than there are.
    learning_rate_init : float, default 0.001
        The learning rate.
    max_iter : int, default 200
        Largest number of epochs. A training that reaches it gives a ``ConvergenceWarning``.
    tol : float or None, default 0.0001
        A fall of the loss that is no larger does not count. None trains for `max_iter` epochs,
        whatever the loss does, and gives no warning.
    n_iter_no_change : int, default 10
        Training ends when the loss has not fallen for so many epochs.
    dropout : float, default 0
        Rate of dropout after every activation.
    batch_norm : bool, default False
        Whether to normalise before every activation.
    early_stopping : bool, default False
        Whether the loss that counts is that on a part of the data that training does not see;
        at the end the network gets back the weights of its best epoch. MLPClassifier looks at
        the score instead.
    validation_fraction : float, default 0.1
        How large this part is; stratified by class where the classes are large enough.
    random_state : int, RandomState or None, default None
        Source of the initial weights, the order of the samples, dropout and the split.
    verbose : bool, default False
        Whether to show a progress bar.

    Attributes
    ----------
    network_ : Sequential
        The trained network.
    classes_ : ndarray of shape (K,)
        The labels, in the order of the outputs.
    loss_curve_ : list of float
        The mean loss over the batches of each epoch, without the penalty.
    validation_loss_curve_ : list of float or None
        The loss on the held-out part after each epoch, with `early_stopping`.
    n_iter_ : int
        Number of epochs so far.
    n_features_in_, feature_names_in_
        As in every estimator of scikit-learn.

    References
    ----------
    L. Buitinck et al., "API design for machine learning software: experiences from the
    scikit-learn project", 2013, `arXiv:1309.0238 <https://arxiv.org/abs/1309.0238>`_.

    Notes
    -----
    All weights start as Glorot's, whatever the activation, as in MLPClassifier.

    The engine multiplies dense matrices: a sparse X is made dense as a whole. There are no sample
    weights: with mini-batches, a sample of weight 2 and two equal samples take different steps.

    Chapter: :doc:`/engine`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_wine(return_X_y=True)
    >>> network = NeuralNetworkClassifier(max_iter=50, tol=None, random_state=0)
    >>> make_pipeline(StandardScaler(), network).fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    @available_if(_can_train_by_epochs)
    def partial_fit(self, X, y, classes=None):
        """Train for one epoch on these samples; where there is a network already, that one.

        The optimizer goes on where it was; parameters that were changed since the first call do
        not reach it. Repeated on the same data, the steps are those of :meth:`fit`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (m, n)
            One sample a row.
        y : array-like of shape (m,) or (m, K)
            Labels; not all classes have to be among them.
        classes : array-like of shape (K,) or None
            All classes that will ever come, at the first call; not needed later.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit`; also without `classes` at the first call, and for a label that is not
            among them.
        AttributeError
            With `early_stopping`, of which one epoch knows nothing.
        FloatingPointError
            If the loss diverges; the network is then as before.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        if classes is None and not hasattr(self, "network_"):
            raise ValueError("classes is None, expected all labels at the first partial_fit")
        return self._partial_fit(X, y, classes)

    def predict(self, X):
        """Return the most probable label of each sample; of several yes-or-no labels, each.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (m, n)
            One sample a row.

        Returns
        -------
        ndarray of shape (m,) or (m, K)

        Raises
        ------
        NotFittedError, ValueError, TypeError
            If there is no network, or X does not fit it.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        predicted = super().predict(X)
        return predicted if predicted.ndim == 2 else self.classes_[predicted]

    def predict_proba(self, X):
        """Return the probability of every class, in the order of `classes_`.

        With one label a sample, a row sums to 1; with several, each number is that of a yes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (m, n)
            One sample a row.

        Returns
        -------
        ndarray of shape (m, K)

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As :meth:`predict`.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        X = self._check_samples(X)
        return self.network_.predict_proba(X)

    def _encode(self, y, classes, first):
        """Return the number of each label among `classes_`, or the matrix of yes and no."""
        check_classification_targets(y)
        if y.ndim == 2 and not np.isin(y, (0, 1)).all():
            raise ValueError("y has several columns with other values than 0 and 1, expected one")
        if first:
            labels = y if classes is None else classes
            self.classes_ = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(labels)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes is {classes}, expected {self.classes_} as before")
        if y.ndim == 2:
            return y.astype(np.float64)
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"y contains the label {unknown[0]}, expected one of {self.classes_}")
        return np.searchsorted(self.classes_, y)

    def _count_outputs(self, y):
        return len(self.classes_)

    def _choose_loss(self, y):
        return "softmax_cross_entropy" if y.ndim == 1 else "binary_cross_entropy"

    def _strata(self, y):
        """Return the classes, if each of them can be in both parts of a split."""
        held_out = ceil(self.validation_fraction * len(y))
        room = min(held_out, len(y) - held_out)
        possible = y.ndim == 1 and len(self.classes_) <= room and np.bincount(y).min() > 1
        return y if possible else None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NeuralNetworkRegressor(RegressorMixin, _NeuralNetwork):
    """Multi-layer perceptron that predicts numbers, as an estimator of scikit-learn.

    It minimises the mean squared error. Targets far from mean 0 and variance 1 are better scaled
    first, for example by scikit-learn's ``TransformedTargetRegressor``.

    The parameters, and the attributes but for `classes_`, are those of
    :class:`NeuralNetworkClassifier`.

    Notes
    -----
    Chapter: :doc:`/engine`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> model = NeuralNetworkRegressor(batch_size=10, tol=None, random_state=0)
    >>> model.fit(X, np.sin(3 * X[:, 0])).predict([[0.5], [-0.5]]).round(1)
    array([ 1., -1.])
    """

    def _encode(self, y, classes=None, first=True):
        return y

    def _count_outputs(self, y):
        return 1 if y.ndim == 1 else y.shape[1]

    def _choose_loss(self, y):
        return "mean_squared_error"

    def _strata(self, y):
        return None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _dense(data):
    return data.toarray() if issparse(data) else data
