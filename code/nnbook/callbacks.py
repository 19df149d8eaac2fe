r"""Callbacks: what happens beside the training, after a batch, an epoch, or at the end.

Chapter: :doc:`/engine`.
"""

import numpy as np

from nnbook.checkpoints import save_training
from nnbook.schedules import ExponentialRise
from nnbook.tensor_files import check_writable
from nnbook.validation import check_count, check_nonnegative


class Callback:
    """What all callbacks share: methods that do nothing.

    Each is given the :class:`nnbook.training.Trainer`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    comes_last = False

    def on_train_begin(self, trainer):
        """Prepare, before the first batch."""

    def on_batch_end(self, trainer, loss):
        """Look at the loss of a batch."""

    def on_epoch_end(self, trainer, epoch, logs):
        """Look at the figures of an epoch, which carries the number `epoch`, from 1."""

    def on_train_end(self, trainer):
        """Clean up, after the last batch."""

    def state_dict(self):
        """Return what has to be known to go on: arrays, numbers and strings by name."""
        return {}

    def load_state_dict(self, state):
        """Go on from what :meth:`state_dict` gave."""


class EarlyStopping(Callback):
    """Stop when a figure no longer improves, and go back to the weights that were best.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A name in the history. An accuracy should rise, everything else fall.
    patience : int, default 5
        Number of epochs without improvement after which training stops.
    min_delta : float, default 0
        What counts as an improvement.
    restore_best_weights : bool, default True
        Whether the network gets the weights of its best epoch when training ends, for whatever
        reason; otherwise it keeps the last ones.

    Attributes
    ----------
    best_epoch : int or None
        Number of the best epoch.

    Raises
    ------
    ValueError
        In training, if `monitor` is not measured: ``val_loss`` needs validation data.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, monitor="val_loss", patience=5, min_delta=0.0, restore_best_weights=True):
        self.monitor = monitor
        self.patience = check_count("patience", patience)
        self.min_delta = check_nonnegative("min_delta", min_delta)
        self.restore_best_weights = bool(restore_best_weights)
        self._forget()

    def _forget(self):
        self.best_epoch, self.best, self.best_weights = None, np.inf, {}

    def on_train_begin(self, trainer):
        if not trainer.history.epoch:
            self._forget()

    def on_epoch_end(self, trainer, epoch, logs):
        if self.monitor not in logs:
            raise ValueError(f"monitor is {self.monitor!r}, expected one of {', '.join(logs)}")
        value = -logs[self.monitor] if "accuracy" in self.monitor else logs[self.monitor]
        if value < self.best - self.min_delta:
            self.best_epoch, self.best = epoch, value
            self.best_weights = trainer.network.get_weights()
        elif epoch - self.best_epoch >= self.patience:
            trainer.stop = True

    def on_train_end(self, trainer):
        if self.restore_best_weights and self.best_weights:
            trainer.network.set_weights(self.best_weights)

    def state_dict(self):
        figures = {"monitor": self.monitor, "best_epoch": self.best_epoch, "best": self.best}
        return figures | self.best_weights

    def load_state_dict(self, state):
        state = dict(state)
        if (monitor := state.pop("monitor")) != self.monitor:
            raise ValueError(f"monitor is {self.monitor!r}, expected {monitor!r} as before")
        self.best_epoch, self.best = state.pop("best_epoch"), state.pop("best")
        self.best_weights = state


class ModelCheckpoint(Callback):
    """Write all that is needed to go on with the training to a file, after every epoch.

    ``fit(..., resume=path)`` goes on from it, and ``Sequential.load(path)`` reads the network.

    Parameters
    ----------
    path : str or PathLike
        The file. ``{epoch}`` in its name becomes the number of the epoch; without it, each epoch
        replaces the file of the one before.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        If nothing can be written there.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    comes_last = True  # the other callbacks' state is in the file

    def __init__(self, path):
        check_writable(path)
        self.path = str(path)

    def on_epoch_end(self, trainer, epoch, logs):
        save_training(self.path.replace("{epoch}", str(epoch)), trainer)


class LearningRateRangeTest(Callback):
    r"""Raise the learning rate from step to step and record the loss, to see which rates work.

    The test ends the training: after `steps` batches, or once the loss is four times the lowest
    or not finite. The network and the optimizer are then as they were before.

    Parameters
    ----------
    min_learning_rate, max_learning_rate : float
        First and last rate; between them it rises by the same factor at every step.
    steps : int, default 200
        Number of batches, at least 2. The epochs of the training must have as many.

    Attributes
    ----------
    learning_rates, losses : list of float
        A pair for every batch.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range; in training, if it has fewer than `steps` batches.

    References
    ----------
    L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017,
    `arXiv:1506.01186 <https://arxiv.org/abs/1506.01186>`_, section 3.3.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    comes_last = True  # what other callbacks put back at the end is not to stay

    def __init__(self, min_learning_rate=1e-5, max_learning_rate=1.0, steps=200):
        last = check_count("steps", steps, minimum=2) - 1
        self.steps, self.rise = steps, ExponentialRise(min_learning_rate, max_learning_rate, last)
        self.learning_rates, self.losses = [], []

    def on_train_begin(self, trainer):
        self.learning_rates, self.losses = [], []
        self.before = trainer.snapshot()
        start = trainer.optimizer.iterations
        trainer.optimizer.learning_rate = lambda step: self.rise(step - start)

    def on_batch_end(self, trainer, loss):
        self.learning_rates.append(self.rise(len(self.losses)))
        self.losses.append(loss)
        ended = len(self.losses) == self.steps
        if ended or not loss < 4 * min(self.losses):
            trainer.stop = True

    def on_train_end(self, trainer):
        trainer.restore(self.before)
        if not trainer.stop:
            raise ValueError(
                f"steps is {self.steps}, but training ended after {len(self.losses)} "
                "batches; expected more epochs or fewer steps"
            )
