"""The tables of a figure hold what it shows, and nothing gets lost without a word."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import ConfusionMatrixDisplay

from nnbook.figure_data import figure_tables
from nnbook.figure_data.words import cell, plain
from nnbook.plotting import (
    plot_activations,
    plot_decision_boundary,
    plot_digits,
    plot_history,
    plot_predictions,
)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def tables_of(ax):
    tables = figure_tables(ax.figure)
    json.dumps(tables, allow_nan=False)
    assert all(len(row) == len(t["columns"]) for t in tables for row in t["rows"])
    return tables


def only_table(ax):
    (table,) = tables_of(ax)
    return table


# --- Words and numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 3, 0.3333),
        (np.float32(0.1), 0.1),
        (-2.5e-19, -2.5e-19),
        (12345, 12345),
        (12345.0, 12345),
        (12345.6, 12350),
        (-0.0, 0),
        (np.nan, None),
        (-np.inf, None),
        (np.ma.masked, None),
        (True, 1),
        ("$x_1$", "x_1"),
    ],
)
def test_cells_are_short_and_finite(value, expected):
    result = cell(value)
    assert result == expected
    assert isinstance(result, type(expected))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_cell_is_within_half_a_unit_of_the_fourth_digit(value):
    assert abs(cell(value) - value) <= 0.0005001 * abs(value)


def test_words_are_on_one_line_and_without_marks():
    assert plain("$x_1$, not\n$x_2$") == "x_1, not x_2"


# --- Lines ---------------------------------------------------------------------------------------


def test_lines_over_the_same_x_share_a_table(ax):
    ax.plot([1, 2, 3], [4, 5, 6], label="training")
    ax.plot([1, 2, 3], [7, np.nan, 9], "--", label="validation")
    ax.set(xlabel="epoch", ylabel="loss (nats)", title="A title\nof two lines")
    assert only_table(ax) == {
        "title": "A title, of two lines",
        "note": "Values: loss (nats).",
        "columns": ["epoch", "training", "validation"],
        "rows": [[1, 4, 7], [2, 5, None], [3, 6, 9]],
        "ordered": True,
    }


def test_lines_over_another_x_have_a_table_each(ax):
    ax.plot([1, 2], [3, 4], label="one")
    ax.plot([1, 5], [3, 4], label="two")
    tables = tables_of(ax)
    assert [table["title"] for table in tables] == ["one", "two"]
    assert [table["rows"] for table in tables] == [[[1, 3], [2, 4]], [[1, 3], [5, 4]]]


def test_a_line_without_a_label_is_named_by_the_axis(ax):
    ax.plot([3, 4])
    ax.set_ylabel("loss")
    assert only_table(ax)["columns"] == ["x", "loss"]
    assert only_table(ax)["note"] == ""


def test_lines_without_a_label_are_named_by_how_they_look(ax):
    ax.plot([1, 2], "C0-", label="relu")
    ax.plot([2, 3], "C0-")
    ax.plot([3, 4], "C1--")
    assert only_table(ax)["columns"] == ["x", "relu 1", "relu 2", "dashed line"]


def test_lines_across_the_panel_are_told_apart(ax):
    ax.axhline(0.5, label="threshold")
    ax.axvline(2)
    assert only_table(ax)["rows"] == [["threshold", "y", 0.5], ["vertical", "x", 2]]


def test_what_is_hidden_is_left_out(ax):
    ax.plot([1, 2])[0].set_visible(False)
    assert tables_of(ax) == []


@given(
    st.integers(1, 20).flatmap(
        lambda n: st.tuples(
            *[st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n) for _ in range(3)]
        )
    )
)
def test_any_lines_come_back(values):
    x, *ys = values
    _, ax = plt.subplots()
    for y in ys:
        ax.plot(x, y)
    rows = only_table(ax)["rows"]
    assert_allclose(rows, np.transpose(values), rtol=6e-4)
    plt.close("all")


# --- Bars, error bars and bands ------------------------------------------------------------------


def test_bars_come_with_their_labels(ax):
    ax.bar_label(ax.bar(["W1", "W2"], [0.5, 0.25]))
    ax.set_ylabel("mean")
    table = only_table(ax)
    assert (table["columns"], table["rows"]) == (["bar", "mean"], [["W1", 0.5], ["W2", 0.25]])


def test_lying_bars_come_with_their_error_bars(ax):
    ax.barh(["a", "b"], [2, 3], xerr=[[0.5, 1], [1, 2]], capsize=3)
    ax.set_xlabel("seconds")
    table = only_table(ax)
    assert table["columns"] == ["bar", "seconds", "low", "high"]
    assert table["rows"] == [["a", 2, 1.5, 3], ["b", 3, 2, 5]]


def test_bars_at_numbers_are_named_by_them(ax):
    ax.bar([10, 20], [1, 2], label="kept")
    assert only_table(ax)["title"] == "kept"
    assert only_table(ax)["rows"] == [[10, 1], [20, 2]]


def test_ticks_that_are_words_name_the_bars(ax):
    ax.bar([0, 1], [1, 2])
    ax.set_xticks([0, 1], ["none", "all"])
    assert only_table(ax)["rows"] == [["none", 1], ["all", 2]]


def test_error_bars_give_their_ends(ax):
    ax.errorbar([1, 2], [3, 4], xerr=0.5, yerr=[[1, 2], [3, 4]], label="mean")
    table = only_table(ax)
    assert table["columns"] == ["x", "mean", "x low", "x high", "y low", "y high"]
    assert table["rows"] == [[1, 3, 0.5, 1.5, 2, 6], [2, 4, 1.5, 2.5, 2, 8]]


def test_bands_give_their_edges(ax):
    ax.fill_between([1, 2, 3], [0, 5, 2], [3, 4, 5], label="spread")
    table = only_table(ax)
    assert (table["title"], table["columns"]) == ("spread", ["x", "y low", "y high"])
    assert table["rows"] == [[1, 0, 3], [2, 4, 5], [3, 2, 5]]


# --- Points, contours and images -----------------------------------------------------------------


def test_points_come_with_their_class_and_value(ax):
    ax.scatter([1, 2], [3, 4], label="class 0")
    ax.scatter([5], [6], c=[7])
    table = only_table(ax)
    assert table["columns"] == ["points", "x", "y", "value"]
    assert table["rows"] == [
        ["class 0", 1, 3, None],
        ["class 0", 2, 4, None],
        ["points 2", 5, 6, 7],
    ]


def test_contour_lines_give_their_vertices_and_areas_their_levels(ax):
    x, y = np.meshgrid(np.linspace(0, 4, 41), np.linspace(0, 4, 41))
    ax.contourf(x, y, x, levels=[0, 1.5, 4])
    ax.contour(x, y, x, levels=[1.5])
    table = only_table(ax)
    assert table["note"] == "The coloured areas lie between the levels 0, 1.5, 4."
    rows = np.array(table["rows"])
    assert {*rows[:, 0], *rows[:, 2]} == {1.5}
    assert (rows[:, 3].min(), rows[:, 3].max()) == (0, 4)


def test_an_image_is_a_matrix_between_its_ticks():
    display = ConfusionMatrixDisplay(np.array([[5, 1], [0, 7]]), display_labels=["cat", "dog"])
    table = only_table(display.plot().ax_)  # the colour bar has no table
    assert table["note"] == "Down: True label. Across: Predicted label."
    assert table["columns"] == ["True label", "cat", "dog"]
    assert table["rows"] == [["cat", 5, 1], ["dog", 0, 7]]
    assert not table["ordered"]


@pytest.mark.parametrize(("origin", "first"), [("upper", 3), ("lower", 1)])
def test_an_image_to_scale_is_named_by_its_centres(ax, origin, first):
    ax.imshow([[1, 2]] * 2, extent=(0, 4, 0, 4), origin=origin)
    table = only_table(ax)
    assert table["columns"] == ["row", "1", "3"]
    assert table["rows"][0] == [first, 1, 2]


def test_a_coloured_picture_is_mentioned(ax):
    ax.imshow(np.zeros((2, 3, 3)))
    assert only_table(ax)["note"] == "A picture of 3 by 2 pixels."


# --- The book's own figures ----------------------------------------------------------------------


def test_digits_give_words_and_pixels(rng):
    images = rng.random((3, 28, 28))
    axes = plot_predictions(images, [3, 7, 1], [3, 2, 1], columns=2)
    axes[0].set_xlabel("94%")
    words, pixels = tables_of(axes[0])
    assert words["rows"] == [[1, "✓ 3", "94%"], [2, "✗ 7 (is 2)", ""], [3, "✓ 1", ""]]
    assert_allclose(np.array(pixels["rows"])[:, 2:].reshape(images.shape), images, rtol=6e-4)
    assert_array_equal(np.array(pixels["rows"])[:, 0], np.repeat([1, 2, 3], 28))


def test_digits_without_words_give_pixels(rng):
    assert [t["title"] for t in tables_of(plot_digits(rng.random((2, 28, 28)))[0])] == ["Pixels"]


def test_a_history_has_a_table_for_each_panel():
    axes = plot_history({"loss": [2, 1], "val_loss": [3, 2], "accuracy": [0.5, 0.75]})
    tables = tables_of(axes[0])
    assert [t["title"] for t in tables] == ["Panel 1", "Panel 2"]
    assert [t["note"] for t in tables] == ["Values: loss (nats).", "Values: accuracy."]
    assert tables[0]["rows"] == [[1, 2, 3], [2, 1, 2]]


def test_panels_in_line_share_a_label():
    tables = tables_of(plot_activations([-1, 0, 1])[0, 0])
    assert [t["columns"][0] for t in tables] == ["z"] * 4


def test_a_decision_boundary_gives_samples_and_line():
    X, y = np.array([[0.0, 0], [1, 1]]), [0, 1]
    points, line = tables_of(plot_decision_boundary(lambda p: (p[:, 0] > 0.5) * 1, X, y))
    assert points["rows"] == [["class 0", 0, 0], ["class 1", 1, 1]]
    assert_allclose(np.array(line["rows"])[:, 2], 0.5, atol=0.01)


# --- Nothing gets lost ---------------------------------------------------------------------------


def test_a_drawing_without_axes_has_no_table(ax):
    ax.plot([1, 2])
    ax.axis("off")
    assert tables_of(ax) == []


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (lambda ax: ax.stairs([1, 2]), "StepPatch"),
        (lambda ax: ax.pcolormesh([[1, 2]]), "QuadMesh"),
        (lambda ax: ax.vlines([1, 2], 0, 1), "LineCollection"),
        (lambda ax: ax.pie([1, 2]), "Wedge"),
        (lambda ax: ax.axline((0, 0), slope=1), "AxLine"),
        (lambda ax: ax.quiver([1], [2]), "Quiver"),
        (lambda ax: ax.plot([0, 1], [0, 1], transform=ax.transAxes), "Line2D"),
    ],
)
def test_an_unknown_artist_is_refused(ax, draw, kind):
    draw(ax)
    ax.set_title("a panel")
    ax.axis("on")
    with pytest.raises(TypeError, match=f"panel 'a panel' holds {kind}, which figure_tables"):
        figure_tables(ax.figure)
