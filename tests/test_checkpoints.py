"""Checkpoints: bit for bit back, bit for bit on, whole or not at all, and nothing from others."""

import copy
import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal, assert_equal
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from nnbook import Sequential, checkpoints, datasets, layers, mlp, tensor_files
from nnbook.callbacks import EarlyStopping, ModelCheckpoint
from nnbook.losses import BinaryCrossEntropy, MeanSquaredError, SoftmaxCrossEntropy
from nnbook.optimizers import SGD, Adam, AdamW, RMSProp
from nnbook.schedules import CosineDecay, OneCycle, Warmup

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor free links")

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
NOISE = np.random.default_rng(2).integers(0, 2, 50)


def make_network(seed=0, dtype="float32", sizes=(4, 8, 2)):
    return mlp(sizes, dropout=0.3, batch_norm=True, rng=seed, dtype=dtype)


def state(network, *others):
    """Everything that training changes, as a copy."""
    kept = [network.get_weights(), network.rng.bit_generator.state, *map(vars, others)]
    return copy.deepcopy(kept)


# --- Saving and loading --------------------------------------------------------------------------

IMAGES = np.random.default_rng(3).integers(0, 255, (9, 3, 4), dtype="uint8")
LOSSES = {
    SoftmaxCrossEntropy(0.1): np.arange(9) % 3,
    BinaryCrossEntropy(): np.arange(27).reshape(9, 3) % 2,
    MeanSquaredError(): np.arange(27.0).reshape(9, 3),
}


def make_every_layer(loss, dtype, seed=0):
    every = [
        layers.Rescaling(1 / 255, -0.5),
        layers.Flatten(),
        layers.RandomShift(1, (3, 4)),
        layers.Dense(12, 5, "glorot_uniform"),
        layers.BatchNorm(momentum=0.7, epsilon=1e-3, unbiased=True),
        layers.ReLU(),
        layers.LayerNorm(epsilon=1e-4),
        layers.LeakyReLU(0.2),
        layers.Dropout(0.25),
        layers.Sigmoid(),
        layers.Tanh(),
        layers.GELU(),
        layers.Residual([layers.BatchNorm(), layers.Residual([layers.Dense(5, 5)])]),
        layers.Dense(5, 3),
    ]
    assert {type(layer).__name__ for layer in every} == {*layers.__all__} - {"Layer"}
    return Sequential(every, loss, seed, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_layer_and_loss_comes_back_bit_for_bit(tmp_path, loss, dtype):
    network, y = make_every_layer(loss, dtype), LOSSES[loss]
    network.fit(IMAGES, y, 2, 4, verbose=0)
    network.layers[-1].parameters["b"][:] = [-0.0, np.finfo(dtype).smallest_subnormal, 1 / 3]
    network.save(tmp_path / "a")
    loaded, other = Sequential.load(tmp_path / "a"), make_every_layer(loss, dtype, seed=9)
    other.load_weights(tmp_path / "a")
    settings = {"features": 5, "momentum": 0.7, "epsilon": 1e-3, "unbiased": True}
    assert loaded.layers[4].config() == settings
    for again in (loaded, other):
        assert [*map(repr, again.layers)] == [*map(repr, network.layers)]
        assert checkpoints.describe_network(again) == checkpoints.describe_network(network)
        assert (repr(again.loss), again.dtype) == (repr(loss), network.dtype)
        assert again.parameters.tobytes() == network.parameters.tobytes()
        assert_equal(again.named_buffers(), network.named_buffers())
        assert_array_equal(again.forward(IMAGES), network.forward(IMAGES))
        assert again.evaluate(IMAGES, y) == network.evaluate(IMAGES, y)


@pytest.mark.parametrize("name", ["a", "b.safetensors", "größe ünd space.bin", Path("c")])
def test_a_loaded_network_learns_wherever_it_was(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    network = make_network()
    network.save(name)
    loaded = Sequential.load(name, rng=5)
    for each in (network, loaded):
        each.fit(X, Y, 2, 16, rng=5, verbose=0)
    assert_array_equal(loaded.parameters, network.parameters)


# --- Going on ------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda rate: SGD(rate, l2=0.01),
    "momentum": lambda rate: SGD(rate, 0.9, global_clipnorm=0.5),
    "nesterov": lambda rate: SGD(rate, 0.9, True),
    "rmsprop": lambda rate: RMSProp(rate, convention="keras"),
    "adam": lambda rate: Adam(rate, l2=0.01),
    "adamw": lambda rate: AdamW(rate, 0.1, convention="keras", global_clipnorm=0.5),
}
RATES = [0.02, Warmup(CosineDecay(0.02, 20), 5), OneCycle(0.05, 24)]
EPOCHS = 6


def train(network, folder, optimizer=None, callbacks=True, x=X, y=Y, batch_size=16, resume=None):
    """Fit as long as a validation with noise lets it; write a checkpoint of every epoch."""
    folder.mkdir(exist_ok=True)
    stopping = [EarlyStopping(patience=2)] if callbacks else []
    callbacks = [ModelCheckpoint(folder / "{epoch}"), *stopping]  # it is written last all the same
    optimizer = optimizer or Adam()
    history = network.fit(
        x, y, EPOCHS, batch_size, optimizer, (X, NOISE), callbacks, resume=resume, verbose=0
    )
    return history.history, state(network, optimizer)


@pytest.fixture
def no_sync(monkeypatch):
    """Forcing bytes to the disk takes most of the time, and only a power cut would notice."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.parametrize("stopping", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", RATES, ids=lambda rate: str(rate)[:6])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_resumed_at_any_epoch_it_ends_bit_for_bit_alike(
    tmp_path, no_sync, name, rate, dtype, stopping
):
    make = OPTIMIZERS[name]
    whole = train(make_network(0, dtype), tmp_path / "whole", make(rate), stopping)
    last = len(whole[0]["loss"])
    assert last == EPOCHS or stopping
    for epoch in range(1, last + 1):
        resumed = train(
            make_network(epoch, dtype),
            tmp_path / "resumed",
            make(rate),
            stopping,
            resume=tmp_path / "whole" / f"{epoch}",
        )
        assert_equal(resumed, whole)
    files = [(tmp_path / kind / f"{last}").read_bytes() for kind in ("whole", "resumed")]
    assert files[0] == files[1] or last == 1


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_resumed_with_every_random_generator_of_numpy(tmp_path, no_sync, kind):
    first = make_network(np.random.Generator(getattr(np.random, kind)(0)))
    whole = train(first, tmp_path / "whole", callbacks=False)
    for epoch in (1, 4):
        network, file = make_network(1), tmp_path / "whole" / f"{epoch}"  # with NumPy's default
        resumed = train(network, tmp_path / "resumed", callbacks=False, resume=file)
        assert_equal(resumed, whole)
        assert type(network.rng.bit_generator).__name__ == kind


def test_early_stopping_that_has_stopped_stays_stopped(tmp_path, no_sync):
    whole = train(make_network(), tmp_path, Adam(0.05))
    epochs = len(whole[0]["loss"])
    assert epochs < EPOCHS
    resumed = train(make_network(5), tmp_path, Adam(0.05), resume=tmp_path / f"{epochs}")
    assert_equal(resumed, whole)


# --- What is refused -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The file of a training's second epoch."""
    folder = tmp_path_factory.mktemp("good")
    train(make_network(), folder, callbacks=False)
    return folder / "2"


def assert_refused(path, message, error=ValueError, doors=("load", "load_weights", "fit")):
    """Refuse the file at every door, say why, and leave network and optimizer as they were."""
    network, adam = make_network(4), Adam()
    network.fit(X, Y, 1, 16, adam, verbose=0)
    before = state(network, adam)
    generator = network.rng
    calls = {
        "load": lambda: Sequential.load(path),
        "load_weights": lambda: network.load_weights(path),
        "fit": lambda: train(network, path.parent, adam, False, resume=path),
    }
    for door in doors:
        with pytest.raises(error, match=message):
            calls[door]()
        assert_equal(state(network, adam), before)
        assert all(layer.rng is network.rng is generator for layer in network.layers)


def header_size(data):
    return 8 + int.from_bytes(data[:8], "little")


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, good):
    data = good.read_bytes()
    header = header_size(data)
    around = {0, 1, 7, 8, 9, header - 1, header, header + 1, len(data) - 1}
    for size in around | {*range(0, len(data), 97)}:
        (tmp_path / "cut").write_bytes(data[:size])
        doors = ("load", "load_weights", "fit") if size in around else ("load",)
        assert_refused(tmp_path / "cut", "truncated or no safetensors file", doors=doors)
    (tmp_path / "cut").write_bytes(data + b"\0")
    assert_refused(tmp_path / "cut", "truncated or no safetensors file")


def flip(data, path, places, mask):
    """Refuse the file with the bits of `mask` changed at each of the places in turn."""
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= mask
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{path.name} (is truncated|has|describes|was)"):
            Sequential.load(path)


@pytest.mark.parametrize("mask", [0x80, 0xFF])
def test_a_header_with_a_byte_that_is_no_text_is_refused(tmp_path, good, mask):
    data = good.read_bytes()
    flip(data, tmp_path / "bad", [*range(8), *range(8, header_size(data), 7)], mask)


def test_a_file_with_a_single_bit_changed_is_refused(tmp_path, good):
    data = good.read_bytes()
    flip(data, tmp_path / "bad", range(0, len(data), 7), 1)


def edited(good, path, edit):
    """Write the good file again with what `edit` makes of its header and its tensors."""
    with safe_open(good, framework="numpy") as file:
        header = json.loads(file.metadata()["nnbook"])
    tensors = load_file(good)
    header.pop("sha256")
    edit = edit(header, tensors)
    header["sha256"] = tensor_files.checksum(header, tensors)
    save_file(tensors, path, {"nnbook": edit if type(edit) is str else json.dumps(header)})
    return path


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda h, t: "no JSON", "has a header that nnbook cannot read"),
        (lambda h, t: "[1, 2]", "has a header that nnbook cannot read"),
        (lambda h, t: h.update(format=2), "cannot read: format 2, expected 1"),
        (lambda h, t: h.pop("network"), "cannot read: 'network'"),
        (lambda h, t: t.pop("network/0.W"), "weights lacks 0.W"),
        (lambda h, t: t.update({"network/9.W": X}), "weights has an unknown entry 9.W"),
        (lambda h, t: t.update({"network/0.W": X}), "weights['0.W'] has shape (50, 4), expected"),
        (lambda h, t: t["network/0.b"].fill(np.nan), "weights['0.b'] contains nan"),
        (lambda h, t: h["network"]["layers"][0].update(type="Pickle"), "damaged"),
        (lambda h, t: h["network"]["layers"][0].update(in_features=-1), "damaged"),
        (lambda h, t: h["network"]["layers"][3].update(rate="x"), "damaged"),
        (lambda h, t: h["network"].update(dtype="object"), "damaged"),
        (lambda h, t: h["network"].update(layers=[]), "damaged"),
        (lambda h, t: h["network"]["loss"].update(type="Layer"), "damaged"),
    ],
)
def test_a_damaged_network_is_refused(tmp_path, good, edit, message):
    path, network = edited(good, tmp_path / "damaged", edit), make_network(4)
    before = state(network)
    for call in (Sequential.load, network.load_weights):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(path)
        assert_equal(state(network), before)


DAMAGED_STATE = [
    lambda h, t: h["training"].pop("settings"),
    lambda h, t: h["training"].pop("history"),
    lambda h, t: h["training"].pop("iterations"),
    lambda h, t: h["training"].pop("rng"),
    lambda h, t: h["training"]["settings"].pop("batch_size"),
    lambda h, t: h["training"]["rng"].pop("state"),
]
BELIEVED_STATE = [
    lambda h, t: h["training"]["rng"].update(bit_generator="Unknown"),
    lambda h, t: t.update({"training/optimizer/m": X}),
    lambda h, t: h.update(training=[]),
    lambda h, t: h["training"].update(history=5),
    lambda h, t: h["training"].update(iterations="9"),
    lambda h, t: h["training"]["rng"]["state"].update(state=-1),
    lambda h, t: t.pop("training/optimizer/m"),
    lambda h, t: [t.pop(f"training/optimizer/{name}") for name in "mv"],
]


@pytest.mark.parametrize("edit", [*DAMAGED_STATE, *BELIEVED_STATE])
def test_a_damaged_training_state_is_refused(tmp_path, good, edit):
    assert_refused(edited(good, tmp_path / "damaged", edit), "damaged", doors=["fit"])


def test_files_of_others_are_refused(tmp_path):
    (tmp_path / "empty").touch()
    assert_refused(tmp_path / "empty", "truncated or no safetensors file")
    (tmp_path / "text").write_text("not a network\n" * 99)
    assert_refused(tmp_path / "text", "truncated or no safetensors file")
    np.savez(tmp_path / "a.npz", W=X)
    assert_refused(tmp_path / "a.npz", "truncated or no safetensors file")
    save_file({"W": X}, tmp_path / "foreign")
    assert_refused(tmp_path / "foreign", "was not written by nnbook")
    assert_refused(tmp_path / "missing", "there is no file", FileNotFoundError)
    (tmp_path / "folder").mkdir()
    assert_refused(tmp_path / "folder", "there is no file", FileNotFoundError)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn"])
def test_files_of_others_with_types_that_numpy_lacks_are_refused(tmp_path, torch, dtype):
    from safetensors.torch import save_file

    save_file({"W": torch.zeros(3, dtype=getattr(torch, dtype))}, tmp_path / "foreign")
    assert_refused(tmp_path / "foreign", "foreign")


def test_another_network_is_refused(tmp_path):
    for name, network, message in [
        ("deeper", make_network(sizes=(4, 8, 8, 2)), "has 9 layers, expected 5"),
        ("wider", make_network(sizes=(4, 9, 2)), "has .*9.* as layers.0., expected .*8"),
        ("tanh", mlp([4, 8, 2], "tanh", 0.3, True), "has .*Tanh.* as layers.2., expected .*ReLU"),
        ("rate", mlp([4, 8, 2], "relu", 0.4, True), "has .*0.4.* as layers.3., expected .*0.3"),
        ("double", make_network(dtype="float64"), "has float64 as dtype, expected float32"),
        (
            "smooth",
            mlp([4, 8, 2], "relu", 0.3, True, SoftmaxCrossEntropy(0.1)),
            "has .*label_smoothing.*0.1.* as loss, expected .*0.0",
        ),
    ]:
        train(network, tmp_path / name, callbacks=False)
        assert_refused(tmp_path / name / "2", message, doors=("load_weights", "fit"))


def test_another_training_is_refused(tmp_path, good):
    network, adam = make_network(4), Adam()
    before = state(network, adam)
    for message, changed in {
        r"comes from training with optimizer Adam.*0.001.*, not Adam\(.*0.1": {
            "optimizer": Adam(0.1)
        },
        r"optimizer Adam\(.*, not SGD": {"optimizer": SGD()},
        "with batch_size 16, not 8": {"batch_size": 8},
        "with number of samples 50, not 49": {"x": X[1:], "y": Y[1:]},
        "with data of checksum .*, not": {"y": 1 - Y},
        "with callbacks ModelCheckpoint, not EarlyStopping, ModelCheckpoint": {"callbacks": True},
    }.items():
        with pytest.raises(ValueError, match=message):
            train(
                network, tmp_path, **{"optimizer": adam, "callbacks": False} | changed, resume=good
            )
        assert_equal(state(network, adam), before)
    network.save(tmp_path / "plain")
    assert_refused(tmp_path / "plain", "holds a network without the state", doors=["fit"])


def test_early_stopping_by_another_figure_is_refused(tmp_path):
    callbacks = [
        [EarlyStopping(by), ModelCheckpoint(tmp_path / "a")] for by in ("val_loss", "loss")
    ]
    make_network().fit(X, Y, 2, 16, Adam(), (X, Y), callbacks[0], verbose=0)
    with pytest.raises(ValueError, match="val_loss"):
        make_network().fit(
            X, Y, 3, 16, Adam(), (X, Y), callbacks[1], resume=tmp_path / "a", verbose=0
        )


def test_a_schedule_around_a_function_can_be_resumed_in_another_process():
    first, second = (SGD(Warmup(eval("lambda step: 0.1"), 3)) for _ in "ab")
    assert repr(first) == repr(second)


def test_strangers_among_layers_and_weights_are_not_saved(tmp_path):
    class Mine(layers.ReLU):
        pass

    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(TypeError, match=r"Mine\(\) is not of nnbook, and no file could"):
        Sequential([layers.Dense(4, 2), Mine()]).save(tmp_path / "a")
    network = make_network()
    network.parameters[3] = np.inf
    with pytest.raises(FloatingPointError, match="not saved: 0.W holds nan or inf"):
        network.save(tmp_path / "a")
    with pytest.raises(FileNotFoundError, match="the folder .*missing does not exist"):
        make_network().save(tmp_path / "missing" / "a")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_a_folder_that_cannot_be_written_to_is_refused_at_the_door(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_files.os, "access", lambda folder, mode: False)
    with pytest.raises(PermissionError, match=f"the folder {re.escape(str(tmp_path))} cannot be"):
        tensor_files.check_writable(tmp_path / "a")


def test_no_code_can_come_out_of_a_file():
    code = r"import .*(pickle|marshal|shelve|dill)|allow_pickle(?!=False)|\b(?<!\.)(eval|exec)\("
    files = {*Path(checkpoints.__file__).parent.rglob("*.py")}
    # CIFAR-10 is a tar of pickles; it is read after its SHA-256 was found right, as tests show.
    files -= {Path(datasets.__file__)}
    assert [file for file in files if re.search(code, file.read_text(encoding="utf-8"))] == []


# --- Whole or not at all -------------------------------------------------------------------------


class HalfFile:
    """A file on a disk that is full after ten bytes."""

    def __init__(self, *args):
        self.file = open(*args)  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.file.close()

    def write(self, data):
        self.file.write(data[:10])
        raise OSError(errno.ENOSPC, "no space left on device")


def failing(*args):
    raise OSError(errno.EIO, "the disk is gone")


def interrupted(*args):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("module", "name", "replacement"),
    [
        (tensor_files, "open", HalfFile),
        (tensor_files, "open", failing),
        (os, "fsync", failing),
        (os, "replace", failing),
        (os, "replace", interrupted),
    ],
)
@pytest.mark.parametrize("existing", [True, False])
def test_a_save_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path, monkeypatch, module, name, replacement, existing
):
    network, path = make_network(), tmp_path / "a"
    if existing:
        network.save(path)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, replacement, raising=False)
        with pytest.raises((OSError, KeyboardInterrupt)):
            make_network(1).save(path)
    assert [*tmp_path.iterdir()] == [path][:existing]
    if existing:
        assert_array_equal(Sequential.load(path).parameters, network.parameters)


@posix_only
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_mode_follows_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        make_network().save(tmp_path / "a")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask


@posix_only
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    link.symlink_to(target)
    for seed in (0, 1):  # where nothing is at its end, and where there is
        network = make_network(seed)
        network.save(link)
        assert link.is_symlink()
        for path in (link, target):
            assert_array_equal(Sequential.load(path).parameters, network.parameters)
    assert [*target.parent.iterdir()] == [target]


SAVER = """
import sys
from nnbook import Dense, Sequential
network = Sequential([Dense(700, 700)], rng=0)
for number in range(1, 1_000_000):
    network.parameters[:] = number
    network.save(sys.argv[1])
    print(number, flush=True)
"""


def test_a_kill_in_the_middle_of_saves_loses_nothing(tmp_path):
    path, moments = tmp_path / "a", np.random.default_rng()  # another moment in every run
    for _ in range(5):
        command = [sys.executable, "-c", SAVER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as saver:
            saver.stdout.readline()  # the first one is there
            with pytest.raises(subprocess.TimeoutExpired):
                saver.wait(moments.uniform(0, 0.1))
            saver.kill()
            reported = [1, *map(int, saver.stdout.read().split())]
        numbers = {*Sequential.load(path).parameters.tolist()}
        assert len(numbers) == 1  # all of one state
        assert numbers <= {reported[-1], reported[-1] + 1}
        for left in tmp_path.iterdir():
            assert left == path or re.fullmatch(r"\.a\.[0-9a-f]{32}\.tmp", left.name)


def test_resuming_beyond_the_epochs_asked_for_is_refused(good):
    network = make_network(4)
    before = state(network)
    with pytest.raises(ValueError, match="epochs is 1, but .* has 2 epochs already"):
        network.fit(X, Y, 1, 16, resume=good, callbacks=[ModelCheckpoint(good)], verbose=0)
    assert_equal(state(network), before)
