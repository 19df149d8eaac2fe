"""The worked solutions of Lab 1, against the package, other libraries and central differences."""

import numpy as np
import pytest
import sklearn.metrics
from sklearn.preprocessing import StandardScaler

from nnbook import NeuralNetwork, one_hot_encode
from nnbook.activations import relu_derivative, sigmoid, sigmoid_derivative, softmax
from nnbook.exercises.catalogue.mnist_keras import ToyNetwork
from nnbook.exercises.catalogue.mnist_pytorch import training_runs
from nnbook.exercises.solutions import (
    activations,
    backpropagation,
    mnist_keras,
    mnist_pytorch,
    network_from_scratch,
    neuron,
    takeaways,
)
from nnbook.gradient_check import gradient_check, numerical_gradient
from nnbook.losses import (
    BinaryCrossEntropy,
    cross_entropy,
    softmax_cross_entropy,
    softmax_cross_entropy_gradient,
)
from nnbook.sequential import mlp

# --- Neuron --------------------------------------------------------------------------------------


def test_neuron(rng):
    x, w, b = rng.normal(size=4), rng.normal(size=4), 0.3
    np.testing.assert_allclose(neuron.neuron_by_hand(x, w, b), sigmoid(w @ x + b))


@pytest.mark.parametrize("scale", [1, 1000])
def test_neuron_loss(rng, scale):
    z, y = scale * rng.normal(size=50), rng.integers(2, size=50)
    wanted = BinaryCrossEntropy().forward(z[:, None], y)
    np.testing.assert_allclose(neuron.neuron_loss(z, y), wanted)


def test_neuron_gradient(rng):
    X, y = rng.normal(size=(3, 8)), rng.integers(2, size=8)
    parameters = {"w": rng.normal(size=3), "b": rng.normal(size=1)}

    def loss(p):
        return BinaryCrossEntropy().forward((p["w"] @ X + p["b"])[:, None], y)

    wanted = numerical_gradient(loss, parameters)
    dw, db = neuron.neuron_gradient(X, y, **parameters)
    np.testing.assert_allclose(dw, wanted["w"], rtol=1e-7)
    np.testing.assert_allclose(db, wanted["b"][0], rtol=1e-7)


# --- Activations ---------------------------------------------------------------------------------

NUMBERS = np.array([-1000.0, -740.0, -37.0, -1.0, 0.0, 1e-9, 1.0, 37.0, 1000.0])


def test_sigmoid():
    np.testing.assert_allclose(activations.stable_sigmoid(NUMBERS), sigmoid(NUMBERS), rtol=1e-14)


def test_slopes():
    slope = activations.slope_of_sigmoid(NUMBERS)
    np.testing.assert_allclose(slope, sigmoid_derivative(NUMBERS), atol=1e-16)
    np.testing.assert_array_equal(activations.slope_of_relu(NUMBERS), relu_derivative(NUMBERS))


@pytest.mark.parametrize("shift", [0, -1000, 1000])
def test_softmax(rng, shift):
    Z = shift + 100 * rng.normal(size=(4, 6))
    np.testing.assert_allclose(activations.softmax_of_columns(Z), softmax(Z, axis=0), rtol=1e-14)


# --- Network from scratch ------------------------------------------------------------------------


def test_he_init():
    network = NeuralNetwork(20, 64, 3, rng=0)
    W, b = network_from_scratch.he_init(20, 64, np.random.default_rng(0))
    np.testing.assert_array_equal(W, network.W1)
    np.testing.assert_array_equal(b, network.b1)


def test_forward(rng):
    network, X = NeuralNetwork(5, 7, 3, rng=rng), rng.normal(size=(5, 9))
    network.b1, network.b2 = rng.normal(size=(7, 1)), rng.normal(size=(3, 1))
    parameters = network.W1, network.b1, network.W2, network.b2
    got = network_from_scratch.forward_two_layer(*parameters, X)
    np.testing.assert_allclose(got, network.forward(X))


def test_cross_entropy(rng):
    Y, P = one_hot_encode(rng.integers(4, size=9), 4), softmax(rng.normal(size=(4, 9)), axis=0)
    P[:, 0] = np.roll(Y[:, 0], 1)  # certain of a wrong class
    got = network_from_scratch.mean_cross_entropy(Y, P)
    np.testing.assert_allclose(got, cross_entropy(Y, P))


def test_standardise(rng):
    X_train, X_test = 3 + 2 * rng.normal(size=(4, 20)), rng.normal(size=(4, 7))
    scaler = StandardScaler().fit(X_train.T)
    got = network_from_scratch.standardise(X_train, X_test)
    for scaled, X in zip(got, (X_train, X_test), strict=True):
        np.testing.assert_allclose(scaled, scaler.transform(X.T).T)


# --- Backpropagation -----------------------------------------------------------------------------


def test_softmax_gradient_is_that_of_the_loss(rng):
    Z, y = rng.normal(size=(4, 7)), rng.integers(4, size=7)
    expected = softmax_cross_entropy_gradient(Z.T, y).T
    np.testing.assert_allclose(
        backpropagation.softmax_gradient(Z, one_hot_encode(y, 4)), expected, atol=1e-15
    )


def test_backprop_two_layer_is_that_of_the_network_and_of_the_loss(rng):
    network = NeuralNetwork(3, 5, 4, rng=rng)
    X, Y = rng.normal(size=(3, 8)), one_hot_encode(rng.integers(4, size=8), 4)
    parameters = {name: getattr(network, name) for name in ("W1", "b1", "W2", "b2")}
    gradients = backpropagation.backprop_two_layer(*parameters.values(), X, Y)
    for got, expected in zip(gradients, network.backward(X, Y), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-15)

    def loss(_):
        return cross_entropy(Y, network.forward(X))

    assert gradient_check(loss, parameters, dict(zip(parameters, gradients, strict=True))).passed


def test_numerical_gradient_is_that_of_the_package(rng):
    w = rng.normal(size=(2, 3))
    got = backpropagation.numerical_gradient(lambda w: np.sum(w**4), w, 1e-3)
    expected = numerical_gradient(lambda p: np.sum(p["w"] ** 4), {"w": w.copy()}, 1e-3)["w"]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_allclose(got, 4 * w**3, rtol=1e-3, atol=1e-3)


def test_relative_error_is_that_of_the_gradient_check(rng):
    w = rng.uniform(1, 2, size=5)
    analytic = 2 * w * rng.uniform(0.5, 1.5, size=5)

    def loss(parameters):
        return np.sum(parameters["w"] ** 2)

    numeric = numerical_gradient(loss, {"w": w})["w"]
    expected = gradient_check(loss, {"w": w}, {"w": analytic}).relative_error
    assert backpropagation.relative_error(analytic, numeric) == pytest.approx(expected)


def test_relative_error_of_two_zeros_is_0():
    assert backpropagation.relative_error(np.zeros(2), np.zeros(2)) == 0


# --- MNIST with Keras ----------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(784, 128, 64, 10), (784, 10), (3, 5, 2)])
def test_parameter_count_is_that_of_the_engine(sizes):
    assert mnist_keras.parameter_count(sizes) == mlp(sizes, rng=0).parameters.size


def test_accuracy_and_confusion_matrix_are_those_of_scikit_learn(rng):
    logits, y = rng.normal(size=(50, 4)), rng.integers(4, size=50)
    predicted = logits.argmax(axis=1)
    assert mnist_keras.accuracy(logits, y) == sklearn.metrics.accuracy_score(y, predicted)
    np.testing.assert_array_equal(
        mnist_keras.confusion_matrix(y, predicted, 5),
        sklearn.metrics.confusion_matrix(y, predicted, labels=range(5)),
    )


def test_epoch_accuracy_measures_all_samples_with_the_last_weights(rng):
    x, y = rng.normal(size=(10, 3)), rng.integers(4, size=10)
    network = ToyNetwork(rng.normal(size=(3, 4)))
    got = mnist_keras.epoch_accuracy(network, [(x[:7], y[:7]), (x[7:], y[7:])])
    assert got == pytest.approx(mnist_keras.accuracy(network.predict(x), y))


def test_the_toy_network_follows_the_gradient(rng):
    x, y, weights = rng.normal(size=(6, 3)), rng.integers(4, size=6), rng.normal(size=(3, 4))
    network = ToyNetwork(weights)
    network.train_on_batch(x, y)
    step = x.T @ softmax_cross_entropy_gradient(x @ weights, y)
    np.testing.assert_allclose(weights - network.weights, 2 * step, atol=1e-14)


# --- MNIST with PyTorch --------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 1000])
def test_cross_entropy_from_logits_is_that_of_the_package(rng, scale):
    logits, y = scale * rng.normal(size=(6, 5)), rng.integers(5, size=6)
    got = mnist_pytorch.cross_entropy_from_logits(logits, y)
    assert got == pytest.approx(softmax_cross_entropy(logits, y), rel=1e-14)


def test_cross_entropy_from_logits_is_that_of_pytorch(rng, torch):
    logits, y = 1000 * rng.normal(size=(6, 5)), rng.integers(5, size=6)
    expected = torch.nn.functional.cross_entropy(*map(torch.from_numpy, (logits, y))).item()
    assert mnist_pytorch.cross_entropy_from_logits(logits, y) == pytest.approx(expected, rel=1e-14)


def test_training_steps_are_those_of_the_gradient(rng, torch):
    model, loss, optimizer, batches = training_runs(rng)[0]
    W, b = (parameter.detach().numpy().copy() for parameter in model.parameters())
    expected = []
    for x, y in ((x.numpy(), y.numpy()) for x, y in batches):
        expected.append(softmax_cross_entropy(x @ W.T + b, y))
        dZ = softmax_cross_entropy_gradient(x @ W.T + b, y)
        W, b = W - 0.5 * dZ.T @ x, b - 0.5 * dZ.sum(axis=0)
    got = mnist_pytorch.training_step(model, loss, optimizer, batches)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_training_runs_leave_pytorchs_generator_alone(torch):
    before = torch.random.get_rng_state()
    training_runs(np.random.default_rng(0))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("m", "sizes"), [(10, [4, 4, 2]), (8, [4, 4]), (3, [3])])
def test_minibatches_deal_each_pair_once(rng, m, sizes):
    batches = mnist_pytorch.minibatches(np.arange(m) * 10, np.arange(m), 4, rng)
    assert [len(x) for x, _ in batches] == [len(y) for _, y in batches] == sizes
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(x, y * 10)
    assert sorted(y) == [*range(m)]


def test_minibatches_are_those_of_the_frameworks(torch_mlp):
    x, y = np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10)
    ours = mnist_pytorch.minibatches(x, y, 4, np.random.default_rng(3))
    theirs = torch_mlp.make_loader(x, y, 4, np.random.default_rng(3))
    for (x_ours, y_ours), (x_theirs, y_theirs) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x_ours, x_theirs.numpy())
        np.testing.assert_array_equal(y_ours, y_theirs.numpy())


# --- Takeaways -----------------------------------------------------------------------------------


@pytest.mark.parametrize("num_classes", [2, 10])
def test_first_loss_is_that_of_equal_logits(num_classes):
    expected = softmax_cross_entropy(np.ones((3, num_classes)), np.array([0, 1, 1]))
    assert takeaways.first_loss(num_classes) == pytest.approx(expected)


def test_standard_error_is_the_scatter_of_the_difference(rng):
    """Of many repetitions the mean squared error has to be the variance of the difference."""
    runs = [(rng.normal(1, 2, size=5), rng.normal(0, 3, size=4)) for _ in range(20_000)]
    differences, found = np.transpose([takeaways.standard_error(*pair) for pair in runs])
    assert np.mean(differences) == pytest.approx(1, abs=0.05)
    assert np.mean(found**2) == pytest.approx(2**2 / 5 + 3**2 / 4, rel=0.02)
    assert np.var(differences) == pytest.approx(np.mean(found**2), rel=0.04)
