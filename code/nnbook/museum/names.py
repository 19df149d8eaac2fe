"""Exhibit 2: two parts of a lab that want the same name, and a check that finds such names.

Chapter: :doc:`/bug-museum`.
"""

import ast
import inspect
from textwrap import dedent

import numpy as np

from nnbook.preprocessing import one_hot_encode
from nnbook.two_layer import NeuralNetwork


def two_parts(x, y, rng):
    """A network from scratch, then one in PyTorch: the first hides `torch.nn`. Wrong.

    Parameters
    ----------
    x : ndarray of shape (m, n)
        Samples in rows.
    y : ndarray of int, shape (m,)
        Labels of three classes.
    rng : numpy.random.Generator, int or None
        Source of the first network's weights.

    Returns
    -------
    accuracy : float
        Of the first network.
    network : torch.nn.Module
        The second one, untrained.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    from torch import nn

    nn = NeuralNetwork(x.shape[1], 16, 3, learning_rate=0.1, rng=rng)
    nn.train(x.T, one_hot_encode(y, 3), epochs=200, print_every=None)
    accuracy = np.mean(nn.predict(x.T) == y)

    network = nn.Sequential(nn.Linear(x.shape[1], 16), nn.ReLU(), nn.Linear(16, 3))
    return accuracy, network


def mended_two_parts(x, y, rng):
    """The same, with two names for two things. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    from torch import nn

    scratch = NeuralNetwork(x.shape[1], 16, 3, learning_rate=0.1, rng=rng)
    scratch.train(x.T, one_hot_encode(y, 3), epochs=200, print_every=None)
    accuracy = np.mean(scratch.predict(x.T) == y)

    network = nn.Sequential(nn.Linear(x.shape[1], 16), nn.ReLU(), nn.Linear(16, 3))
    return accuracy, network


def reused_imports(function):
    """Return the names that a function imports and then gives to something else.

    Parameters
    ----------
    function : callable
        Whose source can be read.

    Returns
    -------
    list of str

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    nodes = [*ast.walk(ast.parse(dedent(inspect.getsource(function))))]
    imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    names = (node for node in nodes if isinstance(node, ast.Name))
    return sorted(imported & {node.id for node in names if isinstance(node.ctx, ast.Store)})
