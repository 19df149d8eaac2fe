"""What the weights at the end of a data-parallel training depend on.

Chapter: :doc:`/beyond-one-machine`.
"""

from dataclasses import dataclass

from nnbook.frameworks.torch_cnn import SmallCNN
from nnbook.frameworks.torch_mlp import MNISTNet, torch
from nnbook.validation import check_choice, check_count, check_fraction, check_positive

MODELS = {"mlp": MNISTNet, "cnn": SmallCNN}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
DATA = ("mnist", "fashion-mnist", "fashion-mnist-sample")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Settings:
    """What the weights at the end of a training depend on; the number of processes is not in it.

    Parameters
    ----------
    model : {"mlp", "cnn"}
        :class:`nnbook.frameworks.torch_mlp.MNISTNet`, or
        :class:`nnbook.frameworks.torch_cnn.SmallCNN`.
    data : {"mnist", "fashion-mnist", "fashion-mnist-sample"}
        The data set, split as :func:`nnbook.splits.load_split` does.
    train_images : int or "all"
        How many training images to use: the first ones.
    batch_size : int
        Samples a step, of all processes together.
    optimizer : {"sgd", "adam"}
        PyTorch's, with its defaults.
    learning_rate : float
        The same in all steps.
    dropout : float
        Rate of dropout in the MLP.
    dtype : {"float32", "float64"}
        Precision of weights, samples and gradients.
    seed : int
        Of the initial weights, the order of the samples, and the masks of dropout.

    Raises
    ------
    ValueError, TypeError
        If a value is out of its range or of a wrong type.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """

    model: str = "mlp"
    data: str = "mnist"
    train_images: int | str = "all"
    batch_size: int = 128
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    dropout: float = 0.0
    dtype: str = "float32"
    seed: int = 0

    def __post_init__(self):
        choices = {"model": MODELS, "data": DATA, "optimizer": OPTIMIZERS, "dtype": DTYPES}
        for name, allowed in choices.items():
            check_choice(name, getattr(self, name), allowed)
        check_count("batch_size", self.batch_size)
        check_positive("learning_rate", self.learning_rate)
        check_fraction("dropout", self.dropout)
        if check_count("seed", self.seed, minimum=0) >= 2**63:  # PyTorch takes no more
            raise ValueError(f"seed is {self.seed}, expected below 2**63")
        if self.dropout and self.model != "mlp":
            raise ValueError(f"dropout is {self.dropout}, expected 0 with {self.model}")

    def make_model(self):
        """Return the network with its initial weights."""
        options = {"dropout": self.dropout} if self.model == "mlp" else {}
        return MODELS[self.model](rng=self.seed, **options).to(getattr(torch, self.dtype))

    def make_optimizer(self, model):
        """Return the optimizer of a model's parameters."""
        return OPTIMIZERS[self.optimizer](model.parameters(), lr=self.learning_rate)
