"""Weights of the small convolutional network, from PyTorch to Keras and back.

PyTorch keeps an image as (channels, rows, columns), Keras as (rows, columns, channels). So kernels
have their axes in another order, and so have the features that the last layer reads.

Chapter: :doc:`/deep-architectures`.
"""

import sys

import numpy as np

NAMES = ("conv1", "conv2", "fc")
POOLED = (5, 5, 32)  # what the last layer reads, in Keras's order


def copy_cnn_weights(source, target):
    """Copy the weights of a small CNN from one framework to the other, or within one.

    Parameters
    ----------
    source, target : SmallCNN or the model of build_cnn
        :class:`nnbook.frameworks.torch_cnn.SmallCNN` and what
        :func:`nnbook.frameworks.keras_cnn.build_cnn` returns, in any combination. The target keeps
        its precision.

    Raises
    ------
    TypeError
        If an argument is another network; the target is unchanged then.

    Notes
    -----
    A kernel of ``nn.Conv2d`` has the shape (out, in, rows, columns), one of ``Conv2D`` (rows,
    columns, in, out). Chapter: :doc:`/deep-architectures`.
    """
    _check("source", source), _check("target", target)
    weights = _from_torch(source) if _is_torch(source) else source.get_weights()
    if _is_torch(target):
        _into_torch(target, weights)
    else:
        target.set_weights(weights)


def _is_torch(model):
    return type(model).__name__ == "SmallCNN"


def _check(name, model):
    layers = {layer.name for layer in getattr(model, "layers", [])}
    if not (_is_torch(model) or layers >= {*NAMES}):
        kind = type(model).__name__
        raise TypeError(f"{name} is a {kind}, expected a SmallCNN or the model of build_cnn")


def _from_torch(model):
    """Return the weights in Keras's order and layout."""
    arrays = [p.detach().cpu().numpy() for p in model.parameters()]
    kernel1, bias1, kernel2, bias2, weight, bias = arrays
    kernels = [kernel.transpose(2, 3, 1, 0) for kernel in (kernel1, kernel2)]
    rows, columns, channels = POOLED
    dense = weight.reshape(-1, channels, rows, columns).transpose(2, 3, 1, 0)
    return [kernels[0], bias1, kernels[1], bias2, dense.reshape(-1, len(weight)), bias]


def _into_torch(model, weights):
    kernel1, bias1, kernel2, bias2, dense, bias = weights
    kernels = [kernel.transpose(3, 2, 0, 1) for kernel in (kernel1, kernel2)]
    weight = dense.reshape(*POOLED, -1).transpose(3, 2, 0, 1).reshape(dense.shape[1], -1)
    torch = sys.modules["torch"]
    arrays = [kernels[0], bias1, kernels[1], bias2, weight, bias]
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))
