"""Neural networks from scratch, and the same networks in Keras and PyTorch.

The package of the book nnbook. Importing it loads NumPy and nothing heavier; Matplotlib and
PyTorch come in when a name that needs them is first used.
"""

from importlib import import_module

from nnbook.activations import ActivationFunctions
from nnbook.datasets import load_cifar10, load_fashion_mnist, load_mnist
from nnbook.preprocessing import one_hot_encode
from nnbook.two_layer import NeuralNetwork

__version__ = "0.1.0"

# Where the other public names live. They are imported when they are first used.
_HOMES = {
    "sequential": ("Sequential", "mlp"),
    "layers": (
        "Dense",
        "ReLU",
        "LeakyReLU",
        "Sigmoid",
        "Tanh",
        "GELU",
        "Dropout",
        "BatchNorm",
        "LayerNorm",
        "Flatten",
        "Rescaling",
        "RandomShift",
        "Residual",
    ),
    "losses": ("SoftmaxCrossEntropy", "BinaryCrossEntropy", "MeanSquaredError"),
    "optimizers": ("SGD", "RMSProp", "Adam", "AdamW"),
    "schedules": ("StepDecay", "CosineDecay", "Warmup", "OneCycle"),
    "callbacks": ("EarlyStopping", "ModelCheckpoint", "LearningRateRangeTest"),
    "training": ("History",),
    "plotting": ("visualize_gradient_flow",),
    "estimators": ("NeuralNetworkClassifier", "NeuralNetworkRegressor"),
    "frameworks.torch_mlp": ("MNISTNet",),
}
_LAZY = {name: f"nnbook.{module}" for module, names in _HOMES.items() for name in names}

# MNISTNet is public too, but left out: `from nnbook import *` must not need PyTorch.
__all__ = [
    "ActivationFunctions",
    "NeuralNetwork",
    "load_cifar10",
    "load_fashion_mnist",
    "load_mnist",
    "one_hot_encode",
    *(name for name in _LAZY if name != "MNISTNet"),
]


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module 'nnbook' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__():
    return sorted({*globals(), *_LAZY})
