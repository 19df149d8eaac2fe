"""Where files of data come from: the order of the sources, the mirrors, damage, and no network."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nnbook import data_files, datasets, load_cifar10, load_fashion_mnist
from nnbook.data_files import Source, cache_folder

CONTENT = b"the true content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PACKED = gzip.compress(CONTENT)
DEAD = "http://127.0.0.1:9/"  # the port that discards: nobody listens


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNBOOK_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path):
    """A web server of this machine: it serves one file of the given bytes, its address returned."""
    servers = []

    def serve(raw, name="a.gz"):
        folder = tmp_path / f"mirror {len(servers)}"
        folder.mkdir()
        (folder / name).write_bytes(raw)
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def put(folder, raw, name="a.gz"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(raw)


# --- The order of the sources --------------------------------------------------------------------


def test_the_cache_comes_first_then_the_system_then_the_mirrors(cache, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        data_files, "_fetch", lambda url, path: asked.append(url) or put(path.parent, PACKED)
    )
    read_from = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: read_from.append(p.parent) or original(p))
    source = Source("Set", "set", ("http://one/",), (str(tmp_path / "system"),))
    assert source.read("a.gz", SHA256) == CONTENT
    assert asked == ["http://one/a.gz"]
    (cache / "set" / "a.gz").unlink()
    put(tmp_path / "system", PACKED)
    assert source.read("a.gz", SHA256) == CONTENT
    assert read_from[-1] == tmp_path / "system"
    put(cache / "set", PACKED)
    assert source.read("a.gz", SHA256) == CONTENT
    assert read_from[-1] == cache / "set"
    assert len(asked) == 1


def test_the_cache_is_poochs_unless_the_variable_names_one(cache, monkeypatch):
    pooch = pytest.importorskip("pooch", reason="pooch is not installed")
    assert cache_folder() == cache
    monkeypatch.setenv("NNBOOK_DATA", "")
    assert cache_folder() == Path(pooch.os_cache("nnbook"))


# --- Mirrors -------------------------------------------------------------------------------------


def test_where_one_mirror_fails_the_next_serves(cache, mirror):
    elsewhere = mirror(PACKED, "another.gz")
    source = Source("Set", "set", (DEAD, elsewhere, mirror(PACKED)))
    assert source.read("a.gz", SHA256) == CONTENT
    assert [path.name for path in (cache / "set").iterdir()] == ["a.gz"]
    assert replace(source, mirrors=()).read("a.gz", SHA256) == CONTENT


WRONG = {
    "another file": gzip.compress(b"another"),
    "not packed": b"<html>",
    "cut off": PACKED[:-9],
    "empty": b"",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_file_from_a_mirror_is_refused(cache, mirror, wrong):
    bad = mirror(WRONG[wrong])
    with pytest.raises(FileNotFoundError, match="is damaged"):
        Source("Set", "set", (bad,)).read("a.gz", SHA256)
    assert [*(cache / "set").iterdir()] == []
    assert Source("Set", "set", (bad, mirror(PACKED))).read("a.gz", SHA256) == CONTENT


def test_an_answer_that_is_an_error_is_told_with_its_number(mirror):
    with pytest.raises(FileNotFoundError, match="/a.gz: HTTP 404"):
        Source("Set", "set", (mirror(PACKED, "b.gz"),)).read("a.gz", SHA256)


# --- Damage and no network -----------------------------------------------------------------------


@pytest.mark.parametrize("wrong", WRONG)
def test_a_damaged_copy_is_told_and_fetched_again(cache, mirror, wrong):
    put(cache / "set", WRONG[wrong])
    source = Source("Set", "set", (mirror(PACKED),))
    with pytest.warns(UserWarning, match="a.gz is damaged: .*nnbook takes the next source") as told:
        assert source.read("a.gz", SHA256) == CONTENT
    assert told[0].message.args[0].startswith(str(cache / "set" / "a.gz"))
    assert (cache / "set" / "a.gz").read_bytes() == PACKED


def test_offline_the_error_names_both_ways_the_folders_and_the_sample(cache, monkeypatch):
    source = replace(datasets.FASHION, mirrors=(DEAD,), installed=("/nowhere",))
    monkeypatch.setattr(datasets, "FASHION", source)
    with pytest.raises(FileNotFoundError) as caught:
        load_fashion_mnist()
    message = str(caught.value)
    for part in (
        *(f"{cache / 'fashion-mnist'} or /nowhere", "train-images-idx3-ubyte.gz: ConnectionError"),
        *("Run this once with a network", "apt install dataset-fashion-mnist", "sample=True"),
    ):
        assert part in message


# --- The two data sets ---------------------------------------------------------------------------


def test_the_sample_needs_neither_cache_nor_network(cache, monkeypatch):
    monkeypatch.setattr(datasets, "FASHION", None)
    for (x, y), m in zip(load_fashion_mnist(sample=True), (10_000, 2_000), strict=True):
        assert (x.shape, x.dtype) == ((m, 28, 28), np.uint8)
        assert (y.shape, y.dtype) == ((m,), np.uint8)
        assert {*y} == {*range(10)}
    assert not cache.exists()


def test_a_damaged_sample_is_told(tmp_path, monkeypatch):
    path = tmp_path / "sample.npz"
    path.write_bytes(datasets.FASHION_SAMPLE_PATH.read_bytes()[:-1])
    monkeypatch.setattr(datasets, "FASHION_SAMPLE_PATH", path)
    with pytest.raises(ValueError, match="sample.npz is damaged: 5,231,761 bytes"):
        load_fashion_mnist(sample=True)


@pytest.fixture
def full(monkeypatch):
    folder = Path("/usr/share/datasets/fashion-mnist")
    if not folder.exists():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    monkeypatch.setattr(datasets, "FASHION", replace(datasets.FASHION, mirrors=()))
    return load_fashion_mnist()


def test_debians_files_are_the_whole_and_the_sample_is_their_beginning(full):
    sample = load_fashion_mnist(sample=True)
    for (x, y), (x_few, y_few), m in zip(full, sample, (60_000, 10_000), strict=True):
        assert (x.shape, x.dtype) == ((m, 28, 28), np.uint8)
        assert (y.shape, y.dtype) == ((m,), np.uint8)
        assert np.bincount(y).tolist() == [m // 10] * 10
        assert x.flags.writeable
        assert_array_equal(x[: len(x_few)], x_few)
        assert_array_equal(y[: len(y_few)], y_few)


def batch(images, labels):
    """Pickle a batch as Python 2 and its NumPy did for the real archive, code by code."""
    data = images.transpose(0, 3, 1, 2).tobytes()
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
    dtype += b"(K\x03U\x01|NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    state = b"(K\x01M" + struct.pack("<H", len(images)) + b"M\x00\x0c\x86" + dtype + b"\x89T"
    values = b"".join(b"K" + bytes([label]) for label in labels)
    return (
        b"\x80\x02}(U\x06labels](" + values + b"eU\x04data" + array + state
        + struct.pack("<i", len(data)) + data + b"tbu."
    )  # fmt: skip


@pytest.fixture
def archive(cache, rng, monkeypatch):
    """A small archive in the format of CIFAR-10, in the cache; its images and labels returned."""
    images = rng.integers(0, 256, (6, 4, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, (6, 4), dtype=np.uint8)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for name, x, y in zip(names, images, labels, strict=True):
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            content = batch(x, y)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    sha256 = hashlib.sha256(packed.getvalue()).hexdigest()
    monkeypatch.setattr(datasets, "CIFAR10_FILE", ("cifar-10-python.tar.gz", sha256))
    monkeypatch.setattr(datasets, "CIFAR10", replace(datasets.CIFAR10, mirrors=(DEAD,)))
    put(cache / "cifar-10", packed.getvalue(), "cifar-10-python.tar.gz")
    return images, labels


def test_cifar10_is_read_from_its_archive(archive):
    images, labels = archive
    (x_train, y_train), (x_test, y_test) = load_cifar10()
    assert_array_equal(x_train, images[:5].reshape(20, 32, 32, 3), strict=True)
    assert_array_equal(y_train, labels[:5].ravel(), strict=True)
    assert_array_equal(x_test, images[5], strict=True)
    assert_array_equal(y_test, labels[5], strict=True)


def test_nothing_is_unpickled_before_it_is_verified(archive, cache, monkeypatch):
    monkeypatch.setattr(pickle, "load", lambda *_, **__: pytest.fail("unpickled"))
    path = cache / "cifar-10" / "cifar-10-python.tar.gz"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.warns(UserWarning, match="is damaged"), pytest.raises(FileNotFoundError):
        load_cifar10()


def test_the_labels_have_ten_names_each():
    for labels in (datasets.FASHION_LABELS, datasets.CIFAR10_LABELS):
        assert len({*labels}) == 10
