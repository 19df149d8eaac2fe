"""The layers of the engine, one file a family, re-exported by name."""

from nnbook.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nnbook.layers.augmentation import RandomShift
from nnbook.layers.base import Layer
from nnbook.layers.dense import Dense
from nnbook.layers.dropout import Dropout
from nnbook.layers.normalization import BatchNorm, LayerNorm
from nnbook.layers.reshaping import Flatten, Rescaling
from nnbook.layers.residual import Residual

__all__ = [
    "GELU",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "RandomShift",
    "ReLU",
    "Rescaling",
    "Residual",
    "Sigmoid",
    "Tanh",
]
