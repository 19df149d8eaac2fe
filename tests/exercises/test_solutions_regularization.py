"""The worked solutions of the chapter on regularisation, against the package and PyTorch."""

from types import SimpleNamespace

import numpy as np
import pytest

from nnbook import SoftmaxCrossEntropy
from nnbook.callbacks import EarlyStopping
from nnbook.exercises.solutions import regularization
from nnbook.gradient_check import numerical_gradient
from nnbook.layers import RandomShift


@pytest.mark.parametrize("patience", [1, 2, 3, 5, 20])
def test_early_stopping(patience, rng):
    for _ in range(50):
        losses = rng.integers(10, size=15) / 10  # with ties
        callback, epoch = EarlyStopping(patience=patience), 0
        training = SimpleNamespace(stop=False, network=SimpleNamespace(get_weights=dict))
        while not training.stop and epoch < len(losses):
            epoch += 1
            callback.on_epoch_end(training, epoch, {"val_loss": losses[epoch - 1]})
        found = regularization.early_stopping(losses, patience)
        assert found == (epoch, callback.best_epoch)


def test_shift_images(rng):
    images = rng.random((40, 4, 5))
    layer = RandomShift(2, (4, 5)).build((20,), rng, "float64")
    moved = layer.forward(images.reshape(40, -1), training=True).reshape(images.shape)
    for k, (start_row, start_column) in enumerate(layer.start.T):
        a, b = 2 - start_row, 2 - start_column
        got = regularization.shift_images(images[k : k + 1], a, b)
        np.testing.assert_array_equal(got[0], moved[k])


@pytest.mark.parametrize("alpha", [0, 0.1, 0.6])
def test_smoothed_cross_entropy(alpha, rng, torch):
    logits, y = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    loss, gradient = regularization.smoothed_cross_entropy(logits, y, alpha)
    package = SoftmaxCrossEntropy(alpha)
    assert package.forward(logits, y) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(gradient, package.backward(), atol=1e-15)
    z = torch.tensor(logits, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(z, torch.tensor(y), label_smoothing=alpha)
    theirs.backward()
    assert theirs.item() == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(gradient, z.grad.numpy(), atol=1e-15)
    numeric = numerical_gradient(lambda p: package.forward(p["z"], y), {"z": logits})["z"]
    np.testing.assert_allclose(gradient, numeric, atol=1e-8)
