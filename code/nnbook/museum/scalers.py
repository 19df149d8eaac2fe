"""Exhibit 8: preparations of the data that look at the test set.

Chapter: :doc:`/bug-museum`.
"""

import numpy as np
from sklearn.feature_selection import SelectKBest
from sklearn.preprocessing import StandardScaler


def prepare_sets(train, test):
    """Scale both sets by the mean and deviation of both. Wrong.

    Parameters
    ----------
    train, test : ndarray of shape (m, n)
        Samples in rows.

    Returns
    -------
    tuple of ndarray
        Both, scaled.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    scaler = StandardScaler().fit(np.concatenate([train, test]))
    return scaler.transform(train), scaler.transform(test)


def mended_prepare_sets(train, test):
    """Scale both sets by the mean and deviation of the training set. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


def select_features(train, y_train, test, y_test, k=25):
    """Keep the `k` features that tell the labels of both sets best. Wrong.

    Parameters
    ----------
    train, test : ndarray of shape (m, n)
        Samples in rows.
    y_train, y_test : ndarray of int, shape (m,)
        Their labels.
    k : int, default 25

    Returns
    -------
    tuple of ndarray
        Both sets with `k` features.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    chosen = SelectKBest(k=k).fit(np.concatenate([train, test]), np.concatenate([y_train, y_test]))
    return chosen.transform(train), chosen.transform(test)


def mended_select_features(train, y_train, test, y_test, k=25):
    """Keep the `k` features that tell the training labels best. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    chosen = SelectKBest(k=k).fit(train, y_train)
    return chosen.transform(train), chosen.transform(test)


def looks_at_test(prepare, train, test):
    """Say whether the prepared training set changes when the test set does.

    Parameters
    ----------
    prepare : callable
        Takes both sets and returns both, prepared.
    train, test : ndarray of shape (m, n)
        Samples in rows.

    Returns
    -------
    bool

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    before, _ = prepare(train, test)
    after, _ = prepare(train, 10 * test + 1)
    return not np.array_equal(before, after)
