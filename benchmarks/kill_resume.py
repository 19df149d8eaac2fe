"""Kill trainings at random moments, resume them, and look for weights that were lost.

Usage: python benchmarks/kill_resume.py [repetitions]

Each repetition trains a small network in a process of its own, with a checkpoint after every
epoch. The process is killed (SIGKILL) at a moment drawn uniformly from the time that a whole
training takes, and started again, until a training comes to its end. Lost is a repetition where a
checkpoint could not be read, or where the final weights or the last checkpoint differ, in any bit,
from those of a training that was never stopped. A temporary file left behind tells of a kill during
a write.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from nnbook import Adam, CosineDecay, EarlyStopping, ModelCheckpoint, Sequential, mlp

EPOCHS, BATCH = 20, 64


def train(folder):
    """Train to the end, from the checkpoint in the folder if there is one, and save the result."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 64)).astype("float32")
    y = x[:, :10].argmax(axis=1)  # learnable, so that the best epoch is a late one
    network = mlp([64, 512, 512, 10], dropout=0.2, batch_norm=True, rng=1)
    checkpoint = folder / "checkpoint.safetensors"
    print("training", flush=True)
    network.fit(
        x[:320],
        y[:320],
        EPOCHS,
        BATCH,
        Adam(CosineDecay(1e-3, EPOCHS * 5)),
        validation_data=(x[320:], y[320:]),
        callbacks=[EarlyStopping(patience=EPOCHS), ModelCheckpoint(checkpoint)],
        resume=checkpoint if checkpoint.exists() else None,
        verbose=0,
    )
    network.save(folder / "final.safetensors")


def run(folder, moment=None):
    """Train in a new process and kill it after `moment` seconds; return the seconds it took."""
    command = [sys.executable, __file__, "--train", str(folder)]
    # One thread: with several, another machine's load could change the order of a sum.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"training"
        start = time.perf_counter()
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
    if process.returncode > 0:
        raise RuntimeError(f"the training failed with exit code {process.returncode}")
    return time.perf_counter() - start


def readable(file):
    """Return whether the file, if there is one, holds a network."""
    try:
        return not file.exists() or bool(Sequential.load(file))
    except ValueError as error:
        print(error)
        return False


def contents(folder):
    """Return the bytes of the saved network and of the last checkpoint."""
    return [file.read_bytes() for file in sorted(folder.glob("*.safetensors"))]


def run_whole():
    """Train without a kill; return the seconds it took and the files it left."""
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder)), contents(Path(folder))


def repeat(folder, duration, rng, counts):
    """Kill and resume until the training is done; return its files, or None if one is lost."""
    checkpoint, final = folder / "checkpoint.safetensors", folder / "final.safetensors"
    while not final.exists():
        run(folder, rng.uniform(0, duration))
        counts["kills"] += not final.exists()
        counts["before the first checkpoint"] += not checkpoint.exists()
        for left in folder.glob(".*.tmp"):
            counts["while a file was written"] += 1
            left.unlink()
        if not readable(checkpoint):
            return None
    return contents(folder)


def main():
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rng = np.random.default_rng()  # other moments in every run
    counts = {"kills": 0, "before the first checkpoint": 0, "while a file was written": 0}
    losses = 0
    durations, results = zip(*(run_whole() for _ in range(3)), strict=True)
    assert results[0] == results[1] == results[2], "the training is not deterministic"
    print(f"a training that is never stopped takes {min(durations):.2f} s")
    for _ in range(repetitions):
        with tempfile.TemporaryDirectory() as folder:
            losses += repeat(Path(folder), min(durations), rng, counts) != results[0]
    print(f"{repetitions} repetitions; {', '.join(f'{n} {name}' for name, n in counts.items())}")
    print(f"{losses} losses")
    sys.exit(losses > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--train"]:
        train(Path(sys.argv[2]))
    else:
        main()
