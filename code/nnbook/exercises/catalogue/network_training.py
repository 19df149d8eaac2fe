"""The checked exercises of :doc:`/network-from-scratch` on loss and data."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import network_from_scratch as solutions
from nnbook.preprocessing import one_hot_encode

LOSS = "network-from-scratch#the-loss"
SCALING = "network-from-scratch#fit-the-scaler"
SMALLEST = np.finfo(np.float64).tiny


# --- cross-entropy -------------------------------------------------------------------------------


def predictions(rng):
    gentle = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.array([[4, 5], [2, 1], [2, 2]]) / 8
    tiny = np.eye(3)[:, :2], np.array([[1e-20, 0.3], [0.6, 0.2], [0.4, 0.5]])
    # One zero for a true class, one for a wrong class.
    zero = np.eye(2), np.array([[0.0, 0.0], [1.0, 1.0]])
    return [gentle, tiny, zero, *(prediction(rng, *s) for s in ((3, 5), (4, 4), (2, 7)))]


def prediction(rng, K, m):
    return one_hot_encode(rng.integers(K, size=m), K), softmax(2 * rng.normal(size=(K, m)), axis=0)


def log(P, smallest=SMALLEST):
    return np.log(np.maximum(P, smallest))


CROSS_ENTROPY = Exercise(
    name="cross-entropy",
    page="network-from-scratch",
    solution=solutions.mean_cross_entropy,
    returns=("L",),
    cases=predictions,
    hints=(
        "Only the probability of each sample's true class counts. Y picks it out.",
        "Multiply Y by the logarithm of A2, sum over everything, change the sign, divide by m.",
        "Before the logarithm, np.maximum(A2, np.finfo(np.float64).tiny) replaces the zeros.",
    ),
    misconceptions=(
        Misconception(
            "zero-times-infinity",
            lambda Y, A2: -np.sum(Y * np.log(A2)) / Y.shape[1],
            "Where a probability is 0, its logarithm is minus infinity, and times a 0 of Y that is "
            "nan. Raise the zeros to the smallest normal float first: np.finfo's tiny, not min, "
            "which is negative.",
            LOSS,
        ),
        Misconception(
            "log-of-zero",
            lambda Y, A2: -np.log((Y * A2).sum(axis=0)).mean(),
            "Where a true class has the probability 0, the loss is infinite. Raise the zeros to "
            "the smallest normal float first.",
            LOSS,
        ),
        Misconception(
            "epsilon-in-the-log",
            lambda Y, A2: -np.sum(Y * np.log(A2 + 1e-8)) / Y.shape[1],
            "You add 1e-8 inside the logarithm. That is another loss where the network is certain "
            "and wrong: no answer costs more than 18.4.",
            LOSS,
        ),
        Misconception(
            "smaller-epsilon-in-the-log",
            lambda Y, A2: -np.sum(Y * np.log(A2 + 1e-12)) / Y.shape[1],
            "You add 1e-12 inside the logarithm, or clip there. However small the constant, it is "
            "another loss where the network is certain and wrong: no answer costs more than 27.6.",
            LOSS,
        ),
        Misconception(
            "clipped-too-early",
            lambda Y, A2: -np.sum(Y * log(A2, 1e-15)) / Y.shape[1],
            "You clip at 1e-15, or add it. A float holds far smaller probabilities, and below the "
            "clip the loss has next to no slope; clip at np.finfo(np.float64).tiny.",
            LOSS,
        ),
        Misconception(
            "sum-instead-of-mean",
            lambda Y, A2: -np.sum(Y * log(A2)),
            "This is the sum over the samples. The factor 1/m makes it their mean.",
            LOSS,
        ),
        Misconception(
            "mean-over-classes-too",
            lambda Y, A2: -np.mean(Y * log(A2)),
            "You divide by the number of all entries. Cross-entropy sums over the classes and "
            "averages over the samples: divide by m alone.",
            LOSS,
        ),
        Misconception(
            "divided-by-the-classes",
            lambda Y, A2: -np.sum(Y * log(A2)) / len(Y),
            "You divide by len(Y), the number of classes. The samples are in the columns: "
            "Y.shape[1].",
            LOSS,
        ),
        Misconception(
            "sign-missing",
            lambda Y, A2: np.sum(Y * log(A2)) / Y.shape[1],
            "The minus sign is missing. Logarithms of probabilities are negative, and a loss is at "
            "least 0.",
            LOSS,
        ),
        Misconception(
            "log2",
            lambda Y, A2: -np.sum(Y * log(A2)) / np.log(2) / Y.shape[1],
            "This is the loss in bits: the logarithm has the base 2. Here it is the natural one.",
            LOSS,
        ),
        Misconception(
            "log-of-the-mean",
            lambda Y, A2: -np.log((Y * A2).sum(axis=0).mean()),
            "This is the logarithm of the mean probability. The loss is the mean of the "
            "logarithms, which punishes one bad miss harder.",
            LOSS,
        ),
        Misconception(
            "yes-or-no-for-each-class",
            lambda Y, A2: -np.sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / Y.shape[1],
            "You also charge log(1 - p) for the wrong classes, as a yes or no for each class "
            "would. After softmax the true class alone counts.",
            LOSS,
        ),
        Misconception(
            "arguments-swapped",
            lambda Y, A2: -np.sum(A2 * log(Y)) / Y.shape[1],
            "The logarithm is taken of the labels. It belongs to the probabilities: Y * log(A2).",
            LOSS,
        ),
    ),
)


# --- standardise ---------------------------------------------------------------------------------


def two_sets(rng):
    train = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0]])
    fixed = train, np.array([[2.0, 5.0], [0.0, 50.0]])
    return [fixed, *(drawn_sets(rng, *s) for s in ((3, 5, 5), (4, 4, 4), (2, 9, 3), (1, 6, 4)))]


def drawn_sets(rng, n, m_train, m_test):
    size, shift = np.exp(rng.normal(size=(n, 1))), 3 * rng.normal(size=(n, 1))
    return [size * (shift + rng.normal(size=(n, m))) for m in (m_train, m_test)]


def scaled(centre=np.mean, width=np.std, statistics_of=None, axis=1):
    """Return a scaler with the parts that a known mistake changes as arguments."""

    def scale(X_train, X_test):
        def each(X):
            seen = statistics_of(X_train, X_test, X) if statistics_of else X_train
            return (X - centre(seen, axis=axis, keepdims=True)) / width(
                seen, axis=axis, keepdims=True
            )

        return each(X_train), each(X_test)

    return scale


def statistics_in_rows(X_train, X_test):
    mean, std = X_train.mean(axis=1), X_train.std(axis=1)
    return (X_train - mean) / std, (X_test - mean) / std


def one_scale_for_all(X_train, X_test):
    return tuple((X - X_train.mean()) / X_train.std() for X in (X_train, X_test))


STANDARDISE = Exercise(
    name="standardise",
    page="network-from-scratch",
    solution=solutions.standardise,
    returns=("X_train", "X_test"),
    cases=two_sets,
    tolerance=5e-6,  # so much float32 may lose where the mean is far from 0
    hints=(
        "Which of the two sets may tell the scaler anything?",
        "Mean and standard deviation run over the samples, so along axis=1, one for each feature.",
        "keepdims=True leaves them in columns. Use the same two columns for both sets.",
    ),
    misconceptions=(
        Misconception(
            "test-data-in-the-scaler",
            scaled(statistics_of=lambda X_train, X_test, X: np.hstack([X_train, X_test])),
            "Mean and deviation are taken from both sets together. The test set stands for data "
            "that nobody has seen: take them from the training set alone.",
            SCALING,
        ),
        Misconception(
            "each-set-by-itself",
            scaled(statistics_of=lambda X_train, X_test, X: X),
            "Each set is scaled by its own mean and deviation. The same input then means one thing "
            "in training and another in the test. Use the training set's for both.",
            SCALING,
        ),
        Misconception(
            "test-set-left-as-it-was",
            lambda X_train, X_test: (scaled()(X_train, X_test)[0], X_test),
            "The test set is not scaled. The network has learned from scaled inputs and needs them "
            "again: apply the training set's mean and deviation.",
            SCALING,
        ),
        Misconception(
            "variance-instead-of-deviation",
            scaled(width=np.var),
            "You divide by the variance. It has the square of the feature's unit; the standard "
            "deviation is its root.",
            SCALING,
        ),
        Misconception(
            "not-divided",
            scaled(width=lambda X, **axes: 1),
            "The means are subtracted, but nothing is divided. Features of unlike size stay so.",
            SCALING,
        ),
        Misconception(
            "not-centred",
            scaled(centre=lambda X, **axes: 0),
            "The mean is not subtracted. Divide by the deviation after that.",
            SCALING,
        ),
        Misconception(
            "min-max",
            scaled(centre=np.min, width=np.ptp),
            "This squeezes each feature into the interval from 0 to 1. Standardised features have "
            "mean 0 and standard deviation 1.",
            SCALING,
        ),
        Misconception(
            "per-sample",
            scaled(axis=0),
            "Your mean runs over the features of each sample, as axis=0 does here. In "
            "scikit-learn's layout it would be right; here a feature is a row: axis=1.",
            SCALING,
        ),
        Misconception(
            "keepdims-forgotten",
            statistics_in_rows,
            "Without keepdims=True the means are no column, and NumPy takes them for a row: it "
            "fails, or, where there are as many samples as features, subtracts the wrong ones.",
            SCALING,
        ),
        Misconception(
            "one-scale-for-all-features",
            one_scale_for_all,
            "One mean and one deviation serve all features. Each feature has its own: axis=1, "
            "keepdims=True.",
            SCALING,
        ),
        Misconception(
            "divided-by-m-minus-1",
            scaled(width=lambda X, **axes: np.std(X, ddof=1, **axes)),
            "Your deviation divides by m - 1, an estimate for what the samples were drawn from. "
            "It trains as well; StandardScaler and np.std divide by m.",
            SCALING,
        ),
    ),
)
