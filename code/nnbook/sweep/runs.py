"""One run of a sweep: a training from given settings, and what is measured at its end.

Chapter: :doc:`/exercises`.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from nnbook.splits import check_images, load_split
from nnbook.sweep.settings import complete
from nnbook.sweep.trainings import TRAININGS

RESULTS = (
    *("outcome", "parameters", "steps_taken", "seconds"),
    *("train_loss", "train_accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy"),
    *("weights_squared", "first_gradient"),
    *("first_layer_roughness", "dead_pixels", "live_pixels"),
    *("measured_epochs", "train_accuracy_by_epoch", "val_accuracy_by_epoch", "val_loss_by_epoch"),
)


def run(settings):
    r"""Train once and measure the network. Nothing is chosen by the validation or the test data.

    Equal settings give equal numbers on one machine; BLAS is held to one thread for that.

    Parameters
    ----------
    settings : dict
        Some of the ``SETTINGS`` of :mod:`nnbook.sweep.settings`; the others take their defaults.

    Returns
    -------
    dict
        `outcome` is ``"done"``, or ``"diverged"``, and then all else is None. `parameters`,
        `steps_taken`, `seconds`, `first_gradient`, `measured_epochs` and the curves are those of
        :class:`nnbook.sweep.trainings.Training`.
        `train_loss`, `train_accuracy` and so on are measured with the final weights, without
        dropout, shifts or smoothed labels. `weights_squared` is :math:`\sum w^2` over all weights,
        not the biases. `first_layer_roughness`, `dead_pixels` and `live_pixels` are those of
        :func:`measure_first_layer`.

    Raises
    ------
    SettingError
        If a setting is wrong.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    settings = complete(settings)
    (x, y), validation, test = load_split(settings["data"])
    count = check_images(settings["train_images"], len(x))
    train = x[:count], y[:count]
    results = dict.fromkeys(RESULTS)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            return results | _train_and_measure(settings, train, validation, test)
    except FloatingPointError:
        return results | {"outcome": "diverged"}


def _train_and_measure(settings, train, validation, test):
    training = TRAININGS[settings["framework"]](settings, train, validation)
    results = {
        "outcome": "done",
        "parameters": training.parameters,
        "steps_taken": training.steps,
        "seconds": training.seconds,
        "first_gradient": training.first_gradient,
        "weights_squared": float(sum(np.sum(np.square(W, dtype=float)) for W in training.after)),
    }
    for name, data in (("train", train), ("val", validation), ("test", test)):
        loss, accuracy = map(float, training.evaluate(*data))
        results |= {f"{name}_loss": loss, f"{name}_accuracy": accuracy}
    first = measure_first_layer(training.before[0], training.after[0], train[0])
    return results | first | training.curves


def measure_first_layer(before, after, x):
    r"""Return how rough the first layer's weights are as images, and how they have changed.

    .. math:: \text{roughness} = \frac{\sum (w - w')^2}{\sum w^2}

    over the pairs of neighbouring pixels w and w' of a neuron, averaged over the neurons that have
    weights other than 0.

    Parameters
    ----------
    before, after : ndarray of shape (n, k)
        The weights from n pixels of a square image to k neurons.
    x : ndarray of shape (m, n)
        The training images.

    Returns
    -------
    dict
        `first_layer_roughness`, after the training. `dead_pixels`: mean absolute weight of the
        pixels that are 0 in every training image, as a share of what it was before the training;
        None if there are none. `live_pixels`: the same of the other pixels.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    dead = (x == 0).all(axis=0)
    return {
        "first_layer_roughness": roughness(after),
        "dead_pixels": _growth(before[dead], after[dead]),
        "live_pixels": _growth(before[~dead], after[~dead]),
    }


def roughness(weights):
    """Return the roughness of weights of shape (n, k), as in :func:`measure_first_layer`; or None.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    n, k = weights.shape
    side = round(n**0.5)
    images = weights.astype(np.float64).reshape(side, side, k)
    squares = np.sum(images**2, axis=(0, 1))
    differences = sum(np.sum(np.diff(images, axis=axis) ** 2, axis=(0, 1)) for axis in (0, 1))
    alive = squares > 0
    return float(np.mean(differences[alive] / squares[alive])) if alive.any() else None


def _growth(before, after):
    if not before.size:
        return None
    return float(np.abs(after).mean(dtype=float) / np.abs(before).mean(dtype=float))
