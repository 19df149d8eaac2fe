"""Search the recipe of the speed run: one training a setting, judged on the validation images.

Usage, about a minute a setting on one core; settings that the table has already are left out:

    python tools/speed_run_search.py

The test images are never evaluated here. Seed 0 only: the settings that are kept are trained from
five seeds by sweeps/speed-run.yml.
"""

import csv

from result_table import RESULTS, comment
from threadpoolctl import threadpool_limits

from nnbook.splits import load_split
from nnbook.sweep.settings import complete
from nnbook.sweep.trainings import train_nnbook

OUTPUT = RESULTS / "speed_run_search.csv"
VARIED = ("shift", "dropout")
START = {
    "hidden": [512, 512],
    "batch_norm": True,
    "label_smoothing": 0.1,
    "schedule": "one_cycle",
    "learning_rate": 3e-3,
    "batch_size": 256,
    "epochs": 30,
}
TRIALS = (
    # without augmentation
    {"dropout": 0.5},
    {"dropout": 0.4},
    {"dropout": 0.2},
    # with shifts
    {"shift": 2, "dropout": 0.2},
    {"shift": 2, "dropout": 0.1},
    {"shift": 1, "dropout": 0.2},
    {"shift": 1, "dropout": 0.1},
)


def row_of(settings, training, error):
    """Return what varies, the share of validation images misread, and the processor time."""
    cells = [str(settings[name]) for name in VARIED]
    return [*cells, f"{error:.5f}", f"{training.seconds:.0f}"]


def main():
    train, validation, _ = load_split("mnist")
    first, rows = comment("python tools/speed_run_search.py"), []
    if OUTPUT.exists():
        first, _, *lines = OUTPUT.read_text(encoding="utf-8").splitlines()
        rows = [*csv.reader(lines)]
    known = [row[: len(VARIED)] for row in rows]
    for trial in TRIALS:
        settings = complete(START | trial)
        if [str(settings[name]) for name in VARIED] in known:
            continue
        with threadpool_limits(limits=1, user_api="blas"):
            training = train_nnbook(settings, train, validation)
            error = 1 - training.evaluate(*validation)[1]
        rows.append(row_of(settings, training, error))
        print(*rows[-1], flush=True)
        text = [first, ",".join([*VARIED, "val_error", "seconds"]), *map(",".join, rows)]
        OUTPUT.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
