"""The worked solutions of initialisation and normalisation, against package, PyTorch, algebra."""

import numpy as np
import pytest

from nnbook import BatchNorm, Dense, ReLU, Sequential
from nnbook.exercises.solutions import initialization
from nnbook.gradient_check import numerical_gradient
from nnbook.initializers import constant_scale


def test_signal_factors():
    """Against the mean squares of many draws, forward and backward."""
    sizes, stddevs = [30, 50, 20, 40], [0.2, 0.3, 0.25]
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(10, 30)), rng.normal(size=(10, 40))
    ratios = []
    for _ in range(400):
        layers = []
        for n, k, s in zip(sizes[:-1], sizes[1:], stddevs, strict=True):
            layers += [Dense(n, k, constant_scale(s)), ReLU()]
        network = Sequential(layers, rng=rng, dtype="float64")
        network.layers[0].needs_input_gradient = True
        y, back = network.forward(x), dy
        for layer in reversed(network.layers):
            back = layer.backward(back)
        ratios.append([(y**2).mean() / (x**2).mean(), (back**2).mean() / (dy**2).mean()])
    measured, error = np.mean(ratios, axis=0), np.std(ratios, axis=0) / np.sqrt(len(ratios))
    predicted = np.array(initialization.signal_factors(sizes, stddevs))
    assert np.all(np.abs(measured - predicted) < 4 * error)
    assert np.all(error < 0.05 * predicted)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_forward(training, rng, torch):
    x, gamma, beta = rng.normal(3, 2, size=(6, 3)), *rng.normal(size=(2, 3))
    mean, variance = rng.normal(size=3), rng.uniform(0.5, 2, size=3)
    layer = BatchNorm(3, momentum=0.8, epsilon=0.1).build((3,), dtype="float64")
    layer.parameters = {"gamma": gamma, "beta": beta}
    layer.buffers = {"mean": mean.copy(), "variance": variance.copy()}
    theirs = torch.nn.BatchNorm1d(3, eps=0.1, momentum=0.2, dtype=torch.float64).train(training)
    state = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}
    theirs.load_state_dict({n: torch.tensor(a) for n, a in state.items()}, strict=False)

    given = x, gamma, beta, mean, variance
    y, new_mean, new_variance = initialization.batch_norm_forward(*given, 0.8, 0.1, training)
    np.testing.assert_allclose(y, layer.forward(x, training), rtol=1e-12)
    np.testing.assert_allclose(y, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(new_mean, layer.buffers["mean"], rtol=1e-12)
    np.testing.assert_allclose(new_variance, layer.buffers["variance"], rtol=1e-12)
    np.testing.assert_allclose(new_mean, theirs.running_mean.numpy(), rtol=1e-12)
    moved = theirs.running_var.numpy() - 0.8 * variance  # PyTorch's variance has 1/(m - 1)
    if training:
        np.testing.assert_allclose(new_variance - 0.8 * variance, moved * 5 / 6, rtol=1e-12)


def test_layer_norm_backward(rng, torch):
    dy, x = rng.normal(size=(2, 4, 6))
    values = {"x": x, "gamma": rng.normal(size=6), "beta": rng.normal(size=6)}

    def tensor_loss(p):
        normed = torch.nn.functional.layer_norm(p["x"], (6,), p["gamma"], p["beta"], eps=0.01)
        return (normed * torch.tensor(dy)).sum()

    def loss(p):
        return float(tensor_loss({n: torch.tensor(a) for n, a in p.items()}))

    tensors = {n: torch.tensor(a, requires_grad=True) for n, a in values.items()}
    tensor_loss(tensors).backward()
    wanted = numerical_gradient(loss, values)
    got = initialization.layer_norm_backward(dy, x, values["gamma"], 0.01)
    for name, gradient in zip(values, got, strict=True):
        np.testing.assert_allclose(gradient, wanted[name], atol=1e-8)
        np.testing.assert_allclose(gradient, tensors[name].grad.numpy(), rtol=1e-9)


def test_fold_batch_norm(rng):
    network = Sequential([Dense(5, 4), BatchNorm(epsilon=0.1)], "mean_squared_error", 0, "float64")
    weights = {name: rng.random(a.shape) for name, a in network.get_weights().items()}
    network.set_weights(weights)
    x = rng.normal(size=(7, 5))
    names = ("0.W", "0.b", "1.gamma", "1.beta", "1.mean", "1.variance")
    W, b = initialization.fold_batch_norm(*(weights[name] for name in names), 0.1)
    np.testing.assert_allclose(x @ W + b, network.forward(x), rtol=1e-12)
