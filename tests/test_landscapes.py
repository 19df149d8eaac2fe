"""Landscapes: exact gradients, paths that are PyTorch's and Keras's, planes and curvatures."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import SGD, Adam, AdamW, CosineDecay, RMSProp, mlp
from nnbook.gradient_check import gradient_check
from nnbook.landscapes import (
    BEALE,
    SADDLE,
    Landscape,
    bowl,
    hessian,
    network_landscape,
    rosenbrock,
)
from nnbook.paths import plane, principal_directions, trace

A = np.array([[6.0, 2.0], [2.0, 3.0]])  # eigenvalues 7 and 2


def in_torch(name):
    """Return the same functions in the words of their formulas; (x, y) is a tensor."""
    return {
        "bowl": lambda x, y: 3 * x**2 + 2 * x * y + 1.5 * y**2,
        "saddle": lambda x, y: (x**2 - y**2) / 2 + y**4 / 4,
        "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        "gentle": lambda x, y: (1 - x) ** 2 + 10 * (y - x**2) ** 2,
        "beale": lambda x, y: (
            (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
        ),
    }[name]


LANDSCAPES = {
    "bowl": bowl(A),
    "saddle": SADDLE,
    "rosenbrock": rosenbrock(),
    "gentle": rosenbrock(10),
    "beale": BEALE,
}
MINIMA = {
    "bowl": [(0, 0)],
    "saddle": [(0, 1), (0, -1)],
    "rosenbrock": [(1, 1)],
    "gentle": [(1, 1)],
    "beale": [(3, 0.5)],
}
OPTIMIZERS = {
    "sgd": (SGD(1e-3), "SGD", {"lr": 1e-3}),
    "momentum": (SGD(1e-3, 0.9), "SGD", {"lr": 1e-3, "momentum": 0.9}),
    "nesterov": (SGD(1e-3, 0.9, True), "SGD", {"lr": 1e-3, "momentum": 0.9, "nesterov": True}),
    "rmsprop": (RMSProp(0.01), "RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-7}),
    "adam": (Adam(0.1), "Adam", {"lr": 0.1}),
    "adamw": (AdamW(0.1, 0.1), "AdamW", {"lr": 0.1, "weight_decay": 0.1}),
}
each_landscape = pytest.mark.parametrize("name", LANDSCAPES)
each_optimizer = pytest.mark.parametrize("rule", OPTIMIZERS)


# --- Gradients -----------------------------------------------------------------------------------


def checked(landscape, w):
    return gradient_check(lambda p: landscape.value(p["w"]), {"w": w}, {"w": landscape.gradient(w)})


@each_landscape
def test_the_gradient_passes_the_check_and_a_wrong_one_does_not(name, rng):
    landscape = LANDSCAPES[name]
    wrong = Landscape(landscape.value, lambda w: landscape.gradient(w) * [1, 1.001])
    for w in rng.uniform(-2, 2, size=(10, 2)):
        assert checked(landscape, w).passed
        assert not checked(wrong, w).passed


@each_landscape
def test_value_and_gradient_are_pytorchs(name, rng, torch):
    landscape = LANDSCAPES[name]
    for w in rng.uniform(-2, 2, size=(10, 2)):
        point = torch.tensor(w, requires_grad=True)
        height = in_torch(name)(*point)
        height.backward()
        assert landscape.value(w) == pytest.approx(height.item(), rel=1e-12)
        assert_allclose(landscape.gradient(w), point.grad.numpy(), rtol=1e-11, atol=1e-12)


@each_landscape
def test_the_minima_are_where_the_docstrings_say(name, rng):
    landscape = LANDSCAPES[name]
    for minimum in np.array(MINIMA[name], dtype=float):
        assert_allclose(landscape.gradient(minimum), 0, atol=1e-12)
        assert np.linalg.eigvalsh(hessian(landscape, minimum)).min() > 0
        around = minimum + 0.1 * rng.normal(size=(20, 2))
        assert all(landscape.value(w) > landscape.value(minimum) for w in around)


def test_the_saddle_is_one():
    assert_array_equal(SADDLE.gradient(np.zeros(2)), 0)
    assert_allclose(hessian(SADDLE, np.zeros(2)), np.diag([1, -1]), atol=1e-7)


@pytest.mark.parametrize("wrong", [np.eye(2)[:1], [[1, 2], [0, 1]]])
def test_a_bowl_wants_a_symmetric_matrix(wrong):
    with pytest.raises(ValueError, match=re.escape("expected A equal to A.T")):
        bowl(wrong)


def test_curvatures_of_a_bowl_and_of_the_ravine():
    assert_allclose(hessian(LANDSCAPES["bowl"], [1, 2]), A, rtol=1e-9)
    assert_allclose(hessian(rosenbrock(), [1, 1]), [[802, -400], [-400, 200]], rtol=1e-6)


# --- Paths ---------------------------------------------------------------------------------------


@each_landscape
@each_optimizer
def test_a_path_is_pytorchs(name, rule, torch):
    optimizer, theirs, options = OPTIMIZERS[rule]
    start = np.array([-1.0, 1.5])
    point = torch.tensor(start, requires_grad=True)
    stepper = getattr(torch.optim, theirs)([point], **options)
    expected = [start]
    for _ in range(30):  # later RMSProp zigzags, which blows rounding up
        stepper.zero_grad()
        in_torch(name)(*point).backward()
        stepper.step()
        expected.append(point.detach().numpy().copy())
    path = trace(optimizer, LANDSCAPES[name], start, 30)
    assert_allclose(path, expected, rtol=1e-9, atol=1e-11)


def test_gradient_descent_on_a_bowl_is_the_power_of_a_matrix():
    path, step = trace(SGD(0.1), bowl(A), [1, -2], 30), np.eye(2) - 0.1 * A
    expected = [np.linalg.matrix_power(step, k) @ [1, -2] for k in range(31)]
    assert_allclose(path, expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(("share", "grows"), [(0.99, False), (1.01, True)])
def test_a_bowl_is_left_above_two_over_the_largest_curvature(share, grows):
    path = trace(SGD(share * 2 / 7), bowl(A), [1, 1], 500)
    assert (np.linalg.norm(path[-1]) > np.linalg.norm(path[0])) == grows


def test_a_path_starts_with_a_fresh_optimizer_and_leaves_it_alone():
    optimizer = SGD(0.01, 0.9)
    first, second = (trace(optimizer, bowl(A), [1, -2], 20) for _ in range(2))
    assert_array_equal(first, second)
    assert optimizer.iterations == 0
    assert not optimizer.state


def test_noise_is_seeded_and_of_the_size_asked_for():
    flat = Landscape(lambda w: 0.0, lambda w: np.zeros(2))
    path = trace(SGD(1.0), flat, [0, 0], 5000, noise=0.3, rng=0)
    assert np.diff(path, axis=0).std() == pytest.approx(0.3, rel=0.05)
    assert_array_equal(path, trace(SGD(1.0), flat, [0, 0], 5000, noise=0.3, rng=0))


def test_a_path_to_infinity_is_refused_with_its_step():
    with pytest.raises(FloatingPointError, match=r"step \d of SGD\(learning_rate=0.1"):
        trace(SGD(0.1), rosenbrock(), [-1.5, 2], 80)


# --- Networks ------------------------------------------------------------------------------------


@pytest.fixture
def problem(rng):
    x, y = rng.normal(size=(12, 4)), rng.integers(3, size=12)
    return mlp([4, 5, 3], activation="tanh", rng=0, dtype="float64"), x, y


def test_the_loss_of_a_network_is_a_landscape(problem):
    network, x, y = problem
    landscape, start = network_landscape(network, x, y), network.parameters.copy()
    assert landscape.value(start) == network.compute_loss(x, y)
    assert checked(landscape, start).passed


def test_a_path_over_a_networks_loss_is_its_training(problem):
    network, x, y = problem
    path = trace(Adam(0.01), network_landscape(network, x, y), network.parameters, 20)
    other = mlp([4, 5, 3], activation="tanh", rng=0, dtype="float64")
    other.fit(x, y, epochs=20, batch_size=12, optimizer=Adam(0.01), verbose=0)
    assert_allclose(path[-1], other.parameters, rtol=1e-7, atol=1e-10)


def test_the_curvatures_of_a_network_are_pytorchs(problem, torch):
    network, x, y = problem
    start = network.parameters.copy()
    found = hessian(network_landscape(network, x, y), start)
    sizes = [(4, 5), (5, 3), (5,), (3,)]  # weights first

    def loss(w):
        parts = torch.split(w, [int(np.prod(size)) for size in sizes])
        W1, W2, b1, b2 = (part.reshape(size) for part, size in zip(parts, sizes, strict=True))
        logits = torch.tanh(torch.tensor(x) @ W1 + b1) @ W2 + b2
        return torch.nn.functional.cross_entropy(logits, torch.tensor(y))

    expected = torch.autograd.functional.hessian(loss, torch.tensor(start)).numpy()
    assert_allclose(found, expected, atol=1e-8)


# --- Planes --------------------------------------------------------------------------------------


def test_a_plane_holds_rows_of_heights():
    across, up = [0.0, 1.0, 2.0], [-1.0, 3.0]
    heights = plane(rosenbrock(), across, up)
    assert heights.shape == (2, 3)
    assert heights[1, 2] == rosenbrock().value((2.0, 3.0))


def test_a_plane_through_more_dimensions(rng):
    B = rng.normal(size=(5, 5))
    landscape, (origin, *directions) = bowl(B @ B.T), rng.normal(size=(3, 5))
    heights = plane(landscape, [0.5], [2.0], origin, directions)
    expected = landscape.value(origin + 0.5 * directions[0] + 2 * directions[1])
    assert heights[0, 0] == pytest.approx(expected)


def test_principal_directions_of_a_path_in_a_plane(rng):
    basis = np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    path = rng.normal(size=6) + rng.normal(size=(9, 2)) @ basis
    directions, share = principal_directions(path)
    assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)
    assert share == pytest.approx(1)
    assert_allclose((path - path[-1]) @ directions.T @ directions, path - path[-1], atol=1e-12)


def test_principal_directions_hold_the_share_they_say(rng):
    path = rng.normal(size=(30, 6)) * [5, 3, 1, 1, 1, 1]
    directions, share = principal_directions(path)
    away = path - path[-1]
    assert share == pytest.approx(np.sum((away @ directions.T) ** 2) / np.sum(away**2))
    with pytest.raises(ValueError, match="path has 2 points"):
        principal_directions(path[:2])


# --- Keras ---------------------------------------------------------------------------------------

IN_KERAS = {
    "sgd": (SGD(1e-3), "SGD", {"learning_rate": 1e-3}),
    "momentum": (SGD(1e-3, 0.9), "SGD", {"learning_rate": 1e-3, "momentum": 0.9}),
    "nesterov": (
        SGD(1e-3, 0.9, True),
        "SGD",
        {"learning_rate": 1e-3, "momentum": 0.9, "nesterov": True},
    ),
    "rmsprop": (
        RMSProp(0.01, convention="keras"),
        "RMSprop",
        {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-7},
    ),
    "adam": (
        Adam(0.1, epsilon=1e-7, convention="keras"),
        "Adam",
        {"learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    ),
    "adamw": (
        AdamW(0.1, 0.1, epsilon=1e-7, convention="keras"),
        "AdamW",
        {"learning_rate": 0.1, "weight_decay": 0.1},
    ),
}


@pytest.mark.parametrize("name", ["bowl", "rosenbrock"])
@pytest.mark.parametrize("rule", IN_KERAS)
def test_a_path_is_keras(name, rule, keras_mlp):
    keras = keras_mlp.keras
    optimizer, theirs, options = IN_KERAS[rule]
    start = np.array([-1.0, 1.5])
    point = keras.Variable(start, dtype="float64")
    stepper = getattr(keras.optimizers, theirs)(**options)
    expected = [start]
    for _ in range(30):
        gradient = LANDSCAPES[name].gradient(expected[-1])
        stepper.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [point])
        expected.append(keras.ops.convert_to_numpy(point).copy())
    path = trace(optimizer, LANDSCAPES[name], start, 30)
    # Keras rounds rates, momentum and betas to float32; test_three_ways tells how.
    assert_allclose(path, expected, rtol=0, atol=2e-5)


# --- The chapter's loops, with a schedule --------------------------------------------------------

SCHEDULED = AdamW(CosineDecay(0.016, 30), weight_decay=0.1)


def test_the_chapters_loop_in_pytorch_walks_our_path(torch):
    start = np.array([-1.0, 1.5])
    point = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.AdamW([point], lr=0.016, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
    for _ in range(30):
        optimizer.zero_grad()
        in_torch("gentle")(*point).backward()
        optimizer.step()
        scheduler.step()
    path = trace(SCHEDULED, rosenbrock(10), start, 30)
    assert_allclose(path[-1], point.detach().numpy(), rtol=1e-12)


def test_the_chapters_optimizer_in_keras_walks_our_path(keras_mlp):
    keras, landscape = keras_mlp.keras, rosenbrock(10)
    rate = keras.optimizers.schedules.CosineDecay(0.016, decay_steps=30)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.1)
    point = keras.Variable([-1.0, 1.5], dtype="float64")
    for _ in range(30):
        gradient = landscape.gradient(keras.ops.convert_to_numpy(point))
        optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [point])
    path = trace(SCHEDULED, landscape, [-1.0, 1.5], 30)
    assert_allclose(keras.ops.convert_to_numpy(point), path[-1], rtol=0, atol=2e-5)
