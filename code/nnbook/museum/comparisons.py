"""Exhibits 3 and 10: two comparisons in which more than one thing differs.

Chapter: :doc:`/bug-museum`.
"""

import numpy as np
from sklearn.model_selection import train_test_split

from nnbook.optimizers import SGD
from nnbook.sequential import mlp


def small_perceptron(x, y, rng=None, epochs=20):
    """Train a small network on images in rows, and return it: a contestant for :func:`race`.

    Parameters
    ----------
    x : ndarray of shape (m, n)
        Samples in rows.
    y : ndarray of int, shape (m,)
        Labels from 0 to 9.
    rng : numpy.random.Generator, int or None
        Source of the weights and of the order of the samples.
    epochs : int, default 20
        Passes over the samples.

    Returns
    -------
    nnbook.sequential.Sequential

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    network = mlp([x.shape[1], 32, 10], rng=rng)
    network.fit(x, y, epochs, batch_size=32, rng=rng, verbose=0)
    return network


def race(first, second, x, y, test):
    """Compare two ways of training, of which only one gives a tenth away for validation. Wrong.

    Parameters
    ----------
    first, second : callable
        Take samples and labels, and return a trained network.
    x, y : ndarray
        The training data.
    test : tuple of ndarray
        Samples and labels.

    Returns
    -------
    tuple of float
        Both test accuracies, and the validation accuracy of the first.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    x_fit, x_val, y_fit, y_val = train_test_split(x, y, test_size=0.1, random_state=0)
    one = first(x_fit, y_fit)
    other = second(x, y)
    watched = one.evaluate(x_val, y_val)[1]
    return one.evaluate(*test)[1], other.evaluate(*test)[1], watched


def mended_race(first, second, x, y, test):
    """The same with one split for both. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    x_fit, x_val, y_fit, y_val = train_test_split(x, y, test_size=0.1, random_state=0)
    one = first(x_fit, y_fit)
    other = second(x_fit, y_fit)
    watched = one.evaluate(x_val, y_val)[1]
    return one.evaluate(*test)[1], other.evaluate(*test)[1], watched


def duel(rates, train, test, seed):
    """Compare learning rates from equal weights, each with an order nobody can repeat. Wrong.

    Parameters
    ----------
    rates : iterable of float
        One training each.
    train, test : tuple of ndarray
        Samples and labels.
    seed : int
        Of the weights.

    Returns
    -------
    list of float
        A test accuracy for each rate.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    scores = []
    for rate in rates:
        order = np.random.default_rng()
        network = mlp([train[0].shape[1], 32, 10], rng=seed)
        network.fit(*train, 5, 32, SGD(rate), rng=order, verbose=0)
        scores.append(network.evaluate(*test)[1])
    return scores


def mended_duel(rates, train, test, seed):
    """The same with one order for all, which the seed repeats. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    scores = []
    for rate in rates:
        order = np.random.default_rng(seed)
        network = mlp([train[0].shape[1], 32, 10], rng=seed)
        network.fit(*train, 5, 32, SGD(rate), rng=order, verbose=0)
        scores.append(network.evaluate(*test)[1])
    return scores
