"""The training of a run, in nnbook, Keras or PyTorch, and what can be seen only while it lasts.

Chapter: :doc:`/exercises`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil, isqrt
from time import process_time

import numpy as np

from nnbook.callbacks import Callback, EarlyStopping
from nnbook.layers import RandomShift
from nnbook.losses import SoftmaxCrossEntropy
from nnbook.schedules import CosineDecay, OneCycle
from nnbook.sequential import Sequential, mlp_layers
from nnbook.sweep.settings import OPTIMIZERS

# Each takes the highest learning rate and the number of steps.
MAKE_RATE = {
    "constant": lambda rate, steps: rate,
    "cosine": CosineDecay,
    "one_cycle": OneCycle,
}
POINTS = 20  # of a curve, at most
CLASSES = 10


@dataclass
class Training:
    """A training that is over.

    Attributes
    ----------
    evaluate : callable
        Takes samples and labels, returns loss and accuracy of the trained network.
    before, after : list of ndarray of shape (n, k)
        The weights of every layer, without the biases, before the training and after it.
    parameters, steps : int
        Their numbers.
    seconds : float
        Of processor time. In nnbook of the training alone; in the frameworks of ``fit``, with the
        evaluation after each epoch.
    curves : dict of str to list of float
        At most 20 points each, the last of them at the end; `measured_epochs` says when.
    first_gradient : float or None
        Mean absolute gradient of the first layer's weights on the first batch; nnbook's only.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    evaluate: Callable
    before: list
    after: list
    parameters: int
    steps: int
    seconds: float
    curves: dict
    first_gradient: float | None = None


def points(epochs):
    """Return at which epochs a curve is measured: at all, or at 20 evenly spread to the last.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    count = min(epochs, POINTS)
    return np.linspace(epochs / count, epochs, count).round().astype(int).tolist()


# --- nnbook --------------------------------------------------------------------------------------


def evaluate(network, x, y):
    """Return cross-entropy and accuracy of a network, whatever labels it was trained with.

    A smoothed loss is larger by construction, and could not be compared.

    Parameters
    ----------
    network : Sequential
        As :func:`make_network` returns it.
    x, y : ndarray
        Samples in rows, and labels.

    Returns
    -------
    loss, accuracy : float

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    trained_with, network.loss = network.loss, SoftmaxCrossEntropy()
    try:
        return network.evaluate(x, y)
    finally:
        network.loss = trained_with


class Watch(Callback):
    """Stop after so many steps, time the training, and measure curves outside that time.

    Parameters
    ----------
    train, validation : tuple (x, y)
        What is measured.
    epochs : list of int
        After which epochs.
    steps : int or None
        After how many steps to stop.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    def __init__(self, train, validation, epochs, steps=None):
        self.train, self.validation = train, validation
        self.epochs, self.last_step = {*epochs}, steps
        self.steps, self.seconds, self.first_gradient = 0, 0.0, None
        self.curves = {}

    def on_train_begin(self, trainer):
        self.started = process_time()

    def on_batch_end(self, trainer, loss):
        self.steps += 1
        if self.steps == 1:
            gradient = next(iter(trainer.network.named_gradients().values()))
            self.first_gradient = float(np.abs(gradient).mean())
        if self.steps == self.last_step:
            trainer.stop = True

    def on_epoch_end(self, trainer, epoch, logs):
        self.seconds += process_time() - self.started
        if epoch in self.epochs:
            self.measure(trainer.network, epoch)
        self.started = process_time()

    def on_train_end(self, trainer):
        self.seconds += process_time() - self.started

    def measure(self, network, epoch):
        """Add a point to each curve."""
        _, train_accuracy = evaluate(network, *self.train)
        val_loss, val_accuracy = evaluate(network, *self.validation)
        point = {
            "measured_epochs": epoch,
            "train_accuracy_by_epoch": train_accuracy,
            "val_accuracy_by_epoch": val_accuracy,
            "val_loss_by_epoch": val_loss,
        }
        for name, value in point.items():
            self.curves.setdefault(name, []).append(value)


def make_network(settings, features):
    """Return the network of complete settings, for samples of so many features.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    layers = mlp_layers(
        [features, *settings["hidden"], CLASSES],
        activation=settings["activation"],
        dropout=settings["dropout"],
        batch_norm=settings["batch_norm"],
        kernel_initializer=settings["initializer"],
    )
    if settings["shift"]:
        side = isqrt(features)
        layers.insert(0, RandomShift(settings["shift"], (side, side)))
    loss = SoftmaxCrossEntropy(settings["label_smoothing"])
    return Sequential(layers, loss, rng=settings["seed"])


def make_optimizer(settings, steps):
    """Return the optimizer of complete settings, for a training of so many steps.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    optimizer, own = OPTIMIZERS[settings["optimizer"]]
    rate = MAKE_RATE[settings["schedule"]](settings["learning_rate"], steps)
    return optimizer(rate, **{name: settings[name] for name in own})


def train_nnbook(settings, train, validation):
    """Train a network of this package.

    Parameters
    ----------
    settings : dict
        Complete settings.
    train, validation : tuple (x, y)
        Samples in rows, and labels.

    Returns
    -------
    Training

    Raises
    ------
    FloatingPointError
        If the loss diverges.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    x, y = train
    network = make_network(settings, x.shape[1])
    batches = ceil(len(x) / settings["batch_size"])
    epochs = settings["epochs"] or ceil(settings["steps"] / batches)
    watch = Watch(train, validation, points(epochs), settings["steps"])
    before = _kernels(network)
    network.fit(
        x,
        y,
        epochs=epochs,
        batch_size=settings["batch_size"],
        optimizer=make_optimizer(settings, settings["steps"] or epochs * batches),
        validation_data=validation if settings["patience"] else None,
        callbacks=[watch, *_early_stopping(settings)],
        rng=settings["seed"],
        verbose=0,
    )
    if watch.steps % batches or epochs not in watch.curves.get("measured_epochs", []):
        watch.measure(network, watch.steps / batches)
    return Training(
        evaluate=partial(evaluate, network),
        before=before,
        after=_kernels(network),
        parameters=network.parameters.size,
        steps=watch.steps,
        seconds=watch.seconds,
        curves=watch.curves,
        first_gradient=watch.first_gradient,
    )


def _early_stopping(settings):
    return [EarlyStopping(patience=settings["patience"])] if settings["patience"] else []


def _kernels(network):
    return [array.copy() for array in network.named_parameters().values() if array.ndim == 2]


# --- The frameworks ------------------------------------------------------------------------------


def train_keras(settings, train, validation):
    """Train the Keras chapter's network with that chapter's function.

    Parameters, result and errors are those of :func:`train_nnbook`.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    from nnbook.frameworks import keras_mlp

    model = keras_mlp.build_mlp(rng=settings["seed"], dropout=settings["dropout"])

    def kernels():
        return [array for array in model.get_weights() if array.ndim == 2]

    def evaluate(x, y):
        return model.evaluate(x, y, batch_size=1000, verbose=0)

    return _train_framework(
        settings, train, validation, keras_mlp.fit, model, model.count_params(), kernels, evaluate
    )


def train_torch(settings, train, validation):
    """Train the PyTorch chapter's network with that chapter's function.

    Parameters, result and errors are those of :func:`train_nnbook`. PyTorch's global generator,
    from which its dropout draws, is seeded for the training and left as it was.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    from nnbook.frameworks import torch_mlp

    torch = torch_mlp.torch
    torch.set_num_threads(1)  # as in the chapter: two threads that wait for each other are slower
    model = torch_mlp.MNISTNet(rng=settings["seed"], dropout=settings["dropout"])
    parameters = sum(p.numel() for p in model.parameters())

    def kernels():
        return [p.detach().numpy().T.copy() for p in model.parameters() if p.ndim == 2]

    def evaluate(x, y):
        return torch_mlp.evaluate(model, x, y)

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings["seed"])
        return _train_framework(
            settings, train, validation, torch_mlp.fit, model, parameters, kernels, evaluate
        )


def _train_framework(settings, train, validation, fit, model, parameters, kernels, evaluate):
    before, started = kernels(), process_time()
    history = fit(
        model,
        train,
        validation,
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        learning_rate=settings["learning_rate"],
        rng=settings["seed"],
        device="cpu",
    )
    seconds = process_time() - started
    epochs = points(settings["epochs"])
    measured = {
        "train_accuracy_by_epoch": "accuracy",
        "val_accuracy_by_epoch": "val_accuracy",
        "val_loss_by_epoch": "val_loss",
    }
    curves = {name: [history[key][e - 1] for e in epochs] for name, key in measured.items()}
    return Training(
        evaluate=evaluate,
        before=before,
        after=kernels(),
        parameters=parameters,
        steps=settings["epochs"] * ceil(len(train[0]) / settings["batch_size"]),
        seconds=seconds,
        curves={"measured_epochs": epochs} | curves,
    )


TRAININGS = {"nnbook": train_nnbook, "keras": train_keras, "torch": train_torch}
