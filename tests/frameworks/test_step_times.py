"""The table of step times: what is asked for, measured where it is said, and nothing else."""

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from nnbook.frameworks import step_times


def test_a_row_for_each_network_and_batch(capsys):
    assert step_times.main(["--device=cpu", "--models", "mlp", "cnn", "--batches", "4", "8"]) == 0
    header, *rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert tuple(header) == step_times.COLUMNS
    cases = [["mlp", "cpu", "4"], ["mlp", "cpu", "8"], ["cnn", "cpu", "4"], ["cnn", "cpu", "8"]]
    assert [row[:3] for row in rows] == cases
    assert all(0 < float(row[3]) < 60 for row in rows)


def test_the_time_is_that_of_one_step(monkeypatch):
    clock, taken = [0.0], []

    def step(i):
        taken.append(i)
        clock[0] += 0.5

    monkeypatch.setattr(step_times.time, "perf_counter", lambda: clock[0])
    assert step_times.time_steps(step, "cpu", seconds=4) == 0.5
    assert len(taken) == 3 + 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device=cuda:77"], "device is 'cuda:77', expected auto or one of"),
        (["--batches", "0"], "batches is 0, expected at least 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(capsys, arguments, message):
    assert step_times.main(["--device=cpu", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert captured.out == ""
