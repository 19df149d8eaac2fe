"""The worked solutions of the museum, against PyTorch and numerical gradients."""

import numpy as np
import pytest

from nnbook.exercises import EXERCISES
from nnbook.exercises.solutions import bug_museum
from nnbook.gradient_check import numerical_gradient
from nnbook.museum import tutorial

NETWORKS = EXERCISES["museum-backward"].cases(np.random.default_rng(1))


@pytest.mark.parametrize("case", NETWORKS, ids=["fixed", "drawn", "square"])
def test_backward(case, torch):
    W1, W2, X, Y, mask, rate = case
    first, second = (torch.tensor(W, requires_grad=True) for W in (W1, W2))
    hidden = torch.relu(torch.tensor(X) @ first) * torch.tensor(mask) / (1 - rate)
    (0.5 * ((hidden @ second - torch.tensor(Y)) ** 2).sum()).backward()
    for got, wanted in zip(bug_museum.dropout_relu_backward(*case), (first, second), strict=True):
        np.testing.assert_allclose(got, wanted.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_backward_of_one_image_is_the_exhibit_mended(rng):
    W1, W2, x = rng.normal(size=(4, 6)), rng.normal(size=(6, 3)), rng.normal(size=4)
    y, mask = np.eye(3)[1], rng.integers(2, size=6)
    got = bug_museum.dropout_relu_backward(W1, W2, x[None], y[None], mask[None], 0.5)
    wanted = tutorial.mended_backward(W1, W2, x, y, mask)
    for ours, theirs in zip(got, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("case", NETWORKS, ids=["fixed", "drawn", "square"])
def test_the_inputs_hold_a_dropped_neuron_and_a_kept_closed_one(case):
    W1, _, X, _, mask, _ = case
    assert mask[0, 0] == 0
    assert mask[1, 1] == 1
    assert (X @ W1)[1, 1] < 0


def test_squared_error(rng, torch):
    outputs, targets = rng.normal(size=(7, 1)), rng.normal(size=7)
    loss, gradient = bug_museum.squared_error(outputs, targets)
    theirs = torch.nn.functional.mse_loss(torch.tensor(outputs[:, 0]), torch.tensor(targets))
    assert loss == pytest.approx(theirs.item())
    wanted = numerical_gradient(
        lambda p: bug_museum.squared_error(p["o"], targets)[0], {"o": outputs}
    )
    assert gradient.shape == outputs.shape
    np.testing.assert_allclose(gradient, wanted["o"], atol=1e-9)
