r"""The network that readers use: layers in a row, with training, saving and loading.

Chapter: :doc:`/engine`.
"""

from itertools import pairwise

from nnbook import checkpoints
from nnbook.callbacks import Callback
from nnbook.layers import GELU, BatchNorm, Dense, Dropout, LeakyReLU, ReLU, Sigmoid, Tanh
from nnbook.network import Network
from nnbook.optimizers import Adam, Optimizer
from nnbook.training import Trainer
from nnbook.validation import check_choice, check_count, check_fraction, check_pair

# Each activation with the initialisation made for it.
ACTIVATIONS = {
    "relu": (ReLU, "he_normal"),
    "leaky_relu": (LeakyReLU, "he_normal"),
    "gelu": (GELU, "he_normal"),
    "tanh": (Tanh, "glorot_uniform"),
    "sigmoid": (Sigmoid, "glorot_uniform"),
}


class Sequential(Network):
    """A network of layers in a row, with samples in rows and float32 by default.

    The arguments, attributes and passes are those of :class:`nnbook.network.Network`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def fit(
        self,
        x,
        y,
        epochs=1,
        batch_size=128,
        optimizer=None,
        validation_data=None,
        callbacks=(),
        rng=None,
        verbose=1,
        resume=None,
    ):
        """Train on shuffled mini-batches.

        Parameters
        ----------
        x : array_like of shape (m, ...)
            One sample a row. Batches are converted to the network's precision one by one: images
            of bytes, or a memory-mapped array, are never copied whole.
        y : array_like of shape (m,) or (m, K)
            Integer labels, or what the loss takes.
        epochs, batch_size : int
            Passes over the data; samples a step.
        optimizer : Optimizer or None, default None
            None is ``Adam()``. One that was used before goes on where it was.
        validation_data : tuple (x, y) or None
            What is measured after every epoch.
        callbacks : iterable of Callback
            See :mod:`nnbook.callbacks`.
        rng : numpy.random.Generator, int or None, default None
            Source of the order of the samples and of dropout's masks; None goes on with the
            generator of the network.
        verbose : {0, 1}, default 1
            Whether to show a progress bar.
        resume : str, PathLike or None
            A file of :class:`nnbook.callbacks.ModelCheckpoint`. The training goes on from there
            to `epochs` epochs in all, and ends with the weights, bit for bit, of one that was
            never stopped. `rng` must be None: the file knows the random state.

        Returns
        -------
        History
            ``history.history["val_accuracy"]`` is a list with one number an epoch.

        Raises
        ------
        ValueError, TypeError
            If an argument is refused, or the file does not belong to this network and these
            settings; nothing has changed then.
        FloatingPointError
            If the loss diverges. The network and the optimizer are then as before.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        x = self.check_input(x)
        y = self.check_targets(y, len(x))
        optimizer = Adam() if optimizer is None else optimizer
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer is {optimizer!r}, expected one of nnbook.optimizers")
        callbacks = list(callbacks)
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks holds {callback!r}, expected a Callback")
        trainer = Trainer(
            network=self,
            x=x,
            y=y,
            optimizer=optimizer,
            batch_size=check_count("batch_size", batch_size),
            validation_data=self._check_validation(validation_data),
            callbacks=callbacks,
        )
        return trainer.fit(check_count("epochs", epochs), rng, resume, verbose)

    def _check_validation(self, data):
        if data is None:
            return None
        x, y = check_pair("validation_data", data, "targets")
        try:
            x = self.check_input(x)
            return x, self.check_targets(y, len(x))
        except (ValueError, TypeError) as error:
            raise type(error)(f"validation_data: {error}") from None

    def save(self, path):
        """Write the network to a safetensors file, whole or not at all.

        Parameters
        ----------
        path : str or PathLike
            The file; an existing one is replaced.

        Raises
        ------
        FileNotFoundError
            If the folder does not exist.
        FloatingPointError
            If a parameter is not finite.
        TypeError
            If a layer or the loss is not one of this package.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        checkpoints.save_network(path, self)

    @classmethod
    def load(cls, path, rng=None):
        """Return the network that :meth:`save` or a checkpoint has written.

        Parameters
        ----------
        path : str or PathLike
            The file.
        rng : numpy.random.Generator, int or None, default None
            Source of what is random in further training.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is truncated, foreign or inconsistent.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        description, weights, _ = checkpoints.read(path)
        network = checkpoints.rebuild(path, description, cls, rng)
        network.set_weights(weights)
        return network

    def load_weights(self, path):
        """Take over the weights of a network of the same architecture.

        Parameters
        ----------
        path : str or PathLike
            A file that :meth:`save` or a checkpoint has written.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is truncated or foreign, or holds another architecture; the network is
            unchanged then.

        Notes
        -----
        Chapter: :doc:`/engine`.
        """
        description, weights, _ = checkpoints.read(path)
        checkpoints.check_same_network(path, description, self)
        self.set_weights(weights)


def mlp(
    sizes,
    activation="relu",
    dropout=0.0,
    batch_norm=False,
    loss="softmax_cross_entropy",
    rng=None,
    dtype="float32",
    kernel_initializer=None,
):
    """Return a multi-layer perceptron: dense layers with an activation after all but the last.

    Parameters
    ----------
    sizes : list of int
        Numbers of features, of neurons in each hidden layer, and of outputs.
    activation : {"relu", "leaky_relu", "gelu", "tanh", "sigmoid"}
        Of the hidden layers.
    dropout : float, default 0
        Rate of dropout after every activation.
    batch_norm : bool, default False
        Whether to normalise before every activation.
    loss, rng, dtype
        See :class:`nnbook.network.Network`.
    kernel_initializer : str, callable or None
        How all weights start; None takes He's for the ReLU family, Glorot's for tanh and sigmoid.

    Returns
    -------
    Sequential

    Raises
    ------
    ValueError, TypeError
        If `sizes` has fewer than two entries, or an argument is out of its range.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    layers = mlp_layers(sizes, activation, dropout, batch_norm, kernel_initializer)
    return Sequential(layers, loss, rng, dtype)


def mlp_layers(sizes, activation="relu", dropout=0.0, batch_norm=False, kernel_initializer=None):
    """Return the layers of an :func:`mlp` as a list, to put others before or between them.

    The arguments and the errors are those of :func:`mlp`.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if not hasattr(sizes, "__iter__"):
        raise TypeError(f"sizes is {sizes!r}, expected a list of integers")
    sizes = [check_count("sizes", size) for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes is {sizes}, expected at least the numbers of inputs and outputs")
    layer, own_initializer = ACTIVATIONS[check_choice("activation", activation, ACTIVATIONS)]
    check_fraction("dropout", dropout)
    initializer = own_initializer if kernel_initializer is None else kernel_initializer
    layers = []
    for n, k in pairwise(sizes[:-1]):
        layers.append(Dense(n, k, initializer))
        layers += [BatchNorm(k)] if batch_norm else []
        layers.append(layer())
        layers += [Dropout(dropout)] if dropout else []
    layers.append(Dense(*sizes[-2:], initializer))
    return layers
