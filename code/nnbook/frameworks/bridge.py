"""The same network in nnbook, PyTorch and Keras: built from ours, weights copied between any two.

Neither framework is imported before it is needed. Where one process uses both, import PyTorch
first: some of its builds crash when they load after TensorFlow.

Chapter: :doc:`/three-ways`.
"""

import os
import sys
from importlib import import_module
from typing import NamedTuple

import numpy as np

from nnbook import layers
from nnbook.network import Network
from nnbook.validation import check_finite

# Before TensorFlow loads: no report of its build flags, and the same rounding on every processor.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# The arrays of each kind of layer: our name, and in brackets PyTorch's and Keras's.
NORMALIZATION = {"gamma": ("weight", "gamma"), "beta": ("bias", "beta")}
AVERAGES = {"mean": ("running_mean", "moving_mean"), "variance": ("running_var", "moving_variance")}
ARRAYS = {
    "Dense": {"W": ("weight", "kernel"), "b": ("bias", "bias")},
    "LayerNorm": NORMALIZATION,
    "BatchNorm": NORMALIZATION | AVERAGES,
}
# What the frameworks call these layers, where it is something else.
KINDS = {
    "Linear": "Dense",
    "BatchNorm1d": "BatchNorm",
    "BatchNormalization": "BatchNorm",
    "LayerNormalization": "LayerNorm",
} | {kind: kind for kind in ARRAYS}


def to_torch(network):
    r"""Build the same network in PyTorch, with the same weights and precision.

    Parameters
    ----------
    network : Network
        What is copied; it stays as it is.

    Returns
    -------
    torch.nn.Sequential
        Takes tensors of the network's dtype and returns logits. As PyTorch has it, the module is
        in training mode until its method ``eval`` is called.

    Raises
    ------
    TypeError
        If `network` is no Network, or a layer is not one of this package.
    ImportError
        If PyTorch is missing.

    Notes
    -----
    - ``nn.Linear`` keeps :math:`W^\top`, of shape (k, n).
    - The momentum of ``nn.BatchNorm1d`` is one minus ours, and its running variance is of the
      unbiased kind: after training it is ours only with ``BatchNorm(unbiased=True)``. The steps
      of the training do not depend on it.
    - A new ``nn.Linear`` starts as :func:`nnbook.initializers.pytorch_uniform`, bias included.
    - Dropout's masks are drawn from PyTorch's own generator.

    Chapter: :doc:`/three-ways`.
    """
    _check_network(network)
    torch = _require("torch", "PyTorch", "torch")
    module = torch.nn.Sequential(*_twins(network, _in_torch(torch), "PyTorch"))
    copy_weights(network, module.to(getattr(torch, network.dtype.name)))
    return module


def to_keras(network):
    """Build the same network in Keras, with the same weights and precision.

    Parameters
    ----------
    network : Network
        What is copied; it stays as it is.

    Returns
    -------
    keras.Sequential
        Returns logits; not compiled. If the network begins with Flatten, Keras learns the shape
        of a sample from the first batch.

    Raises
    ------
    TypeError
        If `network` is no Network, or a layer is not one of this package.
    ImportError
        If Keras or its backend is missing.

    Notes
    -----
    - The momentum of ``BatchNormalization`` is ours, and its running variance of the biased kind:
      after training it is ours only with ``BatchNorm(unbiased=False)``. Keras's default epsilon
      is 1e-3 and its default momentum 0.99; here both are those of the network.
    - A new ``Dense`` starts as :func:`nnbook.initializers.glorot_uniform`, its bias at zero.
    - The layers compute in the network's dtype. Losses, metrics and the learning rate of Keras
      are of ``keras.config.floatx()``, float32 unless you set it.
    - On TensorFlow two constants are of float32 even in a float64 network: LeakyReLU's slope
      (0.0625 survives that, 0.01 does not) and one inside GELU, which costs 5e-9. On JAX and
      PyTorch, Keras rounds more of a float64 network: on PyTorch every matrix product.
    - Dropout's masks are drawn from Keras's own generator.

    Chapter: :doc:`/three-ways`.
    """
    _check_network(network)
    keras = _require("keras", "Keras and TensorFlow", "tensorflow")
    twins = _twins(network, _in_keras(keras, network.dtype.name), "Keras")
    for layer, twin in zip(network.layers, twins, strict=True):
        if layer.parameters:
            twin.build((None, _features(layer)))
    model = keras.Sequential(twins)
    shaping = [lay for lay in network.layers if lay.parameters or isinstance(lay, layers.Flatten)]
    if shaping[0].parameters:
        model.build((None, _features(shaping[0])))
    copy_weights(network, model)
    return model


def copy_weights(source, target):
    """Copy weights, and the running averages of batch norm, from one network to another.

    Parameters
    ----------
    source, target : Network, torch.nn.Module or keras.Model
        Any two. Their layers with weights are paired in order, and each has to be a dense layer
        (``nn.Linear`` in PyTorch), a batch norm or a layer norm. What is no weight, such as an
        epsilon, stays the target's, and so does its precision.

    Raises
    ------
    ValueError
        If the layers differ in number, kind or shape, or a weight is not finite; the target is
        unchanged then. A Keras model has weights only once it is built.
    TypeError
        If an argument is no network, or a layer of another kind has weights.

    Notes
    -----
    Chapter: :doc:`/three-ways`.
    """
    ours, theirs = _weighted_layers("source", source), _weighted_layers("target", target)
    if [layer.kind for layer in ours] != [layer.kind for layer in theirs]:
        raise ValueError(f"source has {_list(ours)}, but target has {_list(theirs)}")
    for our, their in zip(ours, theirs, strict=True):
        if our.shapes() != their.shapes():
            raise ValueError(
                f"{our.label} has {our.shapes()}, but {their.label} has {their.shapes()}"
            )
        for name, array in our.arrays.items():
            check_finite(f"{name} of {our.label}", _read(array))
    for our, their in zip(ours, theirs, strict=True):
        for name, array in their.arrays.items():
            _write(array, _read(our.arrays[name]))


# --- Building ---


def _check_network(network):
    if not isinstance(network, Network):
        raise TypeError(f"network is {network!r}, expected a Network of nnbook")


def _require(framework, name, extra):
    try:
        return import_module(framework)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'nnbook.frameworks.bridge needs {name}: python -m pip install "nnbook[{extra}]"'
        ) from error


def _twins(stack, makers, framework):
    """Return the layers of the other framework, with weights yet to be copied."""
    for i, layer in enumerate(stack.layers):
        if type(layer) not in makers:
            raise TypeError(f"layers[{i}], {layer}, has no counterpart in {framework}")
    return [makers[type(layer)](layer) for layer in stack.layers]


def _in_torch(torch):
    """Return, for each of our layers, what makes its twin in PyTorch."""
    nn = torch.nn

    class Rescaling(nn.Module):  # PyTorch has none
        def __init__(self, scale, offset):
            super().__init__()
            for name, value in (("scale", scale), ("offset", offset)):
                constant = torch.tensor(value, dtype=torch.float64)
                self.register_buffer(name, constant, persistent=False)

        def forward(self, x):
            return x.to(self.scale.dtype) * self.scale + self.offset

    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    makers = {
        # A new nn.Linear would draw from PyTorch's global generator.
        layers.Dense: lambda d: nn.utils.skip_init(nn.Linear, d.in_features, d.out_features),
        layers.ReLU: lambda _: nn.ReLU(),
        layers.LeakyReLU: lambda a: nn.LeakyReLU(a.negative_slope),
        layers.Sigmoid: lambda _: nn.Sigmoid(),
        layers.Tanh: lambda _: nn.Tanh(),
        layers.GELU: lambda _: nn.GELU(),
        layers.Dropout: lambda d: nn.Dropout(d.rate),
        layers.BatchNorm: lambda n: nn.BatchNorm1d(n.features, n.epsilon, 1 - n.momentum),
        layers.LayerNorm: lambda n: nn.LayerNorm(n.features, n.epsilon),
        layers.Flatten: lambda _: nn.Flatten(),
        layers.Rescaling: lambda r: Rescaling(r.scale, r.offset),
        layers.Residual: lambda r: Residual(*_twins(r, makers, "PyTorch")),
    }
    return makers


def _in_keras(keras, dtype):
    """Return, for each of our layers, what makes its twin in Keras."""
    kl = keras.layers
    f64 = np.float64  # TensorFlow rounds a plain float through float32

    class Residual(keras.Sequential):
        def __init__(self, twins):
            super().__init__(twins)
            self.dtype_policy = dtype  # of the sum; Sequential takes none

        def call(self, inputs, training=None, mask=None):
            return inputs + super().call(inputs, training=training, mask=mask)

    makers = {
        layers.Dense: lambda d: kl.Dense(d.out_features, kernel_initializer="zeros", dtype=dtype),
        layers.ReLU: lambda _: kl.ReLU(dtype=dtype),
        layers.LeakyReLU: lambda a: kl.LeakyReLU(a.negative_slope, dtype=dtype),
        layers.Sigmoid: lambda _: kl.Activation("sigmoid", dtype=dtype),
        layers.Tanh: lambda _: kl.Activation("tanh", dtype=dtype),
        layers.GELU: lambda _: kl.Activation("gelu", dtype=dtype),
        layers.Dropout: lambda d: kl.Dropout(d.rate, dtype=dtype),
        layers.BatchNorm: lambda n: kl.BatchNormalization(
            momentum=n.momentum, epsilon=n.epsilon, dtype=dtype
        ),
        layers.LayerNorm: lambda n: kl.LayerNormalization(epsilon=n.epsilon, dtype=dtype),
        layers.Flatten: lambda _: kl.Flatten(dtype=dtype),
        layers.Rescaling: lambda r: kl.Rescaling(f64(r.scale), f64(r.offset), dtype=dtype),
        layers.Residual: lambda r: Residual(_twins(r, makers, "Keras")),
    }
    return makers


def _features(layer):
    return len(next(iter(layer.parameters.values())))


# --- Reading and writing weights ---


class _WeightedLayer(NamedTuple):
    """A layer of any framework: its kind, how to call it, and its arrays by our names."""

    kind: str
    label: str
    arrays: dict

    def shapes(self):
        named = (f"{name} {_read(array).shape}" for name, array in self.arrays.items())
        return ", ".join(named) or "no weights"


def _list(weighted):
    return ", ".join(layer.kind for layer in weighted) or "no layer with weights"


def _weighted_layers(name, model):
    weighted = []
    for label, layer, own_weights, arrays in _every_layer(name, model):
        kind = KINDS.get(type(layer).__name__)
        if kind is not None:
            weighted.append(_WeightedLayer(kind, f"{name}'s {label}", arrays))
        elif own_weights:
            raise TypeError(
                f"{name}'s {label}, {type(layer).__name__}, has weights, "
                f"expected layers such as {', '.join(KINDS)}"
            )
    return weighted


def _every_layer(name, model):
    """Yield for each layer how to call it, itself, its weights, and those by our names."""
    keras, torch = sys.modules.get("keras"), sys.modules.get("torch")
    if isinstance(model, Network | layers.Residual):
        for i, layer in enumerate(model.layers):
            if isinstance(layer, layers.Residual):
                yield from _every_layer(f"{name}'s layers[{i}]", layer)
            else:
                yield f"layers[{i}]", layer, layer.parameters, layer.parameters | layer.buffers
    elif keras and isinstance(model, keras.Model):  # first: on PyTorch it is an nn.Module too
        for layer in model.layers:
            if isinstance(layer, keras.Model):
                yield from _every_layer(name, layer)
            else:
                yield layer.name, layer, layer.weights, _by_our_names(layer, 1)
    elif torch and isinstance(model, torch.nn.Module):
        for label, module in model.named_modules():
            weights = [*module.parameters(recurse=False)]
            yield label or "module", module, weights, _by_our_names(module, 0)
    else:
        raise TypeError(f"{name} is {model!r}, expected a Network, nn.Module or keras.Model")


def _by_our_names(layer, column):
    names = ARRAYS.get(KINDS.get(type(layer).__name__), {})
    found = {ours: getattr(layer, theirs[column], None) for ours, theirs in names.items()}
    return {ours: array for ours, array in found.items() if array is not None}


def _read(array):
    """Return an array of any framework in our layout."""
    if isinstance(array, np.ndarray):
        return array
    if hasattr(array, "assign"):  # a variable of Keras
        return array.numpy()
    return array.detach().cpu().numpy().T


def _write(array, values):
    """Change an array of any framework to `values`, which are in our layout."""
    if isinstance(array, np.ndarray):
        array[...] = values
    elif hasattr(array, "assign"):
        array.assign(values.astype(array.dtype))
    else:
        torch = sys.modules["torch"]
        with torch.no_grad():
            array.copy_(torch.tensor(values.T))
