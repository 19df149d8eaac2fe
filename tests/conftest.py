"""What all tests share: settings, the frameworks as fixtures, and the tests that need a GPU."""

import importlib.util
import os
import warnings

os.environ["MPLBACKEND"] = "Agg"  # no window, whatever the machine
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the arrays are small, and processes share the cores

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run; no time limit for one, because runners are slow now and then.
settings.register_profile("reproducible", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("reproducible")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def torch_mlp():
    return importlib.import_module("nnbook.frameworks.torch_mlp")


@pytest.fixture(scope="session")
def torch(torch_mlp):
    return torch_mlp.torch


@pytest.fixture(scope="session")
def keras_mlp():
    return importlib.import_module("nnbook.frameworks.keras_mlp")


@pytest.fixture(scope="session")
def epoch_order():
    """The one order in which both frameworks have to take the samples."""

    def batches(num_samples, batch_size, epochs, rng):
        rng = np.random.default_rng(rng)
        orders = [rng.permutation(num_samples).tolist() for _ in range(epochs)]
        starts = range(0, num_samples, batch_size)
        return [order[i : i + batch_size] for order in orders for i in starts]

    return batches


# --- Tests that need a framework or a GPU --------------------------------------------------------


def pytest_addoption(parser):
    parser.addoption(
        "--require-gpu", action="store_true", help="fail tests marked gpu where there is no GPU"
    )
    parser.addoption(
        "--require-browser", action="store_true", help="fail tests/site where it cannot run"
    )


def missing_framework(framework):
    """Say why the tests of "keras" or "torch" cannot run, or return None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a framework warns of at its import is not ours
            # In one process these come before TensorFlow. PyTorch's CUDA build loads triton when
            # the first optimizer is made, and after TensorFlow that crashes.
            for earlier in ("torch", "triton"):
                if importlib.util.find_spec(earlier):
                    importlib.import_module(earlier)
            importlib.import_module(f"nnbook.frameworks.{framework}_mlp")
    except ImportError as error:
        if isinstance(error.__cause__, ModuleNotFoundError):
            return str(error)
        raise
    return None


def missing_gpu(framework):
    """Say why the tests marked ``gpu("keras")`` or ``gpu("torch")`` cannot run, or return None."""
    if reason := missing_framework(framework):
        return reason
    device = importlib.import_module(f"nnbook.frameworks.{framework}_mlp").choose_device()
    return f"{framework} sees no GPU" if device.startswith("cpu") else None


def pytest_runtest_setup(item):
    """Skip here, not in the fixtures, so that pytest counts equal reasons together."""
    marker = item.get_closest_marker("gpu")
    reason = marker and missing_gpu(*marker.args)
    if reason and item.config.getoption("--require-gpu"):
        pytest.fail(f"--require-gpu: {reason}", pytrace=False)
    for framework in ("torch", "keras"):
        if not reason and f"{framework}_mlp" in item.fixturenames:
            reason = missing_framework(framework)
    if reason:
        pytest.skip(reason)
