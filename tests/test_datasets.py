"""MNIST as it ships: the true data, and what is said where the file is damaged or missing."""

import hashlib
import importlib.metadata
import json
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nnbook import datasets, load_mnist

PUBLISHED = [  # SHA-256 of the four IDX files by MNIST's authors
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
]


# --- The data ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


def test_shapes_types_and_ranges(mnist):
    for (x, y), m in zip(mnist, (60_000, 10_000), strict=True):
        assert (x.shape, x.dtype) == ((m, 28, 28), np.uint8)
        assert (y.shape, y.dtype) == ((m,), np.uint8)
        assert (x.min(), x.max()) == (0, 255)


def test_how_often_each_digit_occurs(mnist):
    (_, y_train), (_, y_test) = mnist
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_train).tolist() == counts
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(y_test).tolist() == counts


def test_every_pixel_and_label_is_the_published_one(mnist):
    arrays = [array for pair in mnist for array in pair]
    for array, published in zip(arrays, PUBLISHED, strict=True):
        header = np.array([0x0800 + array.ndim, *array.shape], ">u4")  # of the IDX format
        assert hashlib.sha256(header.tobytes() + array.tobytes()).hexdigest() == published


def test_each_call_returns_arrays_of_its_own(mnist):
    (x, y), _ = load_mnist()
    x[0], y[0] = 7, 0
    assert x.flags.owndata or not np.shares_memory(x, mnist[0][0])
    (again, labels), _ = load_mnist()
    assert_array_equal(again[0], mnist[0][0][0])
    assert labels[0] == 5


# --- Damage --------------------------------------------------------------------------------------


def flip_a_bit(raw):
    return raw[:1000] + bytes([raw[1000] ^ 1]) + raw[1001:]


DAMAGES = {
    "flipped bit": flip_a_bit,
    "truncated": lambda raw: raw[: len(raw) // 2],
    "one byte more": lambda raw: raw + b"\0",
    "empty": lambda raw: b"",
    "a pointer of Git LFS": lambda raw: b"version https://git-lfs.github.com/spec/v1\n",
    "missing": None,
}


@dataclass
class Installed:
    """Stand for an installed package: what pip recorded of where it came from."""

    record: str | None

    def read_text(self, file):
        return self.record if file == "direct_url.json" else None


@pytest.fixture
def from_git(monkeypatch):
    source = {"url": "https://github.com/ann/book", "vcs_info": {"commit_id": "0a1b"}}
    monkeypatch.setattr(
        importlib.metadata, "distribution", lambda name: Installed(json.dumps(source))
    )


@pytest.fixture
def data_at(monkeypatch):
    """Make `load_mnist` read from another place, where the file may be damaged."""
    original = datasets.MNIST_PATH.read_bytes()

    def move(path, damage=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        if damage is not None:
            path.write_bytes(damage(original))
        monkeypatch.setattr(datasets, "MNIST_PATH", path)
        return path

    return move


@pytest.mark.usefixtures("from_git")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_with_what_was_found_and_the_one_command(data_at, tmp_path, damage):
    path = data_at(tmp_path / "site-packages" / "nnbook" / "data" / "mnist.npz", DAMAGES[damage])
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        load_mnist()
    message = str(caught.value)
    assert message.startswith(str(path))
    if path.exists():
        raw = path.read_bytes()
        assert isinstance(caught.value, ValueError)
        assert f"damaged: {len(raw):,} bytes" in message
        assert (
            f"SHA-256 {hashlib.sha256(raw).hexdigest()}, expected {datasets.MNIST_SHA256}"
            in message
        )
    else:
        assert isinstance(caught.value, FileNotFoundError)
        assert "is missing, expected the MNIST data" in message
    assert message.endswith(
        "Restore it with: python -m pip install --force-reinstall --no-deps "
        '"nnbook @ git+https://github.com/ann/book@0a1b"'
    )


OTHERWISE = {
    "an editable folder": lambda name: Installed('{"url": "file:///a", "dir_info": {}}'),
    "an index": lambda name: Installed(None),
    "not at all": importlib.metadata.Distribution.from_name,
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_what_git_did_not_install_is_to_be_fetched_again(data_at, tmp_path, monkeypatch, how):
    found = OTHERWISE[how]
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: found(f"{name}-nowhere"))
    data_at(tmp_path / "site-packages" / "nnbook" / "data" / "mnist.npz")
    with pytest.raises(FileNotFoundError, match=r"\. Get nnbook again from where you have it\.$"):
        load_mnist()


@pytest.mark.parametrize("damage", ["flipped bit", "flipped bit, staged", "missing"])
def test_in_a_clone_the_printed_command_restores_the_file(data_at, tmp_path, damage):
    def git(*arguments):
        subprocess.run(["git", "-C", str(clone), *arguments], check=True, capture_output=True)

    clone = tmp_path / "a clone"
    path = data_at(clone / "code" / "nnbook" / "data" / "mnist.npz", lambda raw: raw)
    (clone / "pyproject.toml").touch()
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    git("init")
    git("add", ".")
    git(*identity, "commit", "--no-gpg-sign", "-m", "data")
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(flip_a_bit(path.read_bytes()))
    if "staged" in damage:
        git("add", ".")

    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        load_mnist()
    command = str(caught.value).partition("Restore it with: ")[2]
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert len(load_mnist()) == 2


@pytest.mark.usefixtures("from_git")
@pytest.mark.parametrize("folder", [".venv/lib/python3.11/site-packages", "vendored"])
def test_inside_someone_elses_repository_git_is_not_advised(data_at, tmp_path, folder):
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").touch()
    data_at(tmp_path / folder / "nnbook" / "data" / "mnist.npz")
    with pytest.raises(FileNotFoundError, match="python -m pip install"):
        load_mnist()
