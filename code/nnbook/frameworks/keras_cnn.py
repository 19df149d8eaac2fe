"""A small convolutional network in Keras 3; the functions of keras_mlp train and measure it.

Chapter: :doc:`/deep-architectures`.
"""

import numpy as np

from nnbook.frameworks.keras_mlp import keras

SIDE = 28  # pixels


def build_cnn(rng=None):
    """Build two convolutions of 3 × 3 with ReLU, a max-pooling after each, and ten logits.

    It takes the rows that :func:`nnbook.frameworks.keras_mlp.build_mlp` takes, and makes images of
    them. The shapes of a sample on its way, as (rows, columns, channels)::

        conv1   (28, 28, 1)   (26, 26, 16)      160 parameters
        pool                  (13, 13, 16)
        conv2                 (11, 11, 32)    4,640
        pool                  (5, 5, 32)
        fc      (800,)        (10,)           8,010

    Parameters
    ----------
    rng : numpy.random.Generator, int or None, default None
        Source of the initial weights (Glorot's uniform initialisation, Keras's default).

    Returns
    -------
    keras.Sequential
        Not compiled yet. Samples of another length it refuses with a ValueError.

    References
    ----------
    Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proceedings of the
    IEEE 86(11):2278-2324, 1998.

    Notes
    -----
    The softmax is part of the loss. :class:`nnbook.frameworks.torch_cnn.SmallCNN` is the same
    network in PyTorch. Chapter: :doc:`/deep-architectures`.
    """
    rng = np.random.default_rng(rng)

    def start():
        return keras.initializers.GlorotUniform(int(rng.integers(2**31)))

    def convolution(channels, name):
        return keras.layers.Conv2D(
            channels, 3, activation="relu", kernel_initializer=start(), name=name
        )

    return keras.Sequential(
        [
            keras.Input(shape=(SIDE**2,)),
            keras.layers.Reshape((SIDE, SIDE, 1)),
            convolution(16, "conv1"),
            keras.layers.MaxPooling2D(2),
            convolution(32, "conv2"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10, kernel_initializer=start(), name="fc"),
        ]
    )
