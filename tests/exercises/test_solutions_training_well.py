"""The worked solutions of "Training well", against the package, PyTorch and brute force."""

import itertools

import numpy as np
import pytest

from nnbook.activations import softmax
from nnbook.calibration import expected_calibration_error
from nnbook.calibration import temperature_slope as package_slope
from nnbook.exercises.solutions import training_well


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_calibration_error(bins, rng):
    P, y = softmax(3 * rng.normal(size=(80, 4))), rng.integers(4, size=80)
    P[:5] = np.eye(4)[rng.integers(4, size=5)]
    right = (P.argmax(axis=1) == y).astype(int)
    got = training_well.calibration_error(P.max(axis=1), right, bins)
    assert got == pytest.approx(expected_calibration_error(P, y, bins))


@pytest.mark.parametrize("T", [0.5, 1.0, 3.0])
def test_temperature_slope(T, rng, torch):
    z, y = 2 * rng.normal(size=(7, 4)), rng.integers(4, size=7)
    got = training_well.temperature_slope(z, y, T)
    t = torch.tensor(T, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(torch.tensor(z) / t, torch.tensor(y)).backward()
    assert got == pytest.approx(t.grad.item())
    assert got == pytest.approx(package_slope(z, y, T))


def test_fgsm_step(rng):
    """No corner of the box raises a linear loss further, and none leaves the range of a pixel."""
    x, g, epsilon = rng.random((1, 6)), rng.normal(size=(1, 6)), 0.3
    corners = np.array([*itertools.product([-1, 0, 1], repeat=6)])
    wanted = (np.clip(x + epsilon * corners, 0, 1) * g).sum(axis=1).max()
    got = training_well.fgsm_step(x, g, epsilon)
    assert (got * g).sum() == pytest.approx(wanted)
    assert np.abs(got - x).max() <= epsilon + 1e-12
    assert 0 <= got.min() <= got.max() <= 1
