"""The worked solutions of the chapter on optimisation, against the package and PyTorch."""

import numpy as np
import pytest

from nnbook import SGD, Adam, CosineDecay, Warmup
from nnbook.exercises.solutions import optimization
from nnbook.landscapes import bowl
from nnbook.paths import trace


def shrinkage(A, rate, momentum):
    """Return by what a step multiplies the distance in the long run: a spectral radius."""
    n = len(A)
    step = np.block(
        [[np.eye(n) - rate * A, -rate * momentum * np.eye(n)], [A, momentum * np.eye(n)]]
    )
    return np.abs(np.linalg.eigvals(step)).max()


def test_best_momentum_shrinks_fastest(rng):
    B = rng.normal(size=(6, 4))
    A = B.T @ B
    rate, momentum = optimization.best_momentum(A)
    best = shrinkage(A, rate, momentum)
    assert best == pytest.approx(np.sqrt(momentum), abs=1e-6)
    for _ in range(200):
        other = rate * rng.uniform(0.5, 1.5), momentum + rng.uniform(-1, 1) * (1 - momentum)
        assert shrinkage(A, *other) > best - 1e-6


def test_best_momentum_walks_as_the_theory_says():
    A = np.diag([1.0, 100.0])
    path = trace(SGD(*optimization.best_momentum(A)), bowl(A), [1, 1], 400)
    distances = np.linalg.norm(path, axis=1)
    assert (distances[400] / distances[200]) ** (1 / 200) == pytest.approx(9 / 11, rel=0.01)


def test_nesterov_step_is_pytorchs_seen_from_the_point_ahead(rng, torch):
    A = np.diag([1.0, 4.0, 9.0])
    w, u, rate, mu = rng.normal(size=3), np.zeros(3), 0.05, 0.8
    ahead = torch.tensor(w)
    optimizer = torch.optim.SGD([ahead], rate, momentum=mu, nesterov=True)
    for _ in range(5):
        ahead.grad = torch.tensor(A) @ ahead
        optimizer.step()
        w, u = optimization.nesterov_step(w, u, lambda w: A @ w, rate, mu)
        np.testing.assert_allclose(w - rate * mu * u, ahead.numpy(), rtol=1e-12)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9)])
def test_uncorrected_step_is_adams_over_its_corrections(betas):
    w, optimizer = np.zeros(1), Adam(1.0, *betas)
    for t in range(1, 20):
        before = w.copy()
        optimizer.step(w, np.array([3.0]))
        m, v = optimizer.state["m"], optimizer.state["v"]
        assert before - w == pytest.approx(1, rel=1e-6)  # with the corrections
        assert optimization.uncorrected_step(t, *betas) == pytest.approx((m / np.sqrt(v)).item())


def test_warmup_cosine_is_that_of_the_package():
    wanted = Warmup(CosineDecay(0.3, decay_steps=25), warmup_steps=7)
    got = [optimization.warmup_cosine(step, 0.3, 7, 32) for step in range(33)]
    np.testing.assert_allclose(got, [wanted(step) for step in range(33)], atol=1e-16)
