"""The figures: what they return, that they say what they show, and that they show what is true."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import ActivationFunctions, NeuralNetwork, one_hot_encode
from nnbook import visualize_gradient_flow as exported
from nnbook.plotting import (
    BLUE,
    ORANGE,
    plot_activations,
    plot_decision_boundary,
    plot_digits,
    plot_history,
    plot_predictions,
    use_style,
    visualize_gradient_flow,
)


@pytest.fixture(autouse=True)
def drawn():
    """Draw with the book's style what the test has plotted, then close it."""
    with plt.rc_context():
        use_style()
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
        plt.close("all")


def texts(ax):
    """Everything that is written in or around the axes."""
    legend = ax.get_legend()
    return [
        ax.get_title(),
        ax.get_xlabel(),
        ax.get_ylabel(),
        *(tick.get_text() for tick in ax.get_xticklabels()),
        *(text.get_text() for text in ax.texts),
        *(text.get_text() for text in (legend.get_texts() if legend else ())),
    ]


def grey(color):
    """Brightness from 0 to 255, as a printer without colour shows it."""
    red, green, blue = (int(to_hex(color)[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


# --- Style ---------------------------------------------------------------------------------------


def test_text_is_readable_and_lines_differ_by_more_than_colour():
    assert plt.rcParams["font.size"] >= 10
    styles = [(p["color"], p["linestyle"]) for p in plt.rcParams["axes.prop_cycle"]]
    assert len({color for color, _ in styles}) == len({dash for _, dash in styles}) == 4


@pytest.mark.parametrize("color", [BLUE, ORANGE])
def test_words_in_colour_can_be_read_on_white(color):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5  # WCAG 2, level AA


def test_right_and_wrong_differ_in_grey_too():
    assert abs(grey(BLUE) - grey(ORANGE)) > 20


# --- Activations and history ---------------------------------------------------------------------


def test_plot_activations_draws_each_function_with_its_derivative():
    z = np.linspace(-3, 3, 13)
    axes = plot_activations(z)
    assert axes.shape == (2, 2)
    for ax, name in zip(axes.flat, ("sigmoid", "tanh", "relu"), strict=False):
        value, slope = ax.lines
        assert_allclose(value.get_xydata().T, [z, getattr(ActivationFunctions, name)(z)])
        assert_allclose(slope.get_ydata(), getattr(ActivationFunctions, f"{name}_derivative")(z))
        assert "derivative" in texts(ax)
        assert value.get_linestyle() != slope.get_linestyle()
    assert len(axes[1, 1].lines) == 3
    assert {"sigmoid", "tanh", "ReLU"} <= {*texts(axes[1, 1])}
    assert all("z" in texts(ax) for ax in axes[1])


def test_plot_activations_chooses_where_to_evaluate():
    assert (plot_activations()[0, 0].lines[0].get_xdata()[[0, -1]] == [-5, 5]).all()


def test_plot_history_draws_training_beside_validation():
    history = {"loss": [3, 2], "val_loss": [4, 3], "accuracy": [0.5, 0.6], "val_accuracy": [0, 1]}
    axes = plot_history(history)
    assert len(axes) == 2
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        training, validation = ax.lines
        assert_array_equal(training.get_xydata(), [*zip([1, 2], history[name], strict=True)])
        assert_array_equal(validation.get_ydata(), history[f"val_{name}"])
        assert training.get_linestyle() != validation.get_linestyle()
        assert {"epoch", "training", "validation"} <= {*texts(ax)}
        assert any(name in text for text in texts(ax))


def test_plot_history_takes_the_list_of_losses():
    (ax,) = plot_history([3.0, 2.0, 1.0])
    assert_array_equal(ax.lines[0].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert len(plot_history({"accuracy": [0.5]})) == 1


@pytest.mark.parametrize("history", [{}, [], {"loss": []}, {"val_loss": [1]}, {"mse": [1]}])
def test_plot_history_refuses_a_history_of_nothing(history):
    with pytest.raises(ValueError, match="history has .*expected 'loss' or 'accuracy'"):
        plot_history(history)


# --- Images --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "columns"), [(1, 10), (3, 2), (10, 5), (11, 10)])
@pytest.mark.parametrize("flat", [False, True])
def test_plot_digits_draws_each_image_under_its_label(rng, m, columns, flat):
    images = rng.random((m, 28, 28))
    axes = plot_digits(images.reshape(m, 784) if flat else images, range(m), columns=columns)
    assert axes.shape == (m,)
    for i, ax in enumerate(axes):
        assert isinstance(ax, Axes)
        assert_array_equal(ax.images[0].get_array(), images[i])
        assert ax.get_title() == str(i)
    assert len(plt.gcf().axes) % min(columns, m) == 0


def test_plot_digits_without_labels():
    assert [ax.get_title() for ax in plot_digits(np.zeros((2, 5, 4)))] == ["", ""]


def test_plot_predictions_tells_wrong_ones_by_words_and_a_frame():
    right, wrong = plot_predictions(np.zeros((2, 28, 28)), [7, 3], np.array([7, 8]))
    assert right.get_title() == "✓ 7"
    assert wrong.get_title() == "✗ 3\n(is 8)"
    assert not right.axison
    assert wrong.axison
    assert all(spine.get_visible() for spine in wrong.spines.values())
    assert right.title.get_color() != wrong.title.get_color()


IMAGES = np.zeros((3, 28, 28))


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (plot_digits, (np.zeros((0, 28, 28)),), ValueError, r"images has shape \(0, 28, 28\)"),
        (plot_digits, (np.zeros(784),), ValueError, r"images has shape \(784,\), expected"),
        (plot_digits, (np.zeros((3, 100)),), ValueError, r"images has shape \(3, 100\), expected"),
        (plot_digits, (np.zeros((28, 28)),), ValueError, r"images has shape \(28, 28\), expected"),
        (plot_digits, (IMAGES, [1]), ValueError, "labels has 1 entries, expected 3"),
        (plot_digits, (IMAGES, None, 0), ValueError, "columns is 0, expected at least 1"),
        (
            plot_predictions,
            (IMAGES, [1], [1, 2, 3]),
            ValueError,
            "predicted has 1 labels, expected 3",
        ),
        (plot_predictions, (IMAGES, [1, 2], [1, 2]), ValueError, "2 .*expected 3"),
        (plot_predictions, (IMAGES, [0.5] * 3, [1] * 3), TypeError, "predicted has dtype float64"),
        (plot_predictions, (IMAGES, [1] * 3, ["1"] * 3), TypeError, "actual has dtype <U1"),
    ],
)
def test_images_refused(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function(*arguments)


# --- Decision boundary ---------------------------------------------------------------------------


def test_plot_decision_boundary_draws_samples_by_marker_and_regions_by_prediction(rng):
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3
    asked = []

    def predict(points):
        asked.append(points)
        return (points[:, 0] > 0).astype(int)

    ax = plot_decision_boundary(predict, X, y)
    (points,) = asked
    assert points.shape[1] == 2
    assert (points.min(axis=0) < X.min(axis=0)).all()
    assert (points.max(axis=0) > X.max(axis=0)).all()
    clouds = [c for c in ax.collections if c.get_label().startswith("class")]
    assert [c.get_label() for c in clouds] == ["class 0", "class 1", "class 2"]
    assert len({cloud.get_paths()[0].vertices.tobytes() for cloud in clouds}) == 3  # markers
    for label, cloud in enumerate(clouds):
        assert_array_equal(cloud.get_offsets(), X[y == label])
    assert {"$x_1$", "$x_2$"} <= {*texts(ax)}


def test_classes_and_their_areas_differ_in_grey(rng):
    ax = plot_decision_boundary(
        lambda p: np.zeros(len(p), int), rng.normal(size=(4, 2)), [0, 1] * 2
    )
    areas, _, *clouds = ax.collections
    opaque = [1 - a + a * np.array(rgb) for *rgb, a in areas.get_facecolor()]
    shades = [grey(shade) for shade in opaque]
    assert all(lighter - darker > 12 for lighter, darker in pairwise(shades))
    full, hollow = (grey(cloud.get_facecolor()[0]) for cloud in clouds)
    assert hollow - full > 100


def test_plot_decision_boundary_draws_where_it_is_told(rng):
    _, ax = plt.subplots()
    X = rng.normal(size=(4, 2)).tolist()
    assert plot_decision_boundary(lambda p: np.zeros(len(p), int), X, [0, 1, 0, 1], ax=ax) is ax


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.ones((3, 3)), [0, 1, 2], ValueError, r"X has shape \(3, 3\), expected \(3, 2\)"),
        (np.ones(3), [0, 1, 2], ValueError, r"X has shape \(3,\), expected \(3, 2\)"),
        (np.ones((2, 2)), [0, 1, 2], ValueError, r"X has shape \(2, 2\), expected \(3, 2\)"),
        (np.ones((2, 2)), [0, 4], ValueError, "y contains the label 4, expected 0 to 3"),
        (np.ones((2, 2)), [0.0, 1.0], TypeError, "y has dtype float64, expected integer labels"),
    ],
)
def test_plot_decision_boundary_refuses(X, y, error, message):
    with pytest.raises(error, match=message):
        plot_decision_boundary(lambda p: np.zeros(len(p), int), X, y)


# --- Gradient flow -------------------------------------------------------------------------------


@pytest.fixture
def problem(rng):
    network = NeuralNetwork(4, 5, 3, rng=0)
    network.b1 += 0.1
    return network, rng.normal(size=(4, 6)), one_hot_encode([0, 1, 2, 2, 1, 1], 3)


def heights(ax):
    return [bar.get_height() for bar in ax.patches]


def test_gradient_flow_shows_the_true_means(problem):
    network, X, Y = problem
    gradients = network.backward(X, Y)
    axes = visualize_gradient_flow(network, X, Y)
    expected = [[network.W1, network.W2], [X, network.A1, network.A2], gradients]
    names = [["W1", "W2"], ["X", "A1", "A2"], ["dW1", "db1", "dW2", "db2"]]
    for ax, arrays, labels in zip(axes, expected, names, strict=True):
        assert_allclose(heights(ax), [np.abs(a).mean() for a in arrays])
        assert [tick.get_text() for tick in ax.get_xticklabels()] == labels
        assert [text.get_text() for text in ax.texts] == [f"{h:.2g}" for h in heights(ax)]
    assert [ax.get_title() for ax in axes] == ["weights", "activations", "gradients"]
    assert "mean absolute value" in texts(axes[0])


def test_gradient_flow_without_labels_takes_the_predicted_ones_and_says_so(problem):
    network, X, _ = problem
    axes = visualize_gradient_flow(network, X.tolist())
    expected = network.backward(X, one_hot_encode(network.predict(X), 3))
    assert_allclose(heights(axes[2]), [np.abs(g).mean() for g in expected])
    assert "predicted labels" in axes[2].get_title()


def test_gradient_flow_leaves_the_parameters_alone(problem):
    network, X, Y = problem
    before = [p.copy() for p in (network.W1, network.b1, network.W2, network.b2)]
    visualize_gradient_flow(network, X, Y)
    for p, b in zip((network.W1, network.b1, network.W2, network.b2), before, strict=True):
        assert_array_equal(p, b)
    assert network.loss_history == []


def test_gradient_flow_refuses_what_the_network_refuses(problem):
    network, X, Y = problem
    with pytest.raises(ValueError, match="3 rows, expected 4"):
        visualize_gradient_flow(network, X[:3])
    with pytest.raises(ValueError, match="5 columns, expected 6"):
        visualize_gradient_flow(network, X, Y[:, :5])


def test_gradient_flow_is_exported():
    assert exported is visualize_gradient_flow
