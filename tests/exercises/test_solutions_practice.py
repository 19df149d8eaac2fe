"""The worked solutions, against the package, PyTorch, scikit-learn and numerical gradients."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from nnbook import SGD, Adam, AdamW, BatchNorm, Dropout, SoftmaxCrossEntropy, mlp
from nnbook.autodiff import Value
from nnbook.callbacks import LearningRateRangeTest
from nnbook.exercises.solutions import autodiff, engine, practice
from nnbook.gradient_check import numerical_gradient

# --- Automatic differentiation -------------------------------------------------------------------


def test_walk_back(rng):
    a, b = map(Value, rng.normal(size=2))
    c = a * b
    d = c + a
    values = [a, b, c, d, d * c]
    values[-1].backward()
    numbers = {id(value): number for number, value in enumerate(values)}
    parents = [[(numbers[id(p)], slope) for p, slope in value.parents] for value in values]
    np.testing.assert_allclose(autodiff.walk_back(parents), [value.grad for value in values])


@pytest.mark.parametrize("shape", [(), (4,), (1,), (3, 1), (1, 4), (2, 1, 1), (2, 3, 4)])
def test_unbroadcast(shape, rng, torch):
    gradient = rng.normal(size=(2, 3, 4))
    small = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    small.expand(2, 3, 4).backward(torch.tensor(gradient))
    got = autodiff.unbroadcast(gradient, shape)
    assert got.shape == shape
    np.testing.assert_allclose(got, small.grad.numpy())


# --- The engine ----------------------------------------------------------------------------------


def test_batch_norm_backward(rng):
    dy, x = rng.normal(size=(2, 6, 3))
    values = {"x": x, "gamma": rng.normal(size=3), "beta": rng.normal(size=3)}
    layer = BatchNorm(3, epsilon=0.01)
    layer.parameters = values
    layer.gradients = {name: np.empty(3) for name in ("gamma", "beta")}
    layer.buffers = layer.initial_buffers()
    wanted = numerical_gradient(lambda p: float((layer.forward(p["x"], True) * dy).sum()), values)
    got = engine.batch_norm_backward(dy, x, values["gamma"], 0.01)
    for name, gradient in zip(values, got, strict=True):
        np.testing.assert_allclose(gradient, wanted[name], atol=1e-8)
    np.testing.assert_allclose(got[0], layer.backward(dy), rtol=1e-12)


def test_momentum_step(rng, torch):
    w, u = rng.normal(size=5), np.zeros(5)
    ours, theirs = w.copy(), torch.tensor(w)
    package = SGD(0.1, momentum=0.8)
    optimizer = torch.optim.SGD([theirs], 0.1, momentum=0.8)
    for _ in range(4):
        g = rng.normal(size=5)
        w, u = engine.momentum_step(w, g, u, 0.1, 0.8)
        package.step(ours, g.copy())
        theirs.grad = torch.tensor(g)
        optimizer.step()
    np.testing.assert_allclose(w, ours, rtol=1e-12)
    np.testing.assert_allclose(w, theirs.numpy(), rtol=1e-12)


@pytest.mark.parametrize(("alpha", "K"), [(0.1, 10), (0.4, 2), (0.9, 3)])
def test_lowest_smoothed_loss(alpha, K, rng):
    loss, gap = engine.lowest_smoothed_loss(alpha, K)
    package = SoftmaxCrossEntropy(label_smoothing=alpha)
    z = gap * np.eye(K)[:1]
    assert package.forward(z, np.array([0])) == pytest.approx(loss)
    np.testing.assert_allclose(package.backward(), 0, atol=1e-12)
    for _ in range(20):
        assert package.forward(z + rng.normal(size=(1, K)), np.array([0])) > loss


def test_adam_step(rng, torch):
    w, m, v = rng.normal(size=5), np.zeros(5), np.zeros(5)
    ours, theirs = w.copy(), torch.tensor(w)
    package = Adam(0.1, 0.8, 0.95, epsilon=0.05)
    optimizer = torch.optim.Adam([theirs], 0.1, (0.8, 0.95), eps=0.05)
    for t in range(1, 6):
        g = rng.normal(size=5)
        w, m, v = engine.adam_step(w, g, m, v, t, 0.1, 0.8, 0.95, 0.05)
        package.step(ours, g.copy())
        theirs.grad = torch.tensor(g)
        optimizer.step()
    np.testing.assert_allclose(w, ours, rtol=1e-12)
    np.testing.assert_allclose(w, theirs.numpy(), rtol=1e-12)


# --- Practice ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu"])
def test_activation_backward(name, rng, torch):
    z, da = rng.normal(size=(2, 4, 3))
    function = getattr(torch, name)

    def loss(p):
        return float((function(torch.tensor(p["z"])).numpy() * da).sum())

    wanted = numerical_gradient(loss, {"z": z})["z"]
    np.testing.assert_allclose(practice.activation_backward(name, z, da), wanted, atol=1e-8)


@pytest.mark.parametrize(("depth", "budget"), [(1, 110), (1, 111), (2, 500), (3, 2000)])
def test_width_for_budget(depth, budget):
    def count(width):
        return mlp([8, *[width] * depth, 3], rng=0).parameters.size

    width = practice.width_for_budget(8, 3, depth, budget)
    assert count(width) <= budget < count(width + 1)


@pytest.mark.parametrize(("share", "shrinks"), [(0.99, True), (1.01, False)])
def test_largest_learning_rate(share, shrinks, rng):
    B = rng.normal(size=(5, 3))
    A, w = B.T @ B, np.ones(3)
    rate = share * practice.largest_learning_rate(A)
    for _ in range(5000):
        w = w - rate * A @ w
    assert (np.linalg.norm(w) < 1e-3) == shrinks


def test_range_test_rates():
    wanted = LearningRateRangeTest(1e-5, 10, steps=7)
    rates = practice.range_test_rates(1e-5, 10, 7)
    np.testing.assert_allclose(rates, [wanted.rise(step) for step in range(7)], rtol=1e-12)
    np.testing.assert_allclose(rates, np.geomspace(1e-5, 10, 7), rtol=1e-12)


@pytest.mark.parametrize(("m", "batch_size", "epochs"), [(10, 4, 3), (12, 4, 3), (3, 8, 2)])
def test_steps_in_training(m, batch_size, epochs, rng):
    x, y = rng.normal(size=(m, 2)), np.arange(m) % 2
    optimizer = SGD(0.1)
    mlp([2, 2], rng=0).fit(x, y, epochs, batch_size, optimizer=optimizer, verbose=0)
    assert practice.steps_in_training(m, batch_size, epochs) == optimizer.iterations


def test_batch_gradient_spread(rng):
    gradients = rng.normal(size=(20, 3)) * [1, 5, 0.1]
    means = gradients[rng.integers(20, size=(100_000, 8))].mean(axis=1)
    spread = practice.batch_gradient_spread(gradients, 8)
    np.testing.assert_allclose(means.std(axis=0), spread, rtol=0.02)


def test_l2_step(rng):
    W, dW = rng.normal(size=(2, 4, 3))
    b, db = rng.normal(size=(2, 3))
    parameters, gradients = np.concatenate([W.ravel(), b]), np.concatenate([dW.ravel(), db])
    SGD(0.1, l2=0.3).step(parameters, gradients, num_weights=12)
    stepped = practice.l2_step(W, b, dW, db, 0.1, 0.3)
    np.testing.assert_allclose(np.concatenate([stepped[0].ravel(), stepped[1]]), parameters)


def test_adamw_step(rng, torch):
    w, m, v = rng.normal(size=5), np.zeros(5), np.zeros(5)
    ours, theirs = w.copy(), torch.tensor(w, requires_grad=True)
    package = AdamW(0.1, weight_decay=0.3)
    optimizer = torch.optim.AdamW([theirs], 0.1, weight_decay=0.3)
    for t in range(1, 6):
        g = rng.normal(size=5)
        w, m, v = practice.adamw_step(w, g, m, v, t, 0.1, 0.3)
        package.step(ours, g.copy())
        theirs.grad = torch.tensor(g)
        optimizer.step()
    np.testing.assert_allclose(w, ours, rtol=1e-12)
    np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_dropout(training, rng):
    x = rng.normal(size=(300, 200))
    y = practice.dropout(x, 0.25, training, rng)
    layer = Dropout(0.25)
    layer.rng = rng
    wanted = layer.forward(x, training)
    np.testing.assert_allclose(np.unique((y / x).round(9)), np.unique((wanted / x).round(9)))
    assert np.mean(y == 0) == pytest.approx(0.25 * training, abs=0.01)


def test_standardise_channels(rng):
    train, test = rng.integers(256, size=(6, 4, 5, 3)), rng.integers(256, size=(2, 4, 5, 3))
    scaler = StandardScaler().fit(train.reshape(-1, 3))
    for images, got in zip((train, test), practice.standardise_channels(train, test), strict=True):
        np.testing.assert_allclose(got.reshape(-1, 3), scaler.transform(images.reshape(-1, 3)))


def test_weights_as_images(rng):
    images = rng.normal(size=(5, 2, 3))
    W = np.stack([image.ravel() for image in images], axis=1)
    np.testing.assert_array_equal(practice.weights_as_images(W, 2, 3), images)
