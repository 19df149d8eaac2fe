"""The figures of the book: functions that take data and return Matplotlib axes.

Nothing here trains, loads or shows anything. Lines differ by dash and classes by marker as well as
by colour, so that every figure reads in grey. Blue and green are Okabe and Ito's; their orange is
darkened, because words are written in it.

Chapters: :doc:`/neuron`, :doc:`/activations`, :doc:`/network-from-scratch`,
:doc:`/backpropagation`, :doc:`/mnist-keras`, :doc:`/mnist-pytorch`.
"""

import os

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from nnbook.activations import ActivationFunctions
from nnbook.preprocessing import one_hot_encode
from nnbook.validation import check_count, check_labels

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#C45500", "#009E73", "#AA5599"
DASHES = ("-", "--", ":", "-.")


def use_style():
    """Set Matplotlib's defaults for the book: sharp, light grid, sizes that read on a phone.

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    plt.rcParams.update(
        {
            "axes.grid": True,
            "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, PURPLE])
            + plt.cycler(linestyle=DASHES),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 150,
            "figure.figsize": (6.4, 3.6),
            "font.size": 11,
            "grid.alpha": 0.3,
            "image.cmap": "gray_r",
            "lines.linewidth": 2,
            "savefig.facecolor": "white",
        }
    )
    if os.environ.get("NNBOOK_FIGURE_DATA") == "1":  # the book is being built
        from nnbook.figure_output import publish_figures

        publish_figures()


def plot_activations(z=None):
    """Draw sigmoid, tanh and ReLU with their derivatives, and the three together.

    Parameters
    ----------
    z : array_like of shape (m,), optional
        Where to evaluate; 201 points from -5 to 5 if left out.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2, 2)

    Notes
    -----
    Chapter: :doc:`/activations`.
    """
    z = np.linspace(-5, 5, 201) if z is None else np.asarray(z)
    _, axes = plt.subplots(2, 2, figsize=(7.2, 5.4), sharex=True)
    together = axes[1, 1]
    for ax, name, label in zip(
        axes.flat, ("sigmoid", "tanh", "relu"), ("sigmoid", "tanh", "ReLU"), strict=False
    ):
        value = getattr(ActivationFunctions, name)(z)
        slope = getattr(ActivationFunctions, f"{name}_derivative")(z)
        ax.plot(z, value, label=label)
        ax.plot(z, slope, label="derivative")
        ax.set_title(label)
        together.plot(z, value, label=label)
    together.set(title="together", ylim=(-1.2, 3))
    for ax in axes.flat:
        ax.legend()
    for ax in axes[1]:
        ax.set_xlabel("z")
    return axes


def plot_history(history):
    """Draw loss and accuracy by epoch, training beside validation.

    Parameters
    ----------
    history : dict of str to list of float, or list of float
        Keras's names: ``loss`` and, where there are any, ``val_loss``, ``accuracy``,
        ``val_accuracy``. A list is taken as the loss.

    Returns
    -------
    ndarray of matplotlib Axes
        One for each of loss and accuracy that `history` holds.

    Raises
    ------
    ValueError
        If `history` holds neither, or nothing.

    Notes
    -----
    Chapters: :doc:`/network-from-scratch`, :doc:`/mnist-keras`.
    """
    if not isinstance(history, dict):
        history = {"loss": history}
    metrics = [m for m in ("loss", "accuracy") if len(history.get(m, ()))]
    if not metrics:
        raise ValueError(f"history has {[*history]} with no epoch, expected 'loss' or 'accuracy'")
    _, axes = plt.subplots(1, len(metrics), figsize=(3.2 * len(metrics), 2.8), squeeze=False)
    for ax, metric in zip(axes[0], metrics, strict=True):
        for key, label in ((metric, "training"), (f"val_{metric}", "validation")):
            if key in history:
                epochs = np.arange(1, len(history[key]) + 1)
                ax.plot(epochs, history[key], label=label, marker="." if len(epochs) < 50 else "")
        ax.set(xlabel="epoch", ylabel="loss (nats)" if metric == "loss" else metric)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend()
    return axes[0]


def plot_digits(images, labels=None, columns=10):
    """Draw images in a grid, each under its label.

    Parameters
    ----------
    images : ndarray of shape (m, height, width) or (m, 784)
        Grey-scale images, dark for large values.
    labels : sequence of length m, optional
        What to write above each image.
    columns : int, default 10
        Images in a row.

    Returns
    -------
    ndarray of matplotlib Axes, shape (m,)

    Raises
    ------
    ValueError
        If there is no image, or not one label for each.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    images = np.asarray(images)
    if images.ndim == 2 and images.shape[1] == 784:
        images = images.reshape(len(images), 28, 28)
    if images.ndim != 3 or images.size == 0:
        raise ValueError(
            f"images has shape {images.shape}, expected (m, height, width) or (m, 784)"
        )
    check_count("columns", columns)
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"labels has {len(labels)} entries, expected {len(images)}, one an image")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    _, axes = plt.subplots(rows, columns, figsize=(0.56 * columns, 0.8 * rows), squeeze=False)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.axis("off")
    axes = axes.ravel()[: len(images)]
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(image)
    for ax, label in zip(axes, [] if labels is None else labels, strict=False):
        ax.set_title(label, fontsize=11)
    return axes


def plot_predictions(images, predicted, actual, columns=10):
    """Draw images under what was predicted; the wrong ones are framed, crossed and corrected.

    Parameters
    ----------
    images : ndarray of shape (m, height, width) or (m, 784)
        Grey-scale images.
    predicted, actual : array_like of shape (m,)
        Integer labels.
    columns : int, default 10
        Images in a row.

    Returns
    -------
    ndarray of matplotlib Axes, shape (m,)
        Above each image "✓ 7" where the prediction is right; "✗ 3 (is 8)" in a thick frame where
        it is wrong.

    Raises
    ------
    ValueError, TypeError
        If there is no image, or not one integer label for each.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    predicted, actual = check_labels("predicted", predicted), check_labels("actual", actual)
    if len(predicted) != len(actual):
        raise ValueError(f"predicted has {len(predicted)} labels, expected {len(actual)}")
    pairs = zip(predicted, actual, strict=True)
    titles = [f"✓ {p}" if p == a else f"✗ {p}\n(is {a})" for p, a in pairs]
    axes = plot_digits(images, titles, columns)
    for ax, right in zip(axes, predicted == actual, strict=True):
        ax.title.set_color(BLUE if right else ORANGE)
        if not right:
            ax.axis("on")
            for spine in ax.spines.values():
                spine.set(visible=True, color=ORANGE, linewidth=2.5)
    return axes


def plot_decision_boundary(predict, X, y, ax=None):
    """Colour the plane by what `predict` answers and draw the samples on it.

    Odd classes are hollow and lie on darker ground, so that the figure reads in grey.

    Parameters
    ----------
    predict : callable
        Takes an array of shape (points, 2), one point a row, and returns a label for each.
    X : array_like of shape (m, 2)
        The samples, one a row.
    y : array_like of shape (m,)
        Their labels, at most four classes; each has a marker of its own.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        If `X` has not two columns, or `y` is not one integer from 0 to 3 for each row.

    Notes
    -----
    Chapter: :doc:`/neuron`.
    """
    X, y = np.asarray(X), check_labels("y", y, num_classes=4)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) != len(y):
        raise ValueError(f"X has shape {X.shape}, expected ({len(y)}, 2)")
    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 4))
    margin = 0.15 * np.ptp(X, axis=0)
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    grid = np.meshgrid(np.linspace(left, right, 300), np.linspace(bottom, top, 300))
    labels = np.asarray(predict(np.stack(grid, axis=-1).reshape(-1, 2))).reshape(grid[0].shape)
    colors = (BLUE, ORANGE, GREEN, PURPLE)
    levels = np.arange(-0.5, 4)
    areas = [*zip(colors, (0.1, 0.3, 0.5, 0.7), strict=True)]  # ever darker, so told apart in grey
    ax.contourf(*grid, labels, levels=levels, colors=areas)
    ax.contour(*grid, labels, levels=levels, colors="black", linewidths=1.2)
    for label in np.unique(y):
        points = X[y == label]
        hollow = label % 2 == 1
        ax.scatter(
            *points.T,
            s=30,
            color="white" if hollow else colors[label],
            marker="os^D"[label],
            edgecolor=colors[label] if hollow else "white",
            linewidth=1.3 if hollow else 0.6,
            label=f"class {label}",
            zorder=3,
        )
    ax.grid(False)
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return ax


def visualize_gradient_flow(network, X, Y=None):
    """Draw the mean absolute weight, activation and gradient of each layer.

    Parameters
    ----------
    network : NeuralNetwork
        Any object with its attributes, ``forward`` and ``backward``.
    X : array_like of shape (n, m)
        Samples in columns.
    Y : array_like of shape (K, m), optional
        Their one-hot labels. Without them the labels that the network predicts stand in, and the
        title of the panel says so.

    Returns
    -------
    ndarray of matplotlib Axes, shape (3,)
        Weights, activations, gradients.

    Raises
    ------
    ValueError, TypeError
        If `X` or `Y` does not fit the network.

    Notes
    -----
    Chapter: :doc:`/backpropagation`.
    """
    title = "gradients"
    if Y is None:
        Y = one_hot_encode(network.predict(X), network.output_size)
        title = "gradients\n(predicted labels)"
    dW1, db1, dW2, db2 = network.backward(X, Y)
    panels = (
        ("weights", {"W1": network.W1, "W2": network.W2}),
        ("activations", {"X": X, "A1": network.A1, "A2": network.A2}),
        (title, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}),
    )
    _, axes = plt.subplots(1, 3, figsize=(6.8, 3.4), width_ratios=(2, 3, 4))
    for ax, (name, arrays), color in zip(axes, panels, (BLUE, GREEN, ORANGE), strict=True):
        means = [np.abs(a).mean() for a in arrays.values()]
        bars = ax.bar(list(arrays), means, color=color)
        ax.bar_label(bars, fmt="%.2g", fontsize=10)
        ax.set_title(name)
        ax.margins(y=0.15)
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("mean absolute value")
    return axes
