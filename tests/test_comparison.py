"""Gathering runs, describing them, and telling a difference from noise."""

import numpy as np
import pytest
from scipy import stats

from nnbook.comparison import Comparison, compare, describe, groups

TABLE = np.array(
    [("relu", 1, 0.9), ("tanh", 1, 0.8), ("relu", 2, 0.7), ("relu", 1, 0.6)],
    dtype=[("activation", "U4"), ("layers", int), ("accuracy", float)],
)


def test_groups_by_one_column_keep_the_order():
    found = groups(TABLE, "activation")
    assert list(found) == ["relu", "tanh"]
    assert found["relu"]["accuracy"].tolist() == [0.9, 0.7, 0.6]


def test_groups_by_two_columns_have_tuples_as_keys():
    found = groups(TABLE, "activation", "layers")
    assert list(found) == [("relu", 1), ("tanh", 1), ("relu", 2)]
    assert found["relu", 1]["accuracy"].tolist() == [0.9, 0.6]


def test_rows_with_an_empty_cell_belong_together():
    steps = np.array([(np.nan, 1), (2000, 2), (np.nan, 3)], dtype=[("steps", float), ("seed", int)])
    assert {key: rows["seed"].tolist() for key, rows in groups(steps, "steps").items()} == {
        None: [1, 3],
        2000: [2],
    }


@pytest.mark.parametrize("columns", [(), ("colour",), ("activation", "colour")])
def test_groups_of_a_column_that_is_not_there_are_refused(columns):
    with pytest.raises(ValueError, match="expected some of activation, layers, accuracy"):
        groups(TABLE, *columns)


def test_describe_gives_mean_and_sample_deviation():
    assert describe([0.5, 0.7]) == "60.00% ± 14.14%"
    assert describe([1, 2, 3], ".1f") == "2.0 ± 1.0"


def test_compare_agrees_with_welch():
    rng = np.random.default_rng(0)
    first, second = rng.normal(1, 2, 7), rng.normal(0, 1, 5)
    found = compare(first, second)
    t = stats.ttest_ind(first, second, equal_var=False).statistic
    assert found.difference / found.error == pytest.approx(t, rel=1e-12)
    assert compare(second, first).difference == -found.difference


@pytest.mark.parametrize(("error", "counts"), [(0.49, True), (0.5, False), (0.51, False)])
def test_a_difference_counts_beyond_twice_its_error(error, counts):
    for difference in (1.0, -1.0):
        assert Comparison(difference, error).counts is counts


def test_a_comparison_in_words():
    assert f"{Comparison(0.012, 0.001)}" == "+1.20% ± 0.20% (counts)"
    assert f"{Comparison(-0.5, 0.4):.1f}" == "-0.5 ± 0.8 (noise)"


@pytest.mark.parametrize("values", [[], [1.0], 1.0, [[1, 2], [3, 4]], [1, np.nan], ["a", "b"]])
def test_too_few_or_broken_runs_are_refused(values):
    for call in (lambda: describe(values), lambda: compare([1, 2], values)):
        with pytest.raises((ValueError, TypeError)):
            call()
