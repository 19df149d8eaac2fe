"""Training in several processes: equal to one, resumed after a kill, refused at the door."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("psutil", reason="psutil is not installed")

import psutil
from numpy.testing import assert_allclose

from nnbook import tensor_files
from nnbook.frameworks import data_parallel, torch_checkpoints, train_ddp
from nnbook.frameworks.data_parallel import Training, fit, own_masks
from nnbook.frameworks.data_parallel_settings import Settings
from nnbook.frameworks.processes import Group, process_group
from nnbook.splits import load_split
from nnbook.tensor_files import read_tensors

MODULE = ["-m", "nnbook.frameworks.train_ddp"]
# 1,501 images in batches of 64 leave one of 29, whose halves are 15 and 14 images.
SMALL = {"data": "fashion-mnist-sample", "train_images": 1501, "batch_size": 64}
DOUBLE = SMALL | {"dtype": "float64"}


def options(settings):
    return [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]


def torchrun(*arguments, processes=2, launcher=("--standalone",), **popen):
    command = [sys.executable, "-m", "torch.distributed.run", *launcher]
    command += [f"--nproc-per-node={processes}", *MODULE, "--device=cpu", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, **pipes | popen)


def finish(process, status=0):
    out, err = process.communicate(timeout=240)
    assert process.returncode == status, err
    return out, err


def alone(settings, **arguments):
    lines = []
    model = fit(Group(), Settings(**settings), report=lines.append, **arguments)
    return model, [*map(str, lines)]


def arrays_of(path):
    return read_tensors(path, torch_checkpoints.KEY)[1]


def largest_difference(path, other):
    ours, theirs = arrays_of(path), arrays_of(other)
    assert ours.keys() == theirs.keys()
    return max(np.abs(ours[name] - theirs[name]).max() for name in ours)


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "run.safetensors"


# --- As many processes as you like ---------------------------------------------------------------


@pytest.mark.parametrize(("model", "optimizer"), [("mlp", "sgd"), ("mlp", "adam"), ("cnn", "adam")])
def test_two_processes_take_the_steps_of_one(checkpoint, tmp_path, model, optimizer):
    settings = DOUBLE | {"model": model, "optimizer": optimizer}
    if optimizer == "sgd":
        settings["learning_rate"] = 0.1
    alone(settings, steps=100, checkpoint=tmp_path / "alone")
    together = torchrun(*options(settings), "--steps=100", f"--checkpoint={checkpoint}")
    out, _ = finish(together)
    assert largest_difference(checkpoint, tmp_path / "alone") < 1e-12
    assert re.search(r"parameters, 64 images a step: 2 processes on cpu through gloo\n", out)
    assert out.count("epoch 5, step 100/100: val_loss") == 1  # rank 0 alone speaks


def test_one_process_trains_as_the_chapter_does(torch, torch_mlp):
    train_data, validation, test = load_split("fashion-mnist-sample", 1501)
    model = torch_mlp.MNISTNet(rng=3)
    fitted = torch_mlp.fit(
        model, train_data, validation, epochs=2, batch_size=64, rng=3, device="cpu"
    )
    ours, lines = alone(SMALL | {"seed": 3}, epochs=2)
    for theirs, mine in zip(model.parameters(), ours.parameters(), strict=True):
        assert_allclose(mine.detach(), theirs.detach(), atol=2e-5)
    told = [float(x) for line in lines for x in re.findall(r"val_loss (\S+),", line)]
    assert_allclose(told, fitted["val_loss"], atol=2e-4)
    loss, accuracy = torch_mlp.evaluate(ours, *test)
    assert lines[-1] == f"test_loss {loss:.4f}, test_accuracy {accuracy:.4f}"


def test_processes_on_two_machines(checkpoint, tmp_path):
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    settings = DOUBLE | {"optimizer": "sgd"}
    launcher = ["--nnodes=2", "--rdzv-backend=c10d", f"--rdzv-endpoint=localhost:{port}"]
    arguments = [*options(settings), "--steps=5", f"--checkpoint={checkpoint}"]
    machines = [torchrun(*arguments, processes=1, launcher=launcher) for _ in range(2)]
    told = [finish(machine)[0] for machine in machines]
    assert sum("step 5/5" in out for out in told) == 1
    alone(settings, steps=5, checkpoint=tmp_path / "alone")
    assert largest_difference(checkpoint, tmp_path / "alone") < 1e-12


@pytest.mark.parametrize("world_size", [2, 3, 5])
def test_the_shares_are_the_batch(world_size):
    batch = np.random.default_rng(0).permutation(29)
    shares = [Group(rank, world_size).share(batch) for rank in range(world_size)]
    assert sorted(np.concatenate(shares)) == [*range(29)]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_each_process_and_each_step_has_masks_of_its_own(torch):
    settings = Settings(dropout=0.5)
    before = torch.random.get_rng_state()

    def draw(rank, step):
        with own_masks(settings, Group(rank, 2), step):
            return torch.rand(5).tolist()

    assert draw(0, 1) == draw(0, 1)
    assert len({tuple(draw(rank, step)) for rank in (0, 1) for step in (1, 2)}) == 4
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("rank", [0, 1])
def test_rank_0_alone_writes(checkpoint, rank):
    Training(Group(rank, 2), Settings(**SMALL)).save(checkpoint)
    assert checkpoint.exists() == (rank == 0)


@pytest.mark.parametrize("machines", ["1", "2"])
def test_an_attempt_on_one_machine_does_not_meet_the_dead(torch, monkeypatch, machines):
    from nnbook.frameworks import processes

    store = torch.distributed.HashStore()  # torchrun keeps it from one attempt to the next
    monkeypatch.setattr(torch.distributed, "rendezvous", lambda url, timeout: iter([(store, 0, 2)]))
    monkeypatch.setenv("GROUP_WORLD_SIZE", machines)
    for attempt in ("0", "1"):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", attempt)
        found, *place = processes._meeting_place()
        assert place == [0, 2]
        assert found.check(["address"]) == (attempt == "1" and machines == "2")
        found.set("address", "here")


def test_without_torchrun_there_is_one_process(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with process_group("cpu") as group:
        assert group == Group(0, 1, "cpu", None)
        assert group.sum(1, 2.5) == [1, 2.5]
        assert group.from_first(lambda: "read") == "read"


# --- Killed and resumed --------------------------------------------------------------------------


def workers(launcher):
    """Return the training processes by rank, once all have begun to train."""
    found = {}
    for child in psutil.Process(launcher.pid).children(recursive=True):
        rank = child.environ().get("RANK")
        if rank is not None:
            found[int(rank)] = child
    return found


def wait_for(path, launcher):
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline:
        assert launcher.poll() is None, launcher.communicate()[1]
        time.sleep(0.01)


KILLED = [*options(DOUBLE | {"dropout": 0.2}), "--steps=400", "--save-every=20"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "run.safetensors"
    finish(torchrun(*KILLED, f"--checkpoint={path}"))
    return path


@pytest.mark.parametrize("rank", [0, 1])
def test_a_dead_worker_is_told_and_the_same_command_goes_on(checkpoint, undisturbed, rank):
    arguments = [*KILLED, f"--checkpoint={checkpoint}"]
    launcher = torchrun(*arguments)
    wait_for(checkpoint, launcher)
    workers(launcher)[rank].kill()
    _, err = finish(launcher, status=1)
    assert re.search(rf"rank +: {rank} .*\n.*exitcode +: -9", err)
    header, _ = read_tensors(checkpoint, torch_checkpoints.KEY)  # whole
    assert 20 <= header["step"] < 400
    assert header["step"] % 20 == 0
    out, _ = finish(torchrun(*arguments))
    assert f"checkpoint {checkpoint} goes on from step {header['step']}\n" in out
    assert largest_difference(checkpoint, undisturbed) == 0
    assert [*checkpoint.parent.glob(".*.tmp")] == []


def test_torchrun_itself_restarts_what_died(checkpoint, undisturbed):
    launcher = torchrun(
        *KILLED, f"--checkpoint={checkpoint}", launcher=("--standalone", "--max-restarts=1")
    )
    wait_for(checkpoint, launcher)
    workers(launcher)[1].kill()
    out, _ = finish(launcher)
    assert re.search(r"goes on from step [1-9]\d*0\n", out)
    assert largest_difference(checkpoint, undisturbed) == 0


def test_a_training_ends_as_if_it_had_not_been_stopped(checkpoint, tmp_path):
    settings = DOUBLE | {"dropout": 0.5}
    alone(settings, steps=50, checkpoint=tmp_path / "at once")
    alone(settings, steps=31, checkpoint=checkpoint)
    _, lines = alone(settings, steps=50, checkpoint=checkpoint)
    assert lines[1] == f"checkpoint {checkpoint} goes on from step 31"
    assert largest_difference(checkpoint, tmp_path / "at once") == 0


def test_what_is_finished_is_measured_and_not_repeated(checkpoint, monkeypatch):
    alone(SMALL, epochs=1, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    monkeypatch.setattr(data_parallel, "take_step", lambda *_: pytest.fail("a step was repeated"))
    _, lines = alone(SMALL, epochs=1, checkpoint=checkpoint)
    assert lines[2] == "nothing to train up to step 24"
    assert lines[-1].startswith("test_loss")
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.01}, "is of a training with learning_rate 0.001, expected 0.01"),
        ({"model": "cnn"}, "is of a training with model 'mlp', expected 'cnn'"),
        ({"seed": 1}, "is of a training with seed 0, expected 1"),
    ],
)
def test_another_training_is_not_gone_on_with(checkpoint, change, message):
    alone(SMALL, steps=2, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match=re.escape(message)):
        alone(SMALL | change, steps=4, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == before


def test_a_damaged_checkpoint_is_refused(checkpoint):
    alone(SMALL, steps=2, checkpoint=checkpoint)
    raw = bytearray(checkpoint.read_bytes())
    raw[-9] ^= 1
    checkpoint.write_bytes(raw)
    with pytest.raises(ValueError, match="its checksum is another one, so the file is damaged"):
        alone(SMALL, steps=4, checkpoint=checkpoint)


def test_what_is_not_finite_is_not_saved(checkpoint, torch):
    training = Training(Group(), Settings(**SMALL))
    training.save(checkpoint)
    before = checkpoint.read_bytes()
    with torch.no_grad():
        training.model.fc2.bias[3] = torch.inf
    with pytest.raises(FloatingPointError, match="diverged by step 0 with learning_rate 0.001"):
        training.save(checkpoint)
    assert checkpoint.read_bytes() == before


def test_a_full_disk_is_told_and_the_checkpoint_before_stands(checkpoint, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.delenv("WORLD_SIZE", raising=False)
    command = [*options(SMALL), "--device=cpu", f"--checkpoint={checkpoint}"]
    assert train_ddp.main([*command, "--steps=2"]) == 0
    before = checkpoint.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(tensor_files.os, "fsync", full)
        assert train_ddp.main([*command, "--steps=4"]) == 1
    told = f"{checkpoint} is not written at step 4: No space left on device\n"
    assert capsys.readouterr().err == told
    assert checkpoint.read_bytes() == before


# --- Refused -------------------------------------------------------------------------------------


def test_a_batch_that_does_not_divide_is_refused_once(checkpoint):
    launcher = torchrun(*options(SMALL | {"batch_size": 65}), f"--checkpoint={checkpoint}")
    out, err = finish(launcher, status=1)
    assert err.count("batch_size is 65, expected a multiple of the 2 processes\n") == 1
    assert re.search(r"exitcode +: 2 ", err)
    assert out == ""
    assert not checkpoint.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--device=cuda:77"], 2, "device is 'cuda:77', expected auto or one of"),
        (["--steps=0"], 2, "steps is 0, expected at least 1"),
        (["--epochs=0"], 2, "epochs is 0, expected at least 1"),
        (["--batch-size=0"], 2, "batch_size is 0, expected at least 1"),
        (["--model=cnn", "--dropout=0.5"], 2, "dropout is 0.5, expected 0 with cnn"),
        (["--checkpoint=/nowhere/x"], 2, "checkpoint: the folder /nowhere does not exist"),
        (["--seed=9223372036854775808"], 2, "seed is 9223372036854775808, expected below 2**63"),
        (["--train-images=99999"], 2, "train_images is 99999, expected at most"),
        (
            ["--learning-rate=1e30", "--steps=2", "--optimizer=sgd"],
            1,
            "the training diverged by step 2 with learning_rate 1e+30",
        ),
    ],
)
def test_the_command_refuses_in_one_line(monkeypatch, capsys, arguments, status, message):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert train_ddp.main(["--data=fashion-mnist-sample", "--device=cpu", *arguments]) == status
    err = capsys.readouterr().err
    assert err.startswith(message)
    assert err.count("\n") == 1


@pytest.mark.parametrize(("rank", "told"), [("0", True), ("1", False)])
def test_only_rank_0_tells_what_argparse_finds(monkeypatch, capsys, rank, told):
    monkeypatch.setenv("RANK", rank)
    with pytest.raises(SystemExit, match="2"):
        train_ddp.main(["--model=rnn"])
    assert ("invalid choice: 'rnn'" in capsys.readouterr().err) == told


@pytest.mark.parametrize(
    ("device", "gpus", "expected"),
    [
        ("auto", 2, "cuda:1"),
        ("auto", 1, "cpu"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, ValueError("device is 'cuda' for 2 processes, but 1 GPUs are here")),
        ("mps", 0, ValueError("device is 'mps', expected auto, cpu or cuda for 2 processes")),
    ],
)
def test_each_process_gets_a_gpu_of_its_own_or_none(monkeypatch, torch, device, gpus, expected):
    from nnbook.frameworks import processes

    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    monkeypatch.setattr(processes, "choose_device", lambda device: device)
    if isinstance(expected, str):
        assert processes._own_device(device) == expected
    else:
        with pytest.raises(ValueError, match=re.escape(str(expected))):
            processes._own_device(device)


def test_ctrl_c_is_no_traceback():
    process = subprocess.Popen(
        [sys.executable, *MODULE, *options(SMALL), "--epochs=1000", "--device=cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    process.stdout.readline()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (
        130,
        "Stopped. With --checkpoint, the same command goes on.\n",
    )
