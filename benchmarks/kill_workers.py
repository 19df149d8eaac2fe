"""Kill processes of a training under torchrun at random moments, and look for what was lost.

Usage: python benchmarks/kill_workers.py [trainings]

Each training has two processes and a checkpoint every five steps. Three times a process, drawn at
random, is killed (SIGKILL) at a random moment, also while it starts; torchrun starts both again.
Lost is a training that does not end within five minutes, ends with an error, or whose last
checkpoint differs, in any bit, from that of a training that nobody disturbed.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from nnbook.frameworks.torch_checkpoints import KEY
from nnbook.tensor_files import read_tensors

KILLS, PATIENCE = 3, 300
LAUNCHER = ("torch.distributed.run", "--standalone", "--max-restarts=5", "--nproc-per-node=2")
TRAINING = (
    *("nnbook.frameworks.train_ddp", "--device=cpu", "--model=cnn", "--dtype=float64"),
    *("--data=fashion-mnist-sample", "--train-images=3200", "--batch-size=64"),
    *("--steps=200", "--save-every=5"),
)


def train(path, kills):
    """Train to the end, with so many kills on the way; return how many there were."""
    command = [sys.executable, "-m", *LAUNCHER, "-m", *TRAINING, f"--checkpoint={path}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    started, killed = time.monotonic(), 0
    with subprocess.Popen(command, start_new_session=True, env=environment, **quiet) as launcher:
        while launcher.poll() is None:
            if killed < kills:
                time.sleep(random.uniform(1, 6))
                killed += kill_one(launcher.pid)
            elif time.monotonic() - started > PATIENCE:
                os.killpg(launcher.pid, signal.SIGKILL)
            else:
                time.sleep(0.1)
    return killed


def kill_one(launcher):
    """Kill one of the processes that train; tell whether there was one."""
    try:
        children = psutil.Process(launcher).children(recursive=True)
        workers = [child for child in children if "RANK" in child.environ()]
    except psutil.Error:
        return False
    for worker in random.sample(workers, min(1, len(workers))):
        worker.kill()
    return bool(workers)


def main():
    random.seed(0)
    trainings = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    kills = lost = 0
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder, "undisturbed")
        train(undisturbed, kills=0)
        for number in range(trainings):
            path = Path(folder, str(number))
            kills += train(path, KILLS)
            equal = path.exists() and same(path, undisturbed)
            lost += not equal
            print(f"training {number}: {'equal' if equal else 'LOST'}, {kills} kills", flush=True)
    print(f"{lost} of {trainings} trainings lost after {kills} kills")
    return lost


def same(path, other):
    ours, theirs = (read_tensors(file, KEY) for file in (path, other))
    equal = (ours[1][name].tobytes() == theirs[1][name].tobytes() for name in theirs[1])
    return ours[0] == theirs[0] and ours[1].keys() == theirs[1].keys() and all(equal)


if __name__ == "__main__":
    sys.exit(main())
