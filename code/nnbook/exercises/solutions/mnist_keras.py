"""Solutions to the checked exercises of :doc:`/mnist-keras`. Samples are in rows."""

import numpy as np


def parameter_count(sizes):
    """Number of weights and biases, from the sizes of input and layers."""
    inputs, neurons = sizes[:-1], sizes[1:]
    return sum(n * h + h for n, h in zip(inputs, neurons, strict=True))


def epoch_accuracy(network, batches):
    """Accuracy on all samples, with the weights at the end of the epoch."""
    for x, y in batches:
        network.train_on_batch(x, y)
    right = sum(np.sum(network.predict(x).argmax(axis=1) == y) for x, y in batches)
    return right / sum(len(y) for _, y in batches)


def accuracy(logits, y):
    """Share of the rows, of shape (m, K), whose largest logit is at the label."""
    return np.mean(logits.argmax(axis=1) == y)


def confusion_matrix(y, predicted, num_classes):
    """Counts, shape (K, K): true classes in rows, predicted ones in columns."""
    matrix = np.zeros((num_classes, num_classes), int)
    for true, guess in zip(y, predicted, strict=True):
        matrix[true, guess] += 1
    return matrix
