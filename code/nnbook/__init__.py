"""Neural networks from scratch, and the same networks in Keras and PyTorch.

The package of the book nnbook. Importing it loads NumPy and nothing heavier; Matplotlib and
PyTorch come in when a name that needs them is first used.
"""

from nnbook.activations import ActivationFunctions
from nnbook.datasets import load_mnist
from nnbook.preprocessing import one_hot_encode
from nnbook.two_layer import NeuralNetwork

__version__ = "0.1.0"

# MNISTNet is public too, but left out: `from nnbook import *` must not need PyTorch.
__all__ = [
    "ActivationFunctions",
    "NeuralNetwork",
    "load_mnist",
    "one_hot_encode",
    "visualize_gradient_flow",
]


def __getattr__(name):
    if name == "visualize_gradient_flow":
        from nnbook.plotting import visualize_gradient_flow

        return visualize_gradient_flow
    if name == "MNISTNet":
        from nnbook.frameworks.torch_mlp import MNISTNet

        return MNISTNet
    raise AttributeError(f"module 'nnbook' has no attribute {name!r}")
