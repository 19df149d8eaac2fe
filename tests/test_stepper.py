"""Paths to step through: every step drawn once, one button a stop."""

from xml.etree import ElementTree

import numpy as np
import pytest

from nnbook import SGD, Adam
from nnbook.landscapes import rosenbrock
from nnbook.paths import trace
from nnbook.stepper import stepper

SVG = "{http://www.w3.org/2000/svg}"
STOPS = [0, 1, 2, 5, 9]
BOX = (-2, 2, -1, 3)


@pytest.fixture(scope="module")
def panels():
    optimizers = {"SGD": SGD(0.01), "a < b": Adam(0.5)}
    walks = {
        name: trace(rule, rosenbrock(10), [-1.5, 2.0], 12) for name, rule in optimizers.items()
    }
    return [walks, {"SGD": walks["SGD"]}]


@pytest.fixture(scope="module")
def shown(panels):
    return stepper("ravine", rosenbrock(10), panels, STOPS, BOX, [1, 6, 30])


@pytest.fixture
def tree(shown):
    return ElementTree.fromstring(shown._repr_html_())


def test_each_stop_has_a_button_and_the_last_is_chosen(tree):
    buttons = tree.findall("label/input")
    assert [button.get("value") for button in buttons] == [str(stop) for stop in STOPS]
    assert {button.get("name") for button in buttons} == {"ravine"}
    assert [button.get("checked") for button in buttons] == [None] * 4 + ["checked"]


def test_each_point_is_a_dot_once_in_the_stretch_of_its_step(tree, panels):
    picture = tree.find(f"div/{SVG}svg")
    stretches = [g for g in picture.findall(f"{SVG}g") if g.get("class")]
    assert [g.get("class") for g in stretches] == [f"at-{stop}" for stop in STOPS]
    for number, path in enumerate(panels[0].values()):
        dots = [[*g][number].findall(f"{SVG}circle") for g in stretches]
        assert [len(found) for found in dots] == [1, 1, 1, 3, 4]
        places = [(float(d.get("cx")), float(d.get("cy"))) for found in dots for d in found]
        expected = (path[:10] - [-2, 3]) * [80, -80]  # 320 wide, and y points down
        np.testing.assert_allclose(places, expected, atol=0.051)


def test_the_heights_are_told_in_words(tree, panels):
    told = [paragraph.text for paragraph in tree.iter("p")]
    height = rosenbrock(10).value(panels[0]["SGD"][5])
    assert len(told) == len(STOPS)
    assert told[3].startswith(f"Height after 5 steps: SGD {height:.3g}, a < b ")


@pytest.mark.parametrize("stops", [[1, 2], [0, 2, 2], [0, 5, 3]])
def test_stops_have_to_rise_from_0(panels, stops):
    with pytest.raises(ValueError, match="expected numbers that rise from 0"):
        stepper("ravine", rosenbrock(), panels, stops, BOX, [1])


def test_paths_have_to_reach_the_last_stop(panels):
    with pytest.raises(ValueError, match="SGD has 13 points, expected 21"):
        stepper("ravine", rosenbrock(), panels, [0, 20], BOX, [1])


def test_a_picture_has_two_paths_at_most(panels):
    walks = dict.fromkeys("abc", panels[1]["SGD"])
    with pytest.raises(ValueError, match="a panel has 3 paths, expected at most 2"):
        stepper("ravine", rosenbrock(), [walks], STOPS, BOX, [1])


def test_it_says_what_it_is_where_no_html_is_shown(shown):
    assert repr(shown).startswith("Stepper(")
