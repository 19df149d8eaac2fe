"""The checked exercises of :doc:`/mnist-keras` that measure answers: accuracy, confusion matrix."""

import numpy as np

from nnbook.activations import softmax
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import mnist_keras as solutions

SCORES = "mnist-keras#look-at-predictions"
SHARE = "mnist-keras#evaluate"
TABLE = "mnist-keras#confusion-matrix"


# --- accuracy ------------------------------------------------------------------------------------


def logits_and_labels(rng):
    right = [[5.0, 1.0, 0.0], [0.0, 4.0, 1.0], [0.0, 0.0, 3.0], [0.2, 0.1, 0.3]]
    wrong = [[1.1, 0.0, 0.5], [0.0, 0.4, 0.2]]
    fixed = np.array(right + wrong), np.array([0, 1, 2, 2, 1, 2])
    shapes = [(3, 3), (6, 6), (20, 10), (7, 4)]
    # As many samples as classes: an argmax over the wrong axis raises no error.
    square = np.array([[2.0, 1.2, 0.1], [0.3, 3.0, 1.4], [1.1, 4.0, 2.5]]), np.array([0, 1, 1])
    return [fixed, square, *(answers(rng, *shape) for shape in shapes)]


def answers(rng, m, num_classes):
    """Return logits, and labels of which the logits hit most."""
    logits = 2 * rng.normal(size=(m, num_classes))
    others = rng.integers(num_classes, size=m)
    return logits, np.where(rng.random(m) < 0.6, logits.argmax(axis=1), others)


def equal_entries(logits, y):
    one_hot = np.eye(logits.shape[1])
    return np.mean(one_hot[logits.argmax(axis=1)] == one_hot[y])


def of_the_true_class(logits, y):
    return softmax(logits)[np.arange(len(y)), y]


ACCURACY = Exercise(
    name="accuracy",
    page="mnist-keras",
    solution=solutions.accuracy,
    returns=("accuracy",),
    cases=logits_and_labels,
    hints=(
        "The network's answer is the class with the largest logit. No softmax is needed: it keeps "
        "the order.",
        "logits.argmax(axis=1) gives one class for each row.",
        "predicted == y holds True for each right answer, and the mean of True and False is the "
        "share of True.",
    ),
    misconceptions=(
        Misconception(
            "argmax-over-the-samples",
            lambda logits, y: np.mean(logits.argmax(axis=0) == y),
            "Your argmax runs over the samples. They stand in rows here, so the classes lie along "
            "axis=1. With as many samples as classes nothing complains.",
            "mnist-keras#preprocess",
        ),
        Misconception(
            "argmax-without-an-axis",
            lambda logits, y: np.mean(logits.argmax() == y),
            "Without an axis argmax finds one largest number in the whole table. Each row needs "
            "its own: axis=1.",
            SCORES,
        ),
        Misconception(
            "smallest-logit",
            lambda logits, y: np.mean(logits.argmin(axis=1) == y),
            "You take the class with the smallest logit. The largest one has the largest "
            "probability.",
            SCORES,
        ),
        Misconception(
            "share-of-errors",
            lambda logits, y: np.mean(logits.argmax(axis=1) != y),
            "This is the share of wrong answers. The accuracy is the share of right ones.",
            SHARE,
        ),
        Misconception(
            "percent",
            lambda logits, y: 100 * np.mean(logits.argmax(axis=1) == y),
            "This is the accuracy in percent. Return a fraction from 0 to 1, as Keras does.",
            SHARE,
        ),
        Misconception(
            "count-instead-of-share",
            lambda logits, y: np.sum(logits.argmax(axis=1) == y),
            "You count the right answers. Divide by the number of samples.",
            SHARE,
        ),
        Misconception(
            "equal-one-hot-entries",
            equal_entries,
            "You count equal entries of one-hot rows. Two different rows agree in all entries but "
            "two, so even a wrong answer counts as almost right. Compare the classes.",
            SHARE,
        ),
        Misconception(
            "threshold-of-one-half",
            lambda logits, y: np.mean(of_the_true_class(logits, y) > 0.5),
            "You ask for a probability above 0.5. With several classes the largest one may be "
            "smaller and still be the answer.",
            SCORES,
        ),
        Misconception(
            "mean-probability",
            lambda logits, y: np.mean(of_the_true_class(logits, y)),
            "This is the mean probability of the true class. Accuracy asks which class comes "
            "first, not how sure the network is.",
            SCORES,
        ),
    ),
)


# --- confusion-matrix ----------------------------------------------------------------------------


def labels_and_predictions(rng):
    """Return labels and predictions; in the first pair the last class occurs in neither."""
    cases = [(np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 0, 0]), 4)]
    for num_classes, m in [(2, 9), (3, 12), (5, 40)]:
        y = np.concatenate([np.arange(num_classes), rng.integers(num_classes, size=m)])
        cases.append((y, np.where(rng.random(len(y)) < 0.5, y, rng.permutation(y)), num_classes))
    return cases


def counted(change):
    return lambda *case: change(solutions.confusion_matrix(*case))


def repeated_pairs_once(y, predicted, num_classes):
    matrix = np.zeros((num_classes, num_classes))
    matrix[y, predicted] += 1
    return matrix


CONFUSION_MATRIX = Exercise(
    name="confusion-matrix",
    page="mnist-keras",
    solution=solutions.confusion_matrix,
    returns=("matrix",),
    cases=labels_and_predictions,
    hints=(
        "Start from a table of zeros with a row and a column for each class.",
        "Each sample adds 1 to one entry: row y, column predicted.",
        "Loop over zip(y, predicted), or use np.add.at, which counts repeated pairs too.",
    ),
    misconceptions=(
        Misconception(
            "transposed",
            counted(np.transpose),
            "It is transposed. The rows are the true classes, the columns the predicted ones.",
            TABLE,
        ),
        Misconception(
            "repeated-pairs-counted-once",
            repeated_pairs_once,
            "matrix[y, predicted] += 1 adds 1 to an entry once, however many samples fall into it. "
            "Loop over the samples, or use np.add.at.",
            TABLE,
        ),
        Misconception(
            "rows-normalised",
            counted(lambda matrix: matrix / matrix.sum(axis=1, keepdims=True)),
            "You divide each row by its sum, which gives the share of each class that is found. "
            "Return the counts.",
            TABLE,
        ),
        Misconception(
            "columns-normalised",
            counted(lambda matrix: matrix / matrix.sum(axis=0, keepdims=True)),
            "You divide each column by its sum, which gives the share of right answers among those "
            "that name a class. Return the counts.",
            TABLE,
        ),
        Misconception(
            "shares-of-all",
            counted(lambda matrix: matrix / matrix.sum()),
            "You divide by the number of samples. Return the counts.",
            TABLE,
        ),
        Misconception(
            "mistakes-only",
            counted(lambda matrix: matrix - np.diag(matrix.diagonal())),
            "The diagonal is missing. It holds the right answers, which belong to the matrix.",
            TABLE,
        ),
        Misconception(
            "class-count-from-the-labels",
            lambda y, predicted, num_classes: solutions.confusion_matrix(y, predicted, y.max() + 1),
            "You take the number of classes from the labels. A class that is missing in a small "
            "set keeps its row and its column: use num_classes.",
            TABLE,
        ),
    ),
)

EXERCISES = (ACCURACY, CONFUSION_MATRIX)
