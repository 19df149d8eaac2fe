"""The solutions of the speed run, against the package, PyTorch and drawn samples."""

import numpy as np
import pytest

from nnbook import OneCycle
from nnbook.exercises.solutions import speed_run


def test_max_norm(rng, torch):
    W = rng.normal(size=(6, 5)) * [0.1, 1, 2, 0.3, 5]
    expected = torch.renorm(torch.tensor(W), p=2, dim=1, maxnorm=1.5).numpy()
    np.testing.assert_allclose(speed_run.max_norm(W, 1.5), expected, rtol=1e-6)


@pytest.mark.parametrize("total", [10, 37, 300])
def test_one_cycle(total, torch):
    package = OneCycle(0.02, total)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.02, total_steps=total, cycle_momentum=False
    )
    for step in range(total):
        rate = speed_run.one_cycle(step, total, 0.02)
        assert rate == pytest.approx(package(step), rel=1e-9)
        assert rate == pytest.approx(theirs.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step < total - 1:
            theirs.step()


@pytest.mark.parametrize(("p", "n"), [(0.01, 10_000), (0.3, 50), (0.5, 400)])
def test_error_bar(p, n, rng):
    shares = rng.binomial(n, p, 200_000) / n
    share, bar = speed_run.error_bar(p * n, n)
    assert share == p
    assert bar == pytest.approx(shares.std(), rel=0.02)
