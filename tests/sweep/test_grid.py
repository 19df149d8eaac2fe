"""A grid file: the runs that it names, and each fault told with its line."""

import pytest

from nnbook.sweep.grid import LIMIT, GridError, read_grid
from nnbook.sweep.settings import SETTINGS

GOOD = """\
# What does it answer?
fixed:
  data: digits
  epochs: 2
grid:
  hidden: [[], [16]]
  learning_rate: [1e-3, 0.01]
seeds: [0, 1]
"""
VARIED = GOOD[GOOD.index("grid:") : GOOD.index("seeds")]


@pytest.fixture
def grid(tmp_path):
    """Write a grid file, and return a function that reads it."""

    def read(text):
        path = tmp_path / "x.yml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_grid(path)

    return read


def test_every_combination_is_a_run_from_every_seed(grid):
    runs = grid(GOOD)
    assert [(run["hidden"], run["learning_rate"], run["seed"]) for run in runs] == [
        (hidden, rate, seed) for hidden in ([], [16]) for rate in (1e-3, 0.01) for seed in (0, 1)
    ]
    for run in runs:
        assert [*run] == [*SETTINGS]
        assert (run["data"], run["epochs"], run["batch_size"]) == ("digits", 2, 128)


def test_blocks_follow_each_other_and_a_run_that_both_name_stands_once(grid):
    blocks = "grid:\n  - l2: [0, 1e-3]\n  - {l2: [1e-3], epochs: [10]}\n  - dropout: [.5]\n"
    runs = grid(blocks + "seeds: [3]")
    assert [(run["l2"], run["dropout"]) for run in runs] == [(0, 0), (1e-3, 0), (0, 0.5)]


@pytest.mark.parametrize(
    ("written", "value"),
    [("1e-3", 1e-3), ("1E3", 1e3), ("1.5e+2", 150), (".5e-1", 0.05), ("0.1", 0.1), ("1", 1)],
)
def test_numbers_are_written_as_everywhere(grid, written, value):
    (run,) = grid(f"grid: {{learning_rate: [{written}]}}\nseeds: [0]")
    assert run["learning_rate"] == value
    assert type(run["learning_rate"]) is float


FAULTS = {
    "unknown value": (
        "[1e-3, 0.01]",
        "[0.1]\n  activation: [relu, rleu]",
        8,
        "activation is 'rleu', expected one of relu, l",
    ),
    "in a long list": (
        "[1e-3, 0.01]",
        "\n    - 1e-3\n    - 0",
        9,
        "learning_rate is 0, expected a positive",
    ),
    "unknown setting": (
        "  epochs: 2",
        "  epoch: 2",
        4,
        "'epoch' is no setting, expected one of framework, data",
    ),
    "unknown section": ("seeds:", "seed:", 8, "'seed' is no section, expected fixed, grid, seeds"),
    "a setting twice": (
        "  epochs: 2",
        "  epochs: 2\n  data: mnist",
        5,
        "data stands in line 3 already",
    ),
    "a section twice": ("seeds:", "grid: {l2: [0]}\nseeds:", 8, "grid stands in line 5 already"),
    "wrong type": ("epochs: 2", "epochs: many", 4, "epochs is 'many', expected an integer"),
    "a boolean": ("epochs: 2", "epochs: true", 4, "epochs is True, expected an integer"),
    "a list that is fixed": ("epochs: 2", "epochs: [2]", 4, "epochs is [2], expected an integer"),
    "out of range": ("epochs: 2", "epochs: 0", 4, "epochs is 0, expected at least 1"),
    "not a number": ("0.01", ".nan", 7, "learning_rate is nan, expected a positive, finite"),
    "numbers for hidden": (
        "[[], [16]]",
        "[128, 64]",
        6,
        "hidden is 128, expected a list of integers",
    ),
    "a word in hidden": ("[16]]", "[16, x]]", 6, "hidden is 'x', expected an integer"),
    "no list": ("[1e-3, 0.01]", "0.01", 7, "learning_rate is 0.01, expected a list of values"),
    "a mapping": ("[1e-3, 0.01]", "{a: 1}", 7, "learning_rate is a mapping, expected a list"),
    "an empty list": ("[1e-3, 0.01]", "[]", 7, "learning_rate is an empty list, expected at least"),
    "no values": ("[1e-3, 0.01]", "", 7, "learning_rate is None, expected a list of values"),
    "no seeds": ("seeds: [0, 1]", "", 1, "seeds is missing"),
    "empty seeds": ("[0, 1]", "[]", 8, "seeds is an empty list, expected at least one value"),
    "no list of seeds": ("[0, 1]", "5", 8, "seeds is 5, expected a list of values"),
    "a seed that is none": ("[0, 1]", "[0, 1.5]", 8, "seed is 1.5, expected an integer"),
    "a negative seed": ("[0, 1]", "[0, -1]", 8, "seed is -1, expected at least 0"),
    "a seed that varies": (
        "  epochs: 2",
        "  seed: 2",
        4,
        "seed stands under fixed, expected the section",
    ),
    "fixed and varied": ("  epochs: 2", "  hidden: []", 6, "hidden is varied, but fixed in line 4"),
    "no grid": (VARIED, "", 1, "grid is missing"),
    "grid is a word": (VARIED, "grid: all\n", 5, "grid is 'all', expected a mapping"),
    "no block": (VARIED, "grid: []\n", 5, "grid is an empty list, expected at least one block"),
    "too many runs": (
        "[0, 1]",
        str([*range(LIMIT)]),
        6,
        "a block of 40,000 runs begins, expected at most 10,000",
    ),
    "epochs and steps": (
        "[1e-3, 0.01]",
        "[0.1]\n  steps: [5]",
        8,
        "steps is 5 and epochs 2, expected one of them",
    ),
    "not the optimizer's": (
        "  epochs: 2",
        "  momentum: 0.9",
        4,
        "momentum is 0.9, expected 0 with adam",
    ),
    "not the framework's": (
        "data: digits",
        "framework: torch",
        6,
        "hidden is [], expected [128, 64] with torch",
    ),
    "not the framework's data": (
        "[[], [16]]",
        "[[128, 64]]\n  framework: [keras]",
        3,
        "data is 'digits', expected 28 × 28",
    ),
    "not closed": ("[0, 1]", "[0, 1", 9, "no YAML, expected ',' or ']'"),
    "a tab": (
        "  epochs",
        "\tepochs",
        4,
        "no YAML, found character '\\t' that cannot start any token",
    ),
    "a control character": (
        "epochs: 2",
        "epochs: \x07",
        4,
        "no YAML, special characters are not allowed",
    ),
    "two documents": (
        "seeds: [0, 1]",
        "---\nseeds: [0, 1]",
        8,
        "no YAML, but found another document",
    ),
    "code": (
        "[0, 1]",
        "!!python/object/apply:os.getpid []",
        8,
        "no YAML, could not determine a constructor",
    ),
    "a mapping with a tag": (
        "grid:",
        "grid: !!python/object:os.x",
        5,
        "no YAML, could not determine a constructor",
    ),
    "a key that is no word": ("  epochs: 2", "  7: 2", 4, "7 is a key, expected a word"),
    "an impossible date": ("epochs: 2", "epochs: 2026-13-01", 4, "month must be in 1..12"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_line(grid, tmp_path, fault):
    old, new, line, message = FAULTS[fault]
    assert GOOD.count(old) == 1
    with pytest.raises(GridError) as caught:
        grid(GOOD.replace(old, new))
    start = f"{tmp_path / 'x.yml'}, line {line}: {message}"
    assert str(caught.value)[: len(start)] == start
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty, expected a mapping"),
        ("- 1", "line 1: the file is [1], expected a mapping"),
        (b"grid:\n  # \xff", "line 2: expected text in UTF-8"),
    ],
)
def test_what_is_no_grid_file_is_refused(grid, text, message):
    with pytest.raises(GridError, match=message.replace("[", r"\[")):
        grid(text)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(GridError, match="x.yml: No such file or directory"):
        read_grid(tmp_path / "x.yml")
