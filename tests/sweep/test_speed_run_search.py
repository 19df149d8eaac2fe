"""The trials of the speed run: each in the table once, and the recipe is the best of them."""

import importlib.util
from pathlib import Path

import numpy as np

from nnbook.book import load_results
from nnbook.sweep.grid import read_grid

ROOT = Path(__file__).parents[2]


def tool():
    spec = importlib.util.spec_from_file_location("search", ROOT / "tools/speed_run_search.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_holds_every_trial_once():
    search, table = tool(), load_results("speed_run_search")
    trials = [search.START | trial for trial in search.TRIALS]
    found = table[["shift", "dropout"]].tolist()
    assert found == [(trial.get("shift", 0), trial["dropout"]) for trial in trials]
    assert ((table["val_error"] > 0.004) & (table["val_error"] < 0.03)).all()


def test_the_recipe_is_the_trial_with_the_fewest_errors():
    search, table = tool(), load_results("speed_run_search")
    best = search.START | search.TRIALS[int(np.argmin(table["val_error"]))]
    recipe = read_grid(ROOT / "sweeps" / "speed-run.yml")[0]
    assert {name: recipe[name] for name in best} == best


def test_its_trial_is_the_sweeps_run_of_the_same_seed():
    best, sweep = load_results("speed_run_search")["val_error"].min(), load_results("speed-run")
    first = sweep[(sweep["train_images"] == "all") & (sweep["seed"] == 0)][0]
    assert abs(best - (1 - first["val_accuracy"])) < 1e-5
