r"""What passes through each layer of a network: how large activations and gradients are.

Chapter: :doc:`/initialization`.
"""

import copy

import numpy as np

COLUMNS = ("mean", "std", "rms", "spread", "zeros", "gradient", "weight_gradient")


@np.errstate(over="ignore", invalid="ignore")
def layer_statistics(network, x, y, training=True):
    r"""Send a batch forward and backward, and describe what each layer gives and gets back.

    Over all numbers :math:`y` of a layer's output :math:`Y`, in the whole batch,

    .. math:: \text{mean} = \bar y, \qquad
              \text{std} = \sqrt{\overline{(y - \bar y)^2}}, \qquad
              \text{rms} = \sqrt{\overline{y^2}}, \qquad
              \text{gradient} = \sqrt{\textstyle\sum (\partial L / \partial y)^2}

    `spread` tells how far the samples differ: the root of each feature's variance over the batch,
    averaged over the features. `zeros` is the share of the outputs that are 0, and
    `weight_gradient` the norm of the derivative with respect to the layer's matrix.

    Parameters
    ----------
    network : Network
        It stays as it is: the passes go through a copy, so no running average moves and no random
        number is drawn from its generator.
    x : array_like of shape (m, ...)
        One sample a row.
    y : array_like of shape (m,) or (m, K)
        Integer labels, or what the loss takes.
    training : bool, default True
        Whether batch normalisation takes the statistics of this batch, and dropout drops.

    Returns
    -------
    ndarray, structured
        A record a layer, from the first to the last. ``statistics["rms"]`` is a column;
        ``statistics[statistics["layer"] == "ReLU"]`` are the rows of one kind. `weight_gradient`
        is NaN where a layer has no matrix, `gradient` below the first layer with parameters. An
        overflow raises nothing: it shows as infinity or NaN from the layer on where it happens.

    Raises
    ------
    ValueError, TypeError
        If `x` or `y` does not fit the network.

    Notes
    -----
    Chapter: :doc:`/initialization`.
    """
    x = network.check_input(x)
    y = network.check_targets(y, len(x))
    network = copy.deepcopy(network)
    outputs = _forward(network.layers, x.astype(network.dtype, copy=False), training)
    network.loss.forward(outputs[-1], y)
    gradients = _backward(network.layers, network.loss.backward())
    rows = [
        (type(layer).__name__, *_describe(output), _norm(gradient), _norm(_matrix_gradient(layer)))
        for layer, output, gradient in zip(network.layers, outputs, gradients, strict=True)
    ]
    return np.array(rows, dtype=[("layer", "U32"), *((name, float) for name in COLUMNS)])


def _forward(layers, x, training):
    outputs = []
    for layer in layers:
        x = layer.forward(x, training)
        outputs.append(x)
    return outputs


def _backward(layers, dy):
    """Return what arrives at each layer's output; None where nobody needs it."""
    gradients = [None] * len(layers)
    for i in reversed(range(len(layers))):
        gradients[i] = dy
        dy = layers[i].backward(dy)
        if not layers[i].needs_input_gradient:
            break
    return gradients


def _describe(output):
    output = output.astype(np.float64)  # squares of float32 overflow early
    rms = np.sqrt(np.mean(output**2))
    spread = np.sqrt(np.mean(output.var(axis=0)))
    return output.mean(), output.std(), rms, spread, np.mean(output == 0)


def _matrix_gradient(layer):
    return next((g for g in layer.gradients.values() if g.ndim >= 2), None)


def _norm(gradient):
    if gradient is None:
        return np.nan
    return np.sqrt(np.sum(gradient.astype(np.float64) ** 2))
