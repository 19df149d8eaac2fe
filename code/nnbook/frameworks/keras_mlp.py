"""The 784-128-64-10 network in Keras 3, trained as its PyTorch twin is.

Chapter: :doc:`/mnist-keras`.
"""

import os

import numpy as np

from nnbook.validation import check_count, check_data, check_fraction, check_positive

# Before TensorFlow loads: no report of its build flags, and the same rounding on every processor.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

try:
    import keras
except ModuleNotFoundError as error:
    raise ImportError(
        "nnbook.frameworks.keras_mlp needs Keras and TensorFlow: "
        'python -m pip install "nnbook[tensorflow]"'
    ) from error


def build_mlp(sizes=(784, 128, 64, 10), rng=None, dropout=0.0):
    """Build a multi-layer perceptron: ReLU in the hidden layers, logits at the end.

    Parameters
    ----------
    sizes : sequence of int, default (784, 128, 64, 10)
        Features, neurons of each hidden layer, classes. Two numbers make softmax regression.
    rng : numpy.random.Generator, int or None, default None
        Source of the initial weights (Glorot's uniform initialisation, Keras's default) and of
        the seeds from which dropout draws.
    dropout : float, default 0
        Rate of dropout after every hidden layer.

    Returns
    -------
    keras.Sequential
        Not compiled yet.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two sizes, one is no integer or below 1, or `dropout` is no number
        from 0 to below 1.

    Notes
    -----
    The softmax is part of the loss. Chapter: :doc:`/mnist-keras`.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes is {sizes!r}, expected at least features and classes")
    for size in sizes:
        check_count("sizes", size)
    check_fraction("dropout", dropout)
    rng = np.random.default_rng(rng)
    (masks,) = rng.spawn(1)  # so that the weights start alike, with dropout and without
    model = keras.Sequential([keras.Input(shape=(sizes[0],))])
    for i, size in enumerate(sizes[1:], start=1):
        is_last = i == len(sizes) - 1
        seed = int(rng.integers(2**31))
        model.add(
            keras.layers.Dense(
                size,
                activation=None if is_last else "relu",
                kernel_initializer=keras.initializers.GlorotUniform(seed),
            )
        )
        if dropout and not is_last:
            model.add(keras.layers.Dropout(dropout, seed=int(masks.integers(2**31))))
    return model


class EpochOrder(keras.utils.PyDataset):
    """Mini-batches in a fresh permutation each epoch, drawn from a NumPy generator.

    The PyTorch chapter draws from the same generator, so both networks see the same batches in
    the same order.

    Parameters
    ----------
    x : ndarray of shape (m, n)
        Samples in rows.
    y : ndarray of shape (m,)
        Their labels.
    batch_size : int
        Samples a batch; the last one of an epoch may be smaller.
    rng : numpy.random.Generator
        Source of the orders; :meth:`shuffle` draws the next one.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """

    def __init__(self, x, y, batch_size, rng):
        super().__init__()
        self.x, self.y, self.batch_size, self.rng = x, y, batch_size, rng
        self.order = np.arange(len(x))

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, index):
        batch = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.x[batch], self.y[batch]

    def shuffle(self, epoch=None, logs=None):
        """Draw the next order; the arguments are those of a callback."""
        self.order = self.rng.permutation(len(self.x))


class MeasureTraining(keras.callbacks.Callback):
    """Replace the running means of `loss` and `accuracy` by their values at the epoch's end.

    Keras averages both over an epoch in which the weights move, so they lag behind the
    validation figures. Here they are measured with the same weights.

    Parameters
    ----------
    x : ndarray of shape (m, n)
        The training samples, in rows.
    y : ndarray of shape (m,)
        Their labels.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def on_epoch_end(self, epoch, logs=None):
        """Measure, and put the result where Keras's History reads it; Keras calls this."""
        settings = {"batch_size": 1000, "verbose": 0, "return_dict": True}
        logs.update(self.model.evaluate(self.x, self.y, **settings))
        if not np.isfinite(list(logs.values())).all():
            self.model.stop_training = True


def choose_device(device="auto"):
    """Return where to compute: on a GPU where Keras's backend sees one, or where it is said.

    Parameters
    ----------
    device : str, default "auto"
        "auto" is "gpu:0", or "mps" where the backend is PyTorch on Apple's GPU, else "cpu:0".
        Anything else is returned as it is, if the backend can compute there.

    Raises
    ------
    ValueError, TypeError
        If the backend cannot compute there, or `device` is no text.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    if not isinstance(device, str):
        raise TypeError(f'device is {device!r}, expected "auto", or a name such as "gpu:0"')
    seen = _devices()
    if device == "auto":
        return seen[0]
    if not {device.lower(), f"{device.lower()}:0"} & {*seen}:
        raise ValueError(f"device is {device!r}, expected auto or one of {', '.join(seen)}")
    return device


def _devices():
    """Return the names of the devices, the fastest first."""
    if keras.backend.backend() == "torch":
        import torch

        gpus = [f"gpu:{i}" for i in range(torch.cuda.device_count())]
        gpus += ["mps"] if torch.backends.mps.is_available() else []
    else:
        # Without an argument: asked for "gpu", JAX raises where there is none.
        gpus = [name for name in keras.distribution.list_devices() if name.startswith("gpu")]
    return [*gpus, "cpu:0"]


def fit(
    model,
    train_data,
    validation_data,
    epochs=10,
    batch_size=128,
    learning_rate=1e-3,
    rng=0,
    device="auto",
    verbose=False,
):
    """Compile `model` with Adam, train it and measure it after every epoch.

    Parameters
    ----------
    model : keras.Model
        Returns logits.
    train_data, validation_data : tuple (x, y) of ndarray
        Samples in rows, computed with as float32, and integer labels.
    epochs, batch_size : int
        Passes over the training data, samples a step.
    learning_rate : float, default 1e-3
        Adam's step size.
    rng : numpy.random.Generator, int or None, default 0
        Source of the order of the samples.
    device : str, default "auto"
        Where to compute, as :func:`choose_device` takes it.
    verbose : bool, default False
        Print the device, and a line an epoch.

    Returns
    -------
    dict of str to list of float
        ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``: one value an epoch, all measured
        with the weights at its end.

    Raises
    ------
    ValueError, TypeError
        If the data is no pair of finite samples in rows and as many integer labels, a count is
        below 1 or no integer, the learning rate is not positive and finite, or the device is not
        there.
    FloatingPointError
        If the loss diverges.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015,
    `arXiv:1412.6980 <https://arxiv.org/abs/1412.6980>`_.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    check_positive("learning_rate", learning_rate)
    train_data = check_data("train_data", train_data)
    validation_data = check_data("validation_data", validation_data)
    device = choose_device(device)
    if verbose:
        print(f"training on {device}")
    with keras.device(device):
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        batches = EpochOrder(*train_data, batch_size, np.random.default_rng(rng))
        # Not PyDataset's own hooks: Keras calls them before the first epoch as well.
        shuffle = keras.callbacks.LambdaCallback(on_epoch_begin=batches.shuffle)
        history = model.fit(
            batches,
            validation_data=validation_data,
            validation_batch_size=1000,  # Keras's 32 outlasts the training on few samples
            epochs=epochs,
            shuffle=False,  # EpochOrder has shuffled
            callbacks=[shuffle, MeasureTraining(*train_data)],
            verbose=2 if verbose else 0,
        )
    if not np.isfinite(list(history.history.values())).all():
        epoch = len(history.epoch)  # MeasureTraining has stopped there
        raise FloatingPointError(
            f"the loss diverged in epoch {epoch} with learning_rate {learning_rate:g}"
        )
    return history.history
