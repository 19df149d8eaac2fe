"""A small convolutional network in PyTorch; the functions of torch_mlp train and measure it.

Chapter: :doc:`/deep-architectures`.
"""

from torch import nn

from nnbook.frameworks.torch_mlp import seeded

SIDE = 28  # pixels


class SmallCNN(nn.Module):
    """Two convolutions of 3 × 3 with ReLU, a max-pooling after each, and ten logits.

    It takes the rows that :class:`nnbook.frameworks.torch_mlp.MNISTNet` takes, and makes images of
    them. The shapes of a sample on its way, as (channels, rows, columns)::

        conv1   (1, 28, 28)   (16, 26, 26)      160 parameters
        pool                  (16, 13, 13)
        conv2                 (32, 11, 11)    4,640
        pool                  (32, 5, 5)
        fc      (800,)        (10,)           8,010

    Parameters
    ----------
    rng : numpy.random.Generator, int or None, default None
        Source of the initial weights, which leaves PyTorch's global generators as they were;
        without one the global generator is used.

    Raises
    ------
    ValueError, TypeError
        If `rng` is no seed.

    References
    ----------
    Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proceedings of the
    IEEE 86(11):2278-2324, 1998.

    Notes
    -----
    The softmax is part of the loss. :func:`nnbook.frameworks.keras_cnn.build_cnn` makes the same
    network in Keras. Chapter: :doc:`/deep-architectures`.
    """

    def __init__(self, rng=None):
        super().__init__()
        with seeded(rng):
            self.conv1 = nn.Conv2d(1, 16, 3)
            self.conv2 = nn.Conv2d(16, 32, 3)
            self.fc = nn.Linear(32 * 5 * 5, 10)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        """Return the logits, shape (m, 10), of flat images `x`, shape (m, 784)."""
        if x.ndim != 2 or x.shape[1] != SIDE**2:
            raise ValueError(f"x has shape {(*x.shape,)}, expected (samples, {SIDE**2})")
        x = x.unflatten(1, (1, SIDE, SIDE))
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        return self.fc(x.flatten(1))
