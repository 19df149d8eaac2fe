"""The estimators: scikit-learn's own checks, its own MLP as the oracle, and its tools around them.

How the checks compare with those of MLPClassifier and MLPRegressor is itself a test here.
"""

import copy
import doctest
import os
import pickle
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from unittest import SkipTest

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from nnbook import SGD, Adam, NeuralNetworkClassifier, NeuralNetworkRegressor, estimators

BOTH = [NeuralNetworkClassifier, NeuralNetworkRegressor]
CONFIGURATIONS = [
    {},
    {"dropout": 0.2, "batch_norm": True, "activation": "tanh"},
    {"early_stopping": True, "activation": "gelu"},
    {"optimizer": "sgd", "tol": None},
    {"optimizer": Adam(0.01), "activation": "leaky_relu", "hidden_layer_sizes": (20, 10)},
]


# --- scikit-learn's own checks -------------------------------------------------------------------


ALL = parametrize_with_checks([make(**settings) for settings in CONFIGURATIONS for make in BOTH])


# scikit-learn leaves the same warning out of account when it checks its own estimators. Version
# 1.6 gives pytest a generator of checks, which pytest 9 does not want: hence the list.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(ALL.args[0], [*ALL.args[1]], **ALL.kwargs)
def test_scikit_learn(estimator, check):
    check(estimator)


def checks(estimator):
    """Return scikit-learn's checks of an estimator, ready to be called, by name."""
    return {
        f"{check.func.__name__} {check.keywords}" if check.keywords else check.func.__name__: (
            partial(check, estimator)
        )
        for estimator, check in map(flatten, estimator_checks_generator(estimator))
    }


def flatten(pair):
    estimator, check = pair
    while isinstance(check.func, partial):
        check = partial(check.func.func, *check.args, **check.keywords)
    return estimator, check


def is_skipped(check):
    try:
        check()
    except SkipTest:
        return True
    return False


MLPS = [(NeuralNetworkClassifier, MLPClassifier), (NeuralNetworkRegressor, MLPRegressor)]


@pytest.mark.parametrize(("ours", "theirs"), MLPS)
def test_no_check_of_mlps_is_missing_but_those_of_sample_weights(ours, theirs):
    ours, theirs = checks(ours()), checks(theirs())
    assert len(ours) > 50
    missing = theirs.keys() - ours.keys()
    assert all(name.startswith(("check_sample_weight", "check_all_zero_s")) for name in missing)
    assert ours.keys() - theirs.keys() <= {"check_regressor_multioutput"}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("ours", "theirs"), MLPS)
def test_no_check_is_skipped_that_mlp_does_not_skip(ours, theirs):
    ours, theirs = checks(ours()), checks(theirs())
    skipped = [name for name, check in ours.items() if is_skipped(check)]
    assert len(skipped) < 4
    assert [name for name in skipped if not is_skipped(theirs[name])] == []


def differing_tags(ours, theirs):
    ours, theirs = asdict(get_tags(ours)), asdict(get_tags(theirs))
    flat = [
        {(group, name): tag for group, tags in all_tags.items() for name, tag in items(tags)}
        for all_tags in (ours, theirs)
    ]
    return {name for name in flat[0].keys() | flat[1].keys() if flat[0][name] != flat[1][name]}


def items(tags):
    return tags.items() if isinstance(tags, dict) else [("", tags)]


@pytest.mark.parametrize(("ours", "theirs"), MLPS)
@pytest.mark.parametrize("settings", CONFIGURATIONS[:3])
def test_tags_are_those_of_mlp(ours, theirs, settings):
    # MLPRegressor takes several outputs too, but does not say so: it runs a check less.
    differing = differing_tags(ours(**settings), theirs())
    assert differing == ({("target_tags", "multi_output")} if theirs is MLPRegressor else set())


def test_the_array_api_check_passes_where_it_is_not_skipped():
    code = """if True:
        from nnbook import NeuralNetworkClassifier, NeuralNetworkRegressor
        from sklearn.utils.estimator_checks import estimator_checks_generator
        for make in (NeuralNetworkClassifier, NeuralNetworkRegressor):
            for estimator, check in estimator_checks_generator(make()):
                if "array_api" in str(check.func):
                    check(estimator)
    """
    # SciPy reads the variable when it is imported, so this needs a process of its own.
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr


# --- scikit-learn's MLP as the oracle ------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


EPOCHS = 30


def from_the_weights_of(ours, mlp, X, y):
    """Return `mlp`, trained on X and y from the weights that `ours` starts with."""
    start = clone(ours).set_params(max_iter=1, optimizer=SGD(1e-300)).fit(X, y).network_
    weights = start.get_weights()
    mlp.set_params(warm_start=True, batch_size=len(X), tol=0, n_iter_no_change=EPOCHS, max_iter=1)
    with pytest.warns(ConvergenceWarning):
        mlp.fit(X, y)
    mlp.coefs_ = [w for name, w in weights.items() if name.endswith("W")]
    mlp.intercepts_ = [w for name, w in weights.items() if name.endswith("b")]
    mlp.set_params(max_iter=EPOCHS)
    with pytest.warns(ConvergenceWarning):
        return mlp.fit(X, y)


ACTIVATIONS = [("relu", "relu"), ("tanh", "tanh"), ("sigmoid", "logistic")]


SETTINGS = {"batch_size": 1000, "max_iter": EPOCHS, "tol": None, "random_state": 0}


@pytest.mark.parametrize("alpha", [0.0, 10.0])
@pytest.mark.parametrize(("activation", "their_name"), ACTIVATIONS)
def test_sgd_and_alpha_are_those_of_mlp_classifier(iris, activation, their_name, alpha):
    shared = {"hidden_layer_sizes": (8, 5), "alpha": alpha, "learning_rate_init": 0.1}
    ours = NeuralNetworkClassifier(activation=activation, optimizer="sgd", **shared, **SETTINGS)
    mlp = MLPClassifier(activation=their_name, solver="sgd", **shared)
    theirs = from_the_weights_of(ours, mlp, *iris).predict_proba(iris[0])
    np.testing.assert_allclose(ours.fit(*iris).predict_proba(iris[0]), theirs, atol=1e-12)


def test_adam_is_that_of_mlp_classifier(iris):
    # In MLPClassifier epsilon is added where Keras adds it.
    optimizer = Adam(0.01, epsilon=1e-8, convention="keras", l2=10 / len(iris[0]))
    ours = NeuralNetworkClassifier((8,), optimizer=optimizer, **SETTINGS)
    mlp = MLPClassifier((8,), alpha=10, learning_rate_init=0.01)
    theirs = from_the_weights_of(ours, mlp, *iris).predict_proba(iris[0])
    np.testing.assert_allclose(ours.fit(*iris).predict_proba(iris[0]), theirs, atol=1e-12)


def test_the_same_alpha_weighs_twice_as_much_in_mlp_regressor(diabetes):
    # Its loss is half of ours: with half our steps and twice our alpha, the two are the same.
    ours = {"optimizer": "sgd", "alpha": 20, "learning_rate_init": 0.01}
    theirs = {"solver": "sgd", "alpha": 10, "learning_rate_init": 0.02}
    ours = NeuralNetworkRegressor((8,), **ours, **SETTINGS)
    mlp = MLPRegressor(hidden_layer_sizes=(8,), **theirs)
    theirs = from_the_weights_of(ours, mlp, *diabetes).predict(diabetes[0])
    np.testing.assert_allclose(ours.fit(*diabetes).predict(diabetes[0]), theirs, atol=1e-12)


def scores(make, X, y, **settings):
    """Return the scores on every second sample, after training on the others, of five seeds."""
    models = [make(random_state=seed, **settings).fit(X[::2], y[::2]) for seed in range(5)]
    return np.array([model.score(X[1::2], y[1::2]) for model in models])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("makes", "data", "epochs", "least"),
    [(MLPS[0], "digits", 30, 0.9), (MLPS[1], "diabetes", 200, 0.3)],
)
def test_scores_are_those_of_mlp_within_the_spread(makes, data, epochs, least, request):
    X, y = request.getfixturevalue(data)
    ours, theirs = (scores(make, X, y, max_iter=epochs) for make in makes)
    assert ours.min() > least
    assert abs(ours.mean() - theirs.mean()) < 3 * max(ours.std(ddof=1), theirs.std(ddof=1))


# --- scikit-learn's tools around them ------------------------------------------------------------


def test_pipeline_and_grid_search_in_two_processes(iris):
    X, y = iris[0], np.array(["setosa", "versicolor", "virginica"])[iris[1]]
    model = make_pipeline(
        StandardScaler(), NeuralNetworkClassifier((16,), max_iter=40, tol=None, random_state=0)
    )
    grid = {
        "neuralnetworkclassifier__alpha": [0.001, 1.0],
        "neuralnetworkclassifier__optimizer": ["adam", SGD(0.1, momentum=0.9)],
    }
    search = GridSearchCV(model, grid, n_jobs=2, cv=3).fit(X, y)
    here = GridSearchCV(model, grid, cv=3).fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert search.best_score_ > 0.93
    assert set(search.predict(X)) == set(y)


def test_fitted_estimators_come_back_from_other_processes(iris):
    model = NeuralNetworkClassifier((16,), max_iter=5, tol=None, random_state=0)
    found = cross_validate(model, *iris, cv=2, n_jobs=2, return_estimator=True)
    here = cross_validate(model, *iris, cv=2, return_estimator=True)
    for theirs, ours in zip(found["estimator"], here["estimator"], strict=True):
        np.testing.assert_array_equal(theirs.predict_proba(iris[0]), ours.predict_proba(iris[0]))


def test_cross_validation_of_a_classifier():
    X, y = load_breast_cancer(return_X_y=True)
    model = NeuralNetworkClassifier(max_iter=50, tol=None, random_state=0)
    assert cross_val_score(make_pipeline(StandardScaler(), model), X, y).mean() > 0.96


def test_cross_validation_of_a_regressor():
    X, y = load_diabetes(return_X_y=True)
    model = NeuralNetworkRegressor((20,), tol=None, random_state=0)
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), model), transformer=StandardScaler()
    )
    assert cross_val_score(model, X, y).mean() > 0.35


class Frame(np.ndarray):
    """As much of a data frame as the estimators need: an array whose columns have names."""

    columns = None


def test_the_names_of_features_are_kept_and_compared(iris, monkeypatch):
    # Which data frames there are is scikit-learn's affair; when it looks at them is ours.
    names = "sklearn.utils.validation._get_feature_names"
    monkeypatch.setattr(names, lambda X: getattr(X, "columns", None))
    X, y = iris[0].view(Frame), iris[1]
    X.columns = np.array([*"abcd"], dtype=object)
    model = NeuralNetworkClassifier(max_iter=2, tol=None).fit(X, y)
    assert [*model.feature_names_in_] == [*"abcd"]
    model.partial_fit(X, y).predict_proba(X)
    for method in (model.predict, model.predict_proba):
        with pytest.warns(UserWarning, match="X does not have valid feature names"):
            method(iris[0])
    X.columns = X.columns[::-1]
    for method in (model.predict, model.predict_proba, lambda X: model.partial_fit(X, y)):
        with pytest.raises(ValueError, match="feature names should match"):
            method(X)


@pytest.mark.parametrize("make", BOTH)
def test_clones_have_equal_parameters_and_no_network(make, iris):
    model = make(optimizer=Adam(0.1), hidden_layer_sizes=(3, 3), max_iter=1, tol=None).fit(*iris)
    twin = clone(model)
    assert repr(twin) == repr(model)
    assert twin.optimizer is not model.optimizer
    with pytest.raises(NotFittedError):
        twin.predict(iris[0])


# --- What is random ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("settings", CONFIGURATIONS[:3])
def test_a_seed_decides_everything(make, settings, iris):
    model = make(**settings | {"max_iter": 5})
    first, again, other = (clone(model).set_params(random_state=seed) for seed in (3, 3, 4))
    for copied in (first, again, other):
        with pytest.warns(ConvergenceWarning):
            copied.fit(*iris)
    np.testing.assert_array_equal(first.network_.parameters, again.network_.parameters)
    assert not np.array_equal(first.network_.parameters, other.network_.parameters)


def test_a_random_state_goes_on_from_fit_to_fit(iris):
    model = NeuralNetworkClassifier(max_iter=1, tol=None, random_state=np.random.RandomState(0))
    first, second = (model.fit(*iris).network_.parameters.copy() for _ in range(2))
    assert not np.array_equal(first, second)


# --- Going on: partial_fit and pickles -----------------------------------------------------------


def partial_fit(model, X, y):
    classes = {} if isinstance(model, NeuralNetworkRegressor) else {"classes": np.unique(y)}
    return model.partial_fit(X, y, **classes)


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("settings", [*CONFIGURATIONS[:2], *CONFIGURATIONS[3:]])
def test_partial_fit_takes_the_steps_of_fit(make, settings, iris):
    model = make(**settings | {"max_iter": 4, "tol": None, "batch_size": 32}, random_state=0)
    whole, parts = clone(model).fit(*iris), clone(model)
    for _ in range(4):
        partial_fit(parts, *iris)
    np.testing.assert_array_equal(parts.network_.parameters, whole.network_.parameters)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 4


def test_partial_fit_goes_on_after_fit(iris):
    model = NeuralNetworkClassifier(max_iter=3, tol=None, random_state=0)
    longer = clone(model).set_params(max_iter=4).fit(*iris)
    model.fit(*iris).partial_fit(*iris)
    np.testing.assert_array_equal(model.network_.parameters, longer.network_.parameters)


def test_fit_after_partial_fit_starts_anew(iris):
    model = NeuralNetworkClassifier(max_iter=3, tol=None, random_state=0)
    expected = clone(model).fit(*iris).network_.parameters
    model.partial_fit(*iris, classes=[0, 1, 2]).fit(*iris)
    np.testing.assert_array_equal(model.network_.parameters, expected)
    assert model.n_iter_ == 3


def test_partial_fit_learns_from_a_stream(digits):
    X, y = digits
    model = NeuralNetworkClassifier(batch_size=32, random_state=0)
    for _ in range(10):
        for start in range(0, 1500, 100):
            part = slice(start, start + 100)
            model.partial_fit(X[part], y[part], classes=range(10))
    assert model.score(X[1500:], y[1500:]) > 0.85


def test_partial_fit_does_not_need_every_class_in_every_part(iris):
    X, y = iris[0], np.array(["a", "b", "c"])[iris[1]]
    model = NeuralNetworkClassifier(random_state=0)
    model.partial_fit(X[:50], y[:50], classes=["c", "a", "b"]).partial_fit(X[50:], y[50:])
    assert [*model.classes_] == ["a", "b", "c"]
    assert model.predict_proba(X).shape == (150, 3)


def test_partial_fit_is_not_there_with_early_stopping(iris):
    model = NeuralNetworkClassifier(early_stopping=True)
    assert not hasattr(model, "partial_fit")
    assert hasattr(model.set_params(early_stopping=False), "partial_fit")


COPIES = [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy]


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("make", BOTH)
def test_a_copy_predicts_and_learns_as_the_original(make, copied, iris):
    settings = {"dropout": 0.2, "batch_norm": True, "max_iter": 3, "tol": None}
    model = copied(make(**settings, random_state=0)).fit(*iris)
    twin = copied(model)
    before = model.predict(iris[0])
    np.testing.assert_array_equal(twin.predict(iris[0]), before)
    model.partial_fit(*iris)
    np.testing.assert_array_equal(twin.predict(iris[0]), before)  # nothing is shared
    twin.partial_fit(*iris)
    np.testing.assert_array_equal(twin.network_.parameters, model.network_.parameters)
    np.testing.assert_array_equal(twin.predict(iris[0]), model.predict(iris[0]))


# --- Targets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [-1, 1], [2.0, 7.0], [*"abc"]])
def test_labels_of_any_kind(labels, iris):
    X, y = iris
    X, y = X[y < len(labels)], np.array(labels)[y[y < len(labels)]]
    model = NeuralNetworkClassifier(
        learning_rate_init=0.01, max_iter=50, tol=None, random_state=0
    ).fit(X, y)
    p = model.predict_proba(X)
    assert p.shape == (len(y), len(labels))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) > 0.9


def test_several_labels_a_sample(rng):
    X = rng.normal(size=(400, 3))
    y = np.column_stack([X[:, 0] > 0, X[:, 1] + X[:, 2] > 0]).astype(int)
    model = NeuralNetworkClassifier(max_iter=100, tol=None, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)
    assert [*model.classes_] == [0, 1]
    assert model.score(X, y) > 0.95
    sparse = clone(model).fit(X, csr_array(y))
    np.testing.assert_array_equal(sparse.predict_proba(X), model.predict_proba(X))
    parts = clone(model).partial_fit(X, y, classes=[0, 1])
    assert parts.partial_fit(X, y).n_iter_ == 2


def test_several_outputs(diabetes):
    X, y = diabetes[0], np.column_stack([diabetes[1], -diabetes[1], diabetes[0][:, 0]])
    model = NeuralNetworkRegressor(max_iter=100, tol=None, random_state=0).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.5


@pytest.mark.parametrize("make", BOTH)
def test_a_column_of_targets_is_taken_with_a_warning(make, iris):
    model = make(max_iter=2, tol=None, random_state=0)
    with pytest.warns(DataConversionWarning):
        column = clone(model).fit(iris[0], iris[1][:, None])
    np.testing.assert_array_equal(column.predict(iris[0]), model.fit(*iris).predict(iris[0]))


# --- Samples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("given", "expected"),
    [("float32", "float32"), ("float64", "float64"), ("int32", "float64"), ("uint8", "float64")],
)
def test_precision_follows_the_samples(make, given, expected, iris):
    X, y = np.abs(10 * iris[0]).astype(given), iris[1]
    model = make(max_iter=1, tol=None).fit(X, y)
    assert model.network_.parameters.dtype == expected
    outputs = model.predict if make is NeuralNetworkRegressor else model.predict_proba
    assert outputs(X).dtype == expected
    assert outputs(X.astype("float64")).dtype == expected


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("container", [csr_array, csc_matrix])
def test_sparse_samples_give_the_same_as_dense_ones(make, container, iris):
    X, y = np.where(iris[0] > 0, iris[0], 0), iris[1]
    model = make(max_iter=3, tol=None, random_state=0)
    sparse, dense = clone(model).fit(container(X), y), model.fit(X, y)
    np.testing.assert_array_equal(sparse.predict(container(X)), dense.predict(X))


# --- When training ends --------------------------------------------------------------------------


def test_training_ends_when_the_loss_has_settled(iris):
    model = NeuralNetworkClassifier(max_iter=1000, tol=0.01, n_iter_no_change=5, random_state=0)
    curve = np.array(model.fit(*iris).loss_curve_)
    assert model.n_iter_ == len(curve) < 1000
    assert curve[-6] - 0.01 <= curve[-5:].min()
    assert model.validation_loss_curve_ is None


def test_max_iter_warns_unless_a_number_of_epochs_is_what_one_wants(iris):
    model = NeuralNetworkClassifier(max_iter=7, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=7 .* tol=None"):
        model.fit(*iris)
    assert model.n_iter_ == 7
    assert clone(model).set_params(tol=None).fit(*iris).n_iter_ == 7


@pytest.mark.parametrize("make", BOTH)
def test_early_stopping_gives_back_the_best_weights(make, iris):
    X, y = iris
    y = np.where(np.arange(len(y)) % 4, y, (y + 1) % 3)  # wrong labels, to overfit
    model = make(early_stopping=True, tol=0, max_iter=500, n_iter_no_change=8, random_state=0)
    model.set_params(learning_rate_init=0.01).fit(X, y)
    best = 1 + int(np.argmin(model.validation_loss_curve_))
    assert model.n_iter_ == best + 8 == len(model.loss_curve_) == len(model.validation_loss_curve_)
    with pytest.warns(ConvergenceWarning):
        only = clone(model).set_params(max_iter=best).fit(X, y)
    np.testing.assert_array_equal(model.network_.parameters, only.network_.parameters)


def losses_held_out(model, X, y, monkeypatch):
    """Return what `model` is given to train on, and what is held out."""
    seen = {}

    def fit(network, X, y, epochs, batch_size, optimizer, held_out, callbacks, verbose):
        seen.update(X=X, y=y, held_out=held_out)
        raise FloatingPointError

    monkeypatch.setattr("nnbook.sequential.Sequential.fit", fit)
    with pytest.raises(FloatingPointError):
        model.fit(X, y)
    return seen


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_early_stopping_holds_out_a_part_of_every_class(fraction, iris, monkeypatch):
    model = NeuralNetworkClassifier(early_stopping=True, validation_fraction=fraction)
    seen = losses_held_out(model, *iris, monkeypatch)
    X, y = seen["held_out"]
    assert [*np.bincount(y)] == [50 * fraction] * 3
    everything = np.vstack([X, seen["X"]])
    np.testing.assert_array_equal(
        everything[np.lexsort(everything.T)], iris[0][np.lexsort(iris[0].T)]
    )


def test_early_stopping_takes_classes_that_are_too_small_to_hold_out(iris):
    few = np.array([0, 1, 2, 50, 51, 52, 53, 54, 55, 100])  # of the last class, one
    model = NeuralNetworkClassifier(early_stopping=True, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(iris[0][few], iris[1][few])
    assert [*model.classes_] == [0, 1, 2]


# --- Parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(8, 4), [8, 4], np.array([8, 4])])
def test_sizes_of_the_hidden_layers(sizes, iris):
    network = NeuralNetworkClassifier(sizes, max_iter=1, tol=None).fit(*iris).network_
    assert [w.shape for w in network.named_parameters().values() if w.ndim == 2] == [
        (4, 8),
        (8, 4),
        (4, 3),
    ]


@pytest.mark.parametrize(("sizes", "layers"), [((), 1), (7, 3)])
def test_no_hidden_layer_and_one(sizes, layers, iris):
    model = NeuralNetworkClassifier(sizes, max_iter=1, tol=None).fit(*iris)
    assert len(model.network_.layers) == layers


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_weights_start_as_in_mlp_classifier(activation, iris):
    model = NeuralNetworkClassifier(activation=activation, optimizer=SGD(1e-300), max_iter=1)
    weights = model.set_params(tol=None, random_state=0).fit(*iris).network_.named_parameters()
    for w in (weights["0.W"], weights["2.W"]):
        bound = np.sqrt(6 / sum(w.shape))
        assert 0.9 * bound < np.abs(w).max() < bound


def test_batch_norm_and_dropout_are_in_the_network(iris):
    model = NeuralNetworkClassifier((7,), dropout=0.3, batch_norm=True, max_iter=1, tol=None)
    layers = [str(layer) for layer in model.fit(*iris).network_.layers]
    assert " ".join(layers) == (
        "Dense(4, 7) BatchNorm(features=7) ReLU() Dropout(rate=0.3) Dense(7, 3)"
    )


def test_a_given_optimizer_is_copied_and_starts_anew(iris):
    used = Adam(0.01)
    model = NeuralNetworkClassifier(optimizer=used, max_iter=2, tol=None, random_state=0)
    first = model.fit(*iris).network_.parameters
    assert (used.iterations, used.state) == (0, {})
    used.iterations = 1000
    np.testing.assert_array_equal(model.fit(*iris).network_.parameters, first)


def test_a_batch_never_has_more_samples_than_there_are(iris):
    model = NeuralNetworkClassifier(alpha=5, max_iter=2, tol=None, random_state=0)
    all_at_once = clone(model).set_params(batch_size=150).fit(*iris).network_.parameters
    np.testing.assert_array_equal(model.fit(*iris).network_.parameters, all_at_once)
    model.set_params(batch_size=1000)
    np.testing.assert_array_equal(model.fit(*iris).network_.parameters, all_at_once)


def test_the_progress_bar_is_off_by_default(iris, capsys):
    model = NeuralNetworkClassifier(max_iter=1, tol=None)
    model.fit(*iris)
    assert capsys.readouterr().err == ""
    model.set_params(verbose=True).fit(*iris)
    assert "loss" in capsys.readouterr().err


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("parameter", "value", "error", "message"),
    [
        ("hidden_layer_sizes", (10, 0), ValueError, "hidden_layer_sizes is 0, expected at least 1"),
        ("hidden_layer_sizes", "100", TypeError, "hidden_layer_sizes is '1', expected an integer"),
        ("activation", "logistic", ValueError, "activation is 'logistic', expected one of relu"),
        ("optimizer", "lbfgs", ValueError, "optimizer is 'lbfgs', expected one of adam, sgd"),
        ("optimizer", Adam, TypeError, "optimizer is <class"),
        ("alpha", -1, ValueError, "alpha is -1, expected 0 or a positive"),
        ("batch_size", 0, ValueError, "batch_size is 0, expected at least 1"),
        ("batch_size", "all", TypeError, "batch_size is 'all', expected an integer"),
        ("learning_rate_init", 0, ValueError, "learning_rate_init is 0, expected a positive"),
        ("max_iter", 0, ValueError, "max_iter is 0, expected at least 1"),
        ("max_iter", 1.5, TypeError, "max_iter is 1.5, expected an integer"),
        ("tol", -1, ValueError, "tol is -1, expected 0 or a positive"),
        ("n_iter_no_change", 0, ValueError, "n_iter_no_change is 0, expected at least 1"),
        ("dropout", 1.0, ValueError, "dropout is 1.0, expected a number from 0 to below 1"),
        ("validation_fraction", 0, ValueError, "validation_fraction is 0, expected a positive"),
        ("validation_fraction", 1.0, ValueError, "validation_fraction is 1.0, expected a number"),
        ("random_state", "0", ValueError, "'0' cannot be used to seed"),
    ],
)
def test_wrong_parameters_are_refused(make, parameter, value, error, message, iris):
    model = make(**{parameter: value})
    with pytest.raises(error, match=message):
        model.fit(*iris)
    with pytest.raises(error, match=message):
        partial_fit(model, *iris)
    with pytest.raises(NotFittedError):
        model.predict(iris[0])


def test_early_stopping_needs_a_tolerance(iris):
    with pytest.raises(ValueError, match="tol is None, expected a number with early_stopping"):
        NeuralNetworkClassifier(tol=None, early_stopping=True).fit(*iris)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({}, None, "classes is None, expected all labels at the first partial_fit"),
        ({"classes": [0, 1]}, None, "y contains the label 2, expected one of"),
        (
            {"classes": [0, 1, 2]},
            {"classes": [0, 1]},
            "classes is .*, expected .*0 1 2.* as before",
        ),
    ],
)
def test_partial_fit_refuses_other_classes(first, then, message, iris):
    model = NeuralNetworkClassifier()
    if then is not None:
        model.partial_fit(*iris, **first)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*iris, **(first if then is None else then))


def test_labels_and_numbers_in_several_columns_are_refused(iris):
    X, y = iris
    with pytest.raises(ValueError, match="y has several columns with other values than 0 and 1"):
        NeuralNetworkClassifier().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="Unknown label type"):
        NeuralNetworkClassifier().fit(X, X[:, 0])
    model = NeuralNetworkClassifier(max_iter=1, tol=None).fit(X, y)
    with pytest.raises(ValueError, match="y has shape"):
        model.partial_fit(X, np.column_stack([y > 0, y > 1]).astype(int))


@pytest.mark.parametrize("make", BOTH)
def test_a_fit_that_fails_leaves_no_network(make, iris):
    model = make(max_iter=20, tol=None, random_state=0).fit(*iris)
    model.set_params(optimizer=SGD(1e200))
    with pytest.raises(FloatingPointError, match="the loss diverged in epoch"):
        model.fit(*iris)
    with pytest.raises(NotFittedError):
        model.predict(iris[0])


def test_partial_fit_that_diverges_changes_nothing(diabetes):
    X, y = diabetes
    model = NeuralNetworkRegressor(max_iter=5, tol=None, random_state=0).fit(X, y)
    before, epochs = model.predict(X), model.n_iter_
    with pytest.raises(FloatingPointError):
        model.partial_fit(X, 1e200 * y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert model.n_iter_ == epochs == len(model.loss_curve_)


def test_examples_of_the_docstrings():
    failed, attempted = doctest.testmod(estimators)
    assert failed == 0 < attempted
