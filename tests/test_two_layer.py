"""The network of Lab 1: its equations, its gradients by three oracles, training, and refusals."""

import copy
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import ActivationFunctions, NeuralNetwork, one_hot_encode
from nnbook.gradient_check import gradient_check

NAMES = ("W1", "b1", "W2", "b2")
sizes = st.integers(1, 5)


def parameters(network):
    return {name: getattr(network, name) for name in NAMES}


def state(network):
    """Everything that the network has learned, as a copy."""
    return copy.deepcopy((parameters(network), network.loss_history, network.learning_rate))


def make_data(n=3, num_classes=2, m=6, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, m)), one_hot_encode(rng.integers(0, num_classes, m), num_classes)


@st.composite
def problems(draw, fewest_classes=1):
    """A network of any size with biases that are not zero, X, and hard or soft labels Y."""
    n, h, m, num_classes = (*(draw(sizes) for _ in "nhm"), draw(st.integers(fewest_classes, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    network = NeuralNetwork(n, h, num_classes, rng=rng)
    network.b1 += 0.5 * rng.normal(size=(h, 1))
    network.b2 += 0.5 * rng.normal(size=(num_classes, 1))
    Y = one_hot_encode(rng.integers(0, num_classes, m), num_classes)
    if draw(st.booleans()):
        Y = rng.dirichlet(np.ones(num_classes), m).T
    return network, rng.normal(size=(n, m)), Y


# --- Construction --------------------------------------------------------------------------------


def test_shapes_types_and_attributes():
    network = NeuralNetwork(input_size=20, hidden_size=64, output_size=3, learning_rate=0.1)
    assert (network.input_size, network.hidden_size, network.output_size) == (20, 64, 3)
    assert network.learning_rate == 0.1
    assert network.loss_history == []
    assert {name: p.shape for name, p in parameters(network).items()} == {
        "W1": (64, 20),
        "b1": (64, 1),
        "W2": (3, 64),
        "b2": (3, 1),
    }
    assert all(p.dtype == np.float64 for p in parameters(network).values())
    assert NeuralNetwork(2, 3, 4).learning_rate == 0.01


def test_he_initialisation():
    network = NeuralNetwork(50, 400, 300, rng=0)
    assert_allclose(network.W1.std(), np.sqrt(2 / 50), rtol=0.02)
    assert_allclose(network.W2.std(), np.sqrt(2 / 400), rtol=0.02)
    assert_allclose([network.W1.mean(), network.W2.mean()], 0, atol=0.005)
    assert not network.b1.any()
    assert not network.b2.any()


def test_rng_decides_everything():
    same = [NeuralNetwork(3, 4, 2, rng=rng) for rng in (7, 7, np.random.default_rng(7))]
    X, Y = make_data()
    for network in same:
        network.train(X, Y, epochs=20, print_every=None)
        assert_array_equal(network.W1, same[0].W1)
        assert network.loss_history == same[0].loss_history
    assert (NeuralNetwork(3, 4, 2, rng=8).W1 != NeuralNetwork(3, 4, 2, rng=7).W1).all()
    assert (NeuralNetwork(3, 4, 2).W1 != NeuralNetwork(3, 4, 2).W1).all()


def test_the_global_generator_is_neither_used_nor_moved():
    before = repr(np.random.get_state())  # noqa: NPY002
    NeuralNetwork(3, 4, 2).train(*make_data(), epochs=1)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


# --- Forward and loss ----------------------------------------------------------------------------


def test_forward_by_hand():
    network = NeuralNetwork(2, 2, 2)
    network.W1, network.b1 = np.array([[1.0, -1], [2, 0]]), np.array([[0.0], [-1]])
    network.W2, network.b2 = np.array([[0.0, 1], [1, 0]]), np.array([[0.0], [1]])
    A2 = network.forward([[1, 0], [2, 1]])
    assert_array_equal(network.Z1, [[-1, -1], [1, -1]])
    assert_array_equal(network.A1, [[0, 0], [1, 0]])
    assert_array_equal(network.Z2, [[1, 0], [1, 1]])
    assert A2 is network.A2
    assert_allclose(A2, [[0.5, 1 / (1 + np.e)], [0.5, np.e / (1 + np.e)]], rtol=1e-15)


@given(problem=problems())
def test_columns_are_distributions_and_predict_takes_the_largest(problem):
    network, X, _ = problem
    A2 = network.forward(X)
    assert A2.shape == (network.output_size, X.shape[1])
    assert_allclose(A2.sum(axis=0), 1, rtol=1e-14)
    assert_array_equal(network.predict(X), A2.argmax(axis=0))


@given(problem=problems())
def test_each_sample_is_treated_alone(problem):
    network, X, _ = problem
    A2 = network.forward(X)
    for i in range(X.shape[1]):
        assert_allclose(network.forward(X[:, [i]]), A2[:, [i]], rtol=1e-12)


@pytest.mark.parametrize(
    "convert", [np.ndarray.tolist, np.asfortranarray, np.float32, lambda X: X[:, ::-1][:, ::-1]]
)
def test_lists_other_orders_and_types_of_input(convert):
    (X, Y), network = make_data(), NeuralNetwork(3, 4, 2, rng=0)
    X = np.float32(X).astype(np.float64)  # the same values in every form
    expected, X = network.backward(X, Y), convert(X)
    for gradient, value in zip(network.backward(X, convert(Y)), expected, strict=True):
        assert_allclose(gradient, value, rtol=1e-14)
    assert network.A2.dtype == np.float64


def test_integer_features():
    network = NeuralNetwork(2, 3, 2, rng=0)
    X = np.array([[1, 2, 3], [4, 5, 6]])
    assert_array_equal(network.forward(X), network.forward(X.astype(float)))
    network.train(X, one_hot_encode([0, 1, 0], 2), epochs=2)


def test_compute_loss_is_the_mean_cross_entropy():
    network = NeuralNetwork(2, 3, 2)
    loss = network.compute_loss([[1, 0], [0, 1]], [[0.5, 0.75], [0.5, 0.25]])
    assert_allclose(loss, (np.log(2) + np.log(4)) / 2, rtol=1e-15)
    assert type(loss) is float


@given(problem=problems(), scale=st.sampled_from([1, 10, 100]))
def test_compute_loss_against_pytorch_also_where_confidently_wrong(torch, problem, scale):
    network, X, Y = problem
    network.W2 *= scale
    A2 = network.forward(X)
    assume(A2.min() > 1e-300)
    expected = torch.nn.functional.cross_entropy(torch.tensor(network.Z2.T), torch.tensor(Y.T))
    assert_allclose(network.compute_loss(Y, A2), expected.item(), rtol=1e-12, atol=1e-14)


def test_compute_loss_is_finite_where_a_probability_underflowed():
    network = NeuralNetwork(1, 1, 2)
    network.W1[:], network.W2[:] = 1, [[1], [-1]]
    A2 = network.forward([[1000.0]])
    assert A2[1, 0] == 0
    assert_allclose(network.compute_loss([[0], [1]], A2), -np.log(np.finfo(float).tiny))


def test_a_single_class_is_certain_and_teaches_nothing():
    network = NeuralNetwork(2, 3, 1, rng=0)
    X, Y = np.ones((2, 4)), np.ones((1, 4))
    assert_array_equal(network.forward(X), 1)
    assert network.compute_loss(Y, network.A2) == 0
    assert not any(gradient.any() for gradient in network.backward(X, Y))


# --- Backward: three oracles ---------------------------------------------------------------------


@given(problem=problems(fewest_classes=2))
def test_backward_against_central_differences(problem):
    network, X, Y = problem
    gradients = dict(zip(NAMES, network.backward(X, Y), strict=True))
    assume(np.abs(network.Z1).min() > 1e-3)  # away from the kink
    result = gradient_check(
        lambda _: network.compute_loss(Y, network.forward(X)),
        parameters(network),
        gradients,
    )
    assert result.passed, result


@given(problem=problems())
def test_backward_against_pytorch(torch, problem):
    network, X, Y = problem
    t = {name: torch.tensor(p, requires_grad=True) for name, p in parameters(network).items()}
    logits = t["W2"] @ torch.relu(t["W1"] @ torch.tensor(X) + t["b1"]) + t["b2"]
    torch.nn.functional.cross_entropy(logits.T, torch.tensor(Y.T)).backward()
    for name, gradient in zip(NAMES, network.backward(X, Y), strict=True):
        assert_allclose(gradient, t[name].grad.numpy(), rtol=1e-12, atol=1e-15, err_msg=name)


@given(problem=problems())
def test_backward_algebra(problem):
    network, X, Y = problem
    gradients = network.backward(X, Y)
    assert_allclose(gradients[2].sum(axis=0), 0, atol=1e-14)  # softmax ignores a shift of W2 ...
    assert_allclose(gradients[3].sum(), 0, atol=1e-14)  # ... and of b2
    twice = network.backward(np.hstack([X, X]), np.hstack([Y, Y]))
    backwards = network.backward(X[:, ::-1], Y[:, ::-1])
    alone = [network.backward(X[:, [i]], Y[:, [i]]) for i in range(X.shape[1])]
    for k, gradient in enumerate(gradients):
        assert_allclose(twice[k], gradient, atol=1e-14)  # a mean, not a sum
        assert_allclose(backwards[k], gradient, atol=1e-14)  # the order is irrelevant
        assert_allclose(np.mean([a[k] for a in alone], axis=0), gradient, atol=1e-14)


def test_backward_belongs_to_the_x_it_is_given():
    (X, Y), (other, _) = make_data(seed=1), make_data(seed=2)
    network, fresh = NeuralNetwork(3, 4, 2, rng=0), NeuralNetwork(3, 4, 2, rng=0)
    network.forward(other)
    for stale, right in zip(network.backward(X, Y), fresh.backward(X, Y), strict=True):
        assert_array_equal(stale, right)


def test_backward_changes_no_parameter():
    network = NeuralNetwork(3, 4, 2, rng=0)
    before = state(network)
    network.backward(*make_data())
    assert_state(network, before)


def assert_state(network, expected):
    for name, p in expected[0].items():
        assert_array_equal(getattr(network, name), p, err_msg=name)
    assert network.loss_history == expected[1]
    assert network.learning_rate == expected[2]


# --- Training ------------------------------------------------------------------------------------


def test_update_parameters_descends_by_the_learning_rate():
    network = NeuralNetwork(2, 3, 2, learning_rate=0.5, rng=0)
    (before, _, _), ones = state(network), [np.ones_like(p) for p in parameters(network).values()]
    network.update_parameters(*ones)
    for name in NAMES:
        assert_allclose(getattr(network, name), before[name] - 0.5, rtol=1e-15)


def test_one_epoch_of_train_is_one_step():
    X, Y = make_data()
    trained, stepped = (NeuralNetwork(3, 4, 2, learning_rate=0.1, rng=0) for _ in range(2))
    trained.train(X, Y, epochs=1)
    loss = stepped.compute_loss(Y, stepped.forward(X))
    stepped.update_parameters(*stepped.backward(X, Y))
    assert trained.loss_history == [loss]
    assert_state(trained, (parameters(stepped), [loss], 0.1))


def test_training_twice_continues():
    X, Y = make_data()
    once, twice = (NeuralNetwork(3, 4, 2, learning_rate=0.1, rng=0) for _ in range(2))
    once.train(X, Y, epochs=30)
    twice.train(X, Y, epochs=10)
    twice.train(X, Y, epochs=20)
    assert_state(twice, state(once))


def test_overfits_a_small_batch():
    X, Y = make_data(n=5, num_classes=3, m=10)
    network = NeuralNetwork(5, 32, 3, learning_rate=0.5, rng=0)
    network.train(X, Y, epochs=500, print_every=None)
    assert len(network.loss_history) == 500
    assert np.diff(network.loss_history).max() < 0
    assert network.loss_history[-1] < 0.02
    assert_array_equal(network.predict(X), Y.argmax(axis=0))


def test_one_sample():
    network = NeuralNetwork(3, 4, 2, learning_rate=0.5, rng=0)
    network.train([[1], [2], [3]], [[0], [1]], epochs=50)
    assert_array_equal(network.predict([[1], [2], [3]]), [1])


def test_prints_every_so_many_epochs(capsys):
    X, Y = make_data()
    network = NeuralNetwork(3, 4, 2, rng=0)
    network.train(X, Y, epochs=7, print_every=3)
    lines = capsys.readouterr().out.splitlines()
    for line, epoch in zip(lines, (3, 6), strict=True):
        loss = network.loss_history[epoch - 1]
        assert re.fullmatch(rf"epoch {epoch}/7: loss {loss:.4f}, accuracy [01]\.\d{{4}}", line)
    network.train(X, Y, epochs=7, print_every=None)
    network.train(X, Y, epochs=7)  # every 100 epochs
    assert capsys.readouterr().out == ""


def test_a_subclass_decides_how_gradients_are_computed():
    class WithoutHiddenGradient(NeuralNetwork):
        def backward(self, X, Y):
            dW1, db1, dW2, db2 = super().backward(X, Y)
            return 0 * dW1, 0 * db1, dW2, db2

    network = WithoutHiddenGradient(3, 4, 2, rng=0)
    (before, _, _) = state(network)
    network.train(*make_data(), epochs=5)
    assert_array_equal(network.W1, before["W1"])
    assert not np.array_equal(network.W2, before["W2"])


def test_code_written_against_the_seed(capsys):
    """Lab 1 as its source document has it: same arguments, methods, shapes and attributes."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, y = datasets.make_classification(
        n_samples=1000, n_features=20, n_informative=15, n_redundant=5, n_classes=3, random_state=42
    )
    split = train_test_split(X, y, test_size=0.2, random_state=42)
    X_train, X_test, y_train, y_test = split
    scaler = StandardScaler()
    X_train, X_test = scaler.fit_transform(X_train).T, scaler.transform(X_test).T
    Y_train = one_hot_encode(y_train, 3)

    net = NeuralNetwork(input_size=20, hidden_size=64, output_size=3, learning_rate=0.1)
    net.train(X_train, Y_train, epochs=1000, print_every=200)
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert len(net.loss_history) == 1000
    assert net.loss_history[-1] < net.loss_history[0] / 4
    assert 0.8 < np.mean(net.predict(X_test) == y_test) < 0.93
    assert np.mean(net.predict(X_train) == y_train) > 0.96

    A2 = net.forward(X_train)
    assert A2.shape == net.A2.shape == net.Z2.shape == (3, 800)
    assert net.A1.shape == net.Z1.shape == (64, 800)
    assert_allclose(net.A1, ActivationFunctions.relu(net.Z1))
    assert_allclose(A2, ActivationFunctions.softmax(net.Z2.T).T)
    assert net.compute_loss(Y_train, A2) < net.loss_history[-1]
    dW1, db1, dW2, db2 = net.backward(X_train, Y_train)
    net.update_parameters(dW1, db1, dW2, db2)


# --- Refusals: what is wrong, and nothing lost ---------------------------------------------------

X, Y = make_data()  # 3 features, 2 classes, 6 samples
NAN, INF = X.copy(), X.copy()
NAN[1, 2], INF[0, 1] = np.nan, -np.inf

# the argument, the error, what its message has to say
BAD_X = [
    (X[:2], ValueError, "X has shape (2, 6): 2 rows, expected 3 (features)"),
    (X.T, ValueError, "X has shape (6, 3): 6 rows, expected 3 (features)"),
    (X[:, 0], ValueError, "X has shape (3,), expected 2 dimensions"),
    (X[None], ValueError, "X has shape (1, 3, 6), expected 2 dimensions"),
    (X[:, :0], ValueError, "X is empty: shape (3, 0), expected at least one value"),
    ([], ValueError, "X has shape (0,), expected 2 dimensions"),
    (NAN, ValueError, "X contains nan at index (1, 2), expected finite numbers"),
    (INF, ValueError, "X contains -inf at index (0, 1), expected finite numbers"),
    (X + 0j, TypeError, "X has dtype complex128, expected real numbers"),
    (X.astype(str), TypeError, "X has dtype <U"),
    (None, TypeError, "X has dtype object, expected real numbers"),
]
BAD_Y = [
    (Y[:, :5], ValueError, "Y has shape (2, 5): 5 columns, expected 6 (samples)"),
    (Y[:1], ValueError, "Y has shape (1, 6): 1 rows, expected 2 (classes)"),
    (one_hot_encode([0] * 6, 3), ValueError, "Y has shape (3, 6): 3 rows, expected 2 (classes)"),
    (Y.argmax(axis=0), ValueError, "Y has shape (6,), expected 2 dimensions"),
    (Y[..., None], ValueError, "Y has shape (2, 6, 1), expected 2 dimensions"),
    (2 * Y, ValueError, "Y: column 0 sums to 2, expected 1"),
    (0 * Y, ValueError, "Y: column 0 sums to 0, expected 1"),
    (2 * Y - 0.5, ValueError, "Y contains -0.5, expected probabilities of at least 0"),
    (Y * np.nan, ValueError, "Y contains nan at index (0, 0), expected finite numbers"),
    (Y.astype(str), TypeError, "Y has dtype <U"),
]
GRADIENTS = [np.ones((4, 3)), np.ones((4, 1)), np.ones((2, 4)), np.ones((2, 1))]


def with_gradient(k, value):
    return [*GRADIENTS[:k], value, *GRADIENTS[k + 1 :]]


REFUSALS = [
    *((method, (bad,), *rest) for bad, *rest in BAD_X for method in ("forward", "predict")),
    *((method, (bad, Y), *rest) for bad, *rest in BAD_X for method in ("backward", "train")),
    *((method, (X, bad), *rest) for bad, *rest in BAD_Y for method in ("backward", "train")),
    *(("compute_loss", (bad, np.full((2, 6), 0.5)), *rest) for bad, *rest in BAD_Y),
    ("compute_loss", (Y, np.full((2, 5), 0.5)), ValueError, "expected 5"),
    ("compute_loss", (Y, np.full((2, 6), np.nan)), ValueError, "A2 contains nan at index (0, 0)"),
    ("compute_loss", (Y, np.full((2, 6), 3)), ValueError, "A2 lies from 3 to 3, expected prob"),
    ("compute_loss", (Y, np.ones(2)), ValueError, "A2 has shape (2,), expected"),
    ("train", (X, Y, 0), ValueError, "epochs is 0, expected at least 1"),
    ("train", (X, Y, -3), ValueError, "epochs is -3, expected at least 1"),
    ("train", (X, Y, 2.5), TypeError, "epochs is 2.5, expected an integer"),
    ("train", (X, Y, "10"), TypeError, "epochs is '10', expected an integer"),
    ("train", (X, Y, 5, 0), ValueError, "print_every is 0, expected at least 1"),
    ("train", (X, Y, 5, 0.5), TypeError, "print_every is 0.5, expected an integer"),
    (
        "update_parameters",
        with_gradient(0, np.ones((3, 4))),
        ValueError,
        "dW1 has shape (3, 4): 3 rows, expected 4 (as W1)",
    ),
    (
        "update_parameters",
        with_gradient(2, np.ones((2, 1))),
        ValueError,
        "dW2 has shape (2, 1): 1 columns, expected 4 (as W2)",
    ),
    (
        "update_parameters",
        with_gradient(3, np.ones(2)),
        ValueError,
        "db2 has shape (2,), expected 2 dimensions",
    ),
    (
        "update_parameters",
        with_gradient(3, np.array([[1], [np.nan]])),
        ValueError,
        "db2 contains nan at index (1, 0), expected finite",
    ),
]


@pytest.fixture(scope="module")
def trained():
    network = NeuralNetwork(3, 4, 2, learning_rate=0.1, rng=0)
    network.train(X, Y, epochs=5)
    return network


@pytest.mark.parametrize(("method", "arguments", "error", "message"), REFUSALS)
def test_a_refused_call_says_why_and_loses_nothing(trained, method, arguments, error, message):
    before = state(trained)
    with pytest.raises(error, match=re.escape(message)):
        getattr(trained, method)(*arguments)
    assert_state(trained, before)


@pytest.mark.parametrize("argument", ["input_size", "hidden_size", "output_size"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "is 0, expected at least 1"),
        (-2, ValueError, "is -2, expected at least 1"),
        (3.0, TypeError, "is 3.0, expected an integer"),
        ("3", TypeError, "is '3', expected an integer"),
        (True, TypeError, "is True, expected an integer"),
        (None, TypeError, "is None, expected an integer"),
    ],
)
def test_sizes_that_are_refused(argument, value, error, message):
    with pytest.raises(error, match=f"{argument} {message}"):
        NeuralNetwork(**{"input_size": 3, "hidden_size": 4, "output_size": 2, argument: value})


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, ValueError) for value in (0, -0.1, np.nan, np.inf, -np.inf)),
        *((value, TypeError) for value in ("0.1", None, True, 1j, [0.1])),
    ],
)
def test_learning_rates_that_are_refused(value, error):
    with pytest.raises(error, match=re.escape(f"learning_rate is {value!r}, expected a ")):
        NeuralNetwork(3, 4, 2, learning_rate=value)


# --- Divergence ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learning_rate", "scale"), [(1e5, 1), (1e100, 1), (1e308, 1), (0.1, 1e300), (1e80, 1e290)]
)
def test_divergence_says_when_and_leaves_the_network_as_before(learning_rate, scale):
    network = NeuralNetwork(3, 4, 2, learning_rate=0.1, rng=0)
    network.train(X, Y, epochs=5)
    network.learning_rate = learning_rate
    before = state(network)
    with pytest.raises(FloatingPointError) as caught:
        network.train(X * scale, Y, epochs=1000)
    assert re.search(r"diverged at epoch \d+ with learning_rate ", str(caught.value))
    assert f"{learning_rate:g}" in str(caught.value)
    assert_state(network, before)

    network.learning_rate = 0.1
    network.train(X, Y, epochs=5)
    assert len(network.loss_history) == 10


def test_the_epoch_of_a_divergence_counts_from_the_start_of_the_call():
    network = NeuralNetwork(3, 4, 2, learning_rate=1e5, rng=0)
    with pytest.raises(FloatingPointError) as caught:
        network.train(X, Y, epochs=1000)
    epoch = int(re.search(r"epoch (\d+)", str(caught.value)).group(1))
    network.train(X, Y, epochs=epoch - 1)
    assert len(network.loss_history) == epoch - 1
    with pytest.raises(FloatingPointError, match="epoch 1 "):
        network.train(X, Y, epochs=1)


def test_parameters_that_overflow_are_told():
    network = NeuralNetwork(3, 4, 2, rng=0)
    network.W1 *= 1e307
    for method in (network.forward, network.predict):
        with pytest.raises(FloatingPointError, match="Z2 holds nan or inf"):
            method(1e3 * X)
