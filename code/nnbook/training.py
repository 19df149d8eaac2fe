r"""The training loop: shuffled mini-batches, a gradient, a step.

Chapter: :doc:`/engine`.
"""

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil

import numpy as np

from nnbook import checkpoints
from nnbook.schedules import written
from nnbook.validation import check_count


@dataclass
class History:
    """What training has measured, epoch by epoch, as Keras keeps it.

    Attributes
    ----------
    history : dict of str to list of float
        ``loss`` and the metric (``accuracy``, or ``mean_absolute_error``) are means over the
        batches as they were trained on, so of a network that changes meanwhile; ``val_loss`` and
        the metric with ``val_`` in front are those of the network at the end of the epoch.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    history: dict = field(default_factory=dict)

    @property
    def epoch(self):
        """The numbers of the epochs, from 1."""
        return list(range(1, 1 + max(map(len, self.history.values()), default=0)))

    def append(self, logs):
        """Add the figures of one epoch."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class Trainer:
    """One training of a network: the data, the optimizer, and where it stands.

    ``Sequential.fit`` makes one; callbacks are given it. Set `stop` to end the training after
    the current batch.

    Parameters
    ----------
    network : Network
        What is trained.
    x, y : ndarray
        Checked samples and targets.
    optimizer : Optimizer
        Takes the steps.
    batch_size : int
        Samples a step; the last batch of an epoch may be smaller.
    validation_data : tuple (x, y) or None
        What is measured at the end of an epoch.
    callbacks : list of Callback
        Called at the start and the end of training, and after every batch and epoch.

    Attributes
    ----------
    history : History
        The figures of the epochs so far.
    stop : bool
        Whether to end.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(self, network, x, y, optimizer, batch_size, validation_data, callbacks):
        self.network, self.x, self.y = network, x, y
        self.optimizer, self.batch_size = optimizer, batch_size
        self.validation_data = validation_data
        self.callbacks = sorted(callbacks, key=lambda callback: callback.comes_last)
        self.history, self.stop = History(), False

    def fit(self, epochs, rng=None, resume=None, verbose=0):
        """Train until `epochs` epochs are in the history; see ``Sequential.fit``."""
        before = self.snapshot()
        try:
            if resume is not None:
                self.resume(resume, rng)
            elif rng is not None:
                self.network.set_rng(rng)
            if epochs < len(self.history.epoch):
                done = len(self.history.epoch)
                raise ValueError(f"epochs is {epochs}, but {resume} has {done} epochs already")
            batches = ceil(len(self.x) / self.batch_size) * (epochs - len(self.history.epoch))
            with _progress_bar(batches, verbose) as progress:
                return self.run(epochs, progress)
        except (ArithmeticError, TypeError, ValueError):
            self.restore(before)
            raise

    @np.errstate(over="ignore", invalid="ignore")  # the loss is looked at after every batch
    def run(self, epochs, progress=None):
        """Train until `epochs` epochs are in the history; `progress` is called with each loss."""
        self._call("on_train_begin")
        try:
            while not self.stop and len(self.history.epoch) < epochs:
                self.run_epoch(len(self.history.epoch) + 1, progress)
        except BaseException:  # Ctrl-C too: the best weights and the learning rate come back
            self.stop = True
            raise
        finally:
            self._call("on_train_end")
        if not np.isfinite(self.network.parameters).all():
            self._diverged(len(self.history.epoch))
        return self.history

    def run_epoch(self, epoch, progress=None):
        """Train, validate and call the callbacks; an epoch that is stopped does not count."""
        logs = self.train_one_epoch(epoch, progress)
        if not self.stop:
            logs |= self.validate(epoch)
            self.history.append(logs)
            self._call("on_epoch_end", epoch, logs)

    def train_one_epoch(self, epoch, progress=None):
        """Take a step for every mini-batch, in a new order; return the means over the batches."""
        network, m = self.network, len(self.x)
        order = network.rng.permutation(m)
        sums = np.zeros(2)
        for start in range(0, m, self.batch_size):
            batch = order[start : start + self.batch_size]
            loss, metric = self.train_on_batch(self.x[batch], self.y[batch])
            self._call("on_batch_end", loss)
            if self.stop:
                break
            if not np.isfinite(loss):
                self._diverged(epoch)
            sums += len(batch) * np.array([loss, metric])
            if progress:
                progress(loss)
        if not self.stop and not np.isfinite(network.parameters).all():
            self._diverged(epoch)
        return dict(zip(("loss", network.loss.metric), (sums / m).tolist(), strict=True))

    def train_on_batch(self, x, y):
        """Take one step of the optimizer; return the loss and the metric before it."""
        network = self.network
        loss, outputs = network._loss_and_gradients(x, y)
        self.optimizer.step(network.parameters, network.gradients, network.num_weights)
        return loss, network.loss.score(outputs, y)

    def validate(self, epoch):
        """Return the figures of the validation data, if there are any."""
        if self.validation_data is None:
            return {}
        try:
            loss, metric = self.network._evaluate(*self.validation_data)
        except FloatingPointError:
            self._diverged(epoch)
        return {"val_loss": loss, f"val_{self.network.loss.metric}": metric}

    # --- State ---

    def snapshot(self):
        """Return copies of all that training changes: weights, optimizer, random state."""
        optimizer, rng = self.optimizer, self.network.rng
        settings = (optimizer.learning_rate, optimizer.iterations, deepcopy(optimizer.state))
        return self.network.get_weights(), settings, rng, deepcopy(rng.bit_generator.state)

    def restore(self, snapshot):
        """Go back to what :meth:`snapshot` gave."""
        weights, settings, rng, random_state = snapshot
        self.network._copy_in(weights)
        optimizer = self.optimizer
        optimizer.learning_rate, optimizer.iterations, state = settings
        optimizer.state = deepcopy(state)
        rng.bit_generator.state = random_state
        self.network.set_rng(rng)

    @cached_property
    def data_checksum(self):
        """What tells the data from others: computed where a checkpoint asks for it."""
        return checkpoints.fingerprint(self.x, self.y)

    def settings(self):
        """Return what has to be equal for a training to go on, by name."""
        return {
            "optimizer": repr(self.optimizer),
            "batch_size": self.batch_size,
            "number of samples": len(self.x),
            "data of checksum": self.data_checksum,
            "callbacks": ", ".join(type(callback).__name__ for callback in self.callbacks),
        }

    def state_dict(self):
        """Return all that is needed to go on, beside the network: arrays, and data for JSON."""
        state = {
            "settings": self.settings(),
            "history": self.history.history,
            "stop": self.stop,
            "iterations": self.optimizer.iterations,
            "rng": checkpoints.random_state(self.network.rng),
        }
        state |= {f"optimizer/{name}": slot for name, slot in self.optimizer.state.items()}
        for i, callback in enumerate(self.callbacks):
            state |= {f"callbacks/{i}/{n}": value for n, value in callback.state_dict().items()}
        return state

    def resume(self, path, rng=None):
        """Go on from a checkpoint of a training with the same settings."""
        if rng is not None:
            raise ValueError("rng is given with resume, expected None: the file knows the state")
        description, weights, state = checkpoints.read(path)
        checkpoints.check_same_network(path, description, self.network)
        if state is None:
            raise ValueError(f"resume: {path} holds a network without the state of its training")
        try:
            self._check_settings(state["settings"])
            self.network.set_weights(weights)
            self.load_state_dict(state)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"resume: {path} does not fit: {error}") from error

    def load_state_dict(self, state):
        """Go on from what :meth:`state_dict` gave."""
        self.history, self.stop = History(dict(state["history"])), state["stop"]
        self.network.set_rng(checkpoints.make_generator(state["rng"]))
        slots = _below("optimizer/", state)
        if slots.keys() != {*self.optimizer.slots}:
            raise ValueError(f"its optimizer has {[*slots]}, expected {[*self.optimizer.slots]}")
        self.optimizer.iterations = check_count("iterations", state["iterations"])
        self.optimizer.state = slots
        self.optimizer.check(self.network.parameters, self.network.gradients)
        for i, callback in enumerate(self.callbacks):
            callback.load_state_dict(_below(f"callbacks/{i}/", state))

    def _check_settings(self, settings):
        for name, value in self.settings().items():
            if settings[name] != value:
                raise ValueError(
                    f"it comes from training with {name} {settings[name]}, not {value}"
                )

    def _call(self, event, *args):
        for callback in self.callbacks:
            getattr(callback, event)(self, *args)

    def _diverged(self, epoch):
        rate = self.optimizer.learning_rate
        raise FloatingPointError(
            f"the loss diverged in epoch {epoch} with learning_rate {written(rate)}; "
            "the network is as it was before fit()"
        )


def _below(prefix, state):
    return {name[len(prefix) :]: v for name, v in state.items() if name.startswith(prefix)}


@contextmanager
def _progress_bar(batches, verbose):
    """Give a function that moves a tqdm bar on by a batch; without `verbose`, None."""
    if not verbose:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=batches, unit="batch") as bar:

        def progress(loss):
            bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
            bar.update()

        yield progress
