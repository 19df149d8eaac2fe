"""Statistics layer by layer: against PyTorch's hooks, against algebra, and without a trace."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import BatchNorm, Dense, Dropout, Flatten, LayerNorm, ReLU, Rescaling, Sequential, Tanh
from nnbook.initializers import constant_scale
from nnbook.layer_statistics import COLUMNS, layer_statistics


@pytest.fixture
def batch(rng):
    return rng.normal(size=(7, 6)), rng.integers(3, size=7)


def make(*hidden, rng=0, dtype="float64"):
    return Sequential([Dense(6, 5), *hidden, Dense(5, 3)], rng=rng, dtype=dtype)


def hooked(model, torch, x, y):
    """Return output, gradient at the output and gradient of the matrix of each of its modules."""
    x = torch.tensor(x, requires_grad=True)  # or the hook of the first layer would not fire
    seen = {module: {} for module in model}
    for module, found in seen.items():
        module.register_forward_hook(lambda _, __, out, found=found: found.update(output=out))
        module.register_full_backward_hook(
            lambda _, __, g, found=found: found.update(gradient=g[0])
        )
    loss = torch.nn.functional.cross_entropy(model(x), torch.tensor(y))
    loss.backward()
    for module, found in seen.items():
        weight = getattr(module, "weight", None)
        found["matrix"] = weight.grad if weight is not None and weight.ndim == 2 else None
    return [*seen.values()]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "hidden",
    [
        [ReLU],
        [Tanh, lambda: Dense(5, 5), ReLU],
        [lambda: BatchNorm(unbiased=True), ReLU],
        [LayerNorm, Tanh],
    ],
    ids=["relu", "two", "batch norm", "layer norm"],
)
def test_agrees_with_pytorchs_hooks(hidden, training, batch, torch):
    from nnbook.frameworks.bridge import to_torch

    network = make(*(layer() for layer in hidden))
    got = layer_statistics(network, *batch, training)
    wanted = hooked(to_torch(network).train(training), torch, *batch)
    assert len(got) == len(wanted) == len(network.layers)
    for row, found in zip(got, wanted, strict=True):
        output, gradient = found["output"].detach(), found["gradient"]
        numbers = [
            *(output.mean(), output.std(correction=0), output.square().mean().sqrt()),
            *(output.var(0, correction=0).mean().sqrt(), (output == 0).double().mean()),
            gradient.norm(),
        ]
        columns = ["mean", "std", "rms", "spread", "zeros", "gradient"]
        assert_allclose([row[c] for c in columns], torch.stack(numbers), rtol=1e-9, atol=1e-12)
        if found["matrix"] is None:
            assert np.isnan(row["weight_gradient"])
        else:
            assert_allclose(row["weight_gradient"], found["matrix"].norm(), rtol=1e-9)


def test_rows_are_named_after_the_layers(batch):
    rows = layer_statistics(make(BatchNorm(), ReLU()), *batch)
    assert rows["layer"].tolist() == ["Dense", "BatchNorm", "ReLU", "Dense"]
    assert rows.dtype.names == ("layer", *COLUMNS)


def test_the_parts_fit_each_other(batch):
    rows = layer_statistics(make(ReLU()), *batch)
    assert_allclose(rows["rms"] ** 2, rows["mean"] ** 2 + rows["std"] ** 2)
    assert rows["zeros"][0] == 0 < rows["zeros"][1] < 1


def test_equal_samples_have_no_spread_however_different_their_features(rng):
    x = np.tile(rng.normal(size=6), (4, 1))
    rows = layer_statistics(make(Tanh()), x, [0, 1, 2, 0])
    assert_allclose(rows["spread"], 0, atol=1e-12)
    assert rows["std"].min() > 0.1


def test_the_gradient_of_a_matrix_is_the_one_that_training_uses(batch):
    network = make(Tanh())
    rows = layer_statistics(network, *batch)
    network.compute_gradients(*batch)
    for row, name in zip(rows[[0, 2]], ("0.W", "2.W"), strict=True):
        assert_allclose(row["weight_gradient"], np.linalg.norm(network.named_gradients()[name]))


def test_relu_passes_a_scale_on_layer_by_layer(batch):
    """Without biases, a factor in the first weights is a factor in all activations."""
    network, larger = make(ReLU()), make(ReLU())
    larger.layers[0].parameters["W"] *= 10
    one, ten = (layer_statistics(each, *batch) for each in (network, larger))
    for column in ("mean", "std", "rms", "spread"):
        assert_allclose(ten[column], 10 * one[column])
    assert_array_equal(ten["zeros"], one["zeros"])


def test_batch_normalisation_takes_a_scale_out(batch):
    network, larger = (make(BatchNorm(epsilon=1e-12), ReLU()) for _ in range(2))
    larger.layers[0].parameters["W"] *= 10
    one, ten = (layer_statistics(each, *batch) for each in (network, larger))
    assert_allclose(ten["rms"][1:], one["rms"][1:])
    assert_allclose(ten["weight_gradient"][0], one["weight_gradient"][0] / 10)


def test_the_network_stays_as_it_is(batch):
    network = make(BatchNorm(), ReLU(), Dropout(0.5))
    network.compute_gradients(*batch)
    before, gradients = network.get_weights(), network.gradients.copy()
    state = network.rng.bit_generator.state
    layer_statistics(network, *batch)
    for name, array in network.get_weights().items():
        assert_array_equal(array, before[name])
    assert_array_equal(network.gradients, gradients)
    assert network.rng.bit_generator.state == state


def test_no_gradient_reaches_what_stands_below_the_first_weights(rng):
    layers = [Rescaling(1 / 255), Flatten(), Dense(6, 3)]
    rows = layer_statistics(Sequential(layers), rng.integers(256, size=(4, 2, 3)), [0, 1, 2, 0])
    assert_array_equal(np.isnan(rows["gradient"]), [True, True, False])
    assert np.isfinite(rows["weight_gradient"][2])


def test_an_overflow_shows_where_it_happens(batch):
    start = constant_scale(1e30)
    layers = [Dense(6, 5, start), ReLU(), Dense(5, 3, start)]
    rows = layer_statistics(Sequential(layers, rng=0), *batch)
    assert_array_equal(np.isfinite(rows["rms"]), [True, True, False])


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.ones((2, 5)), [0, 1], ValueError, "5"),
        (np.ones((2, 6)), [0, 1, 2], ValueError, "y has 3 targets, expected 2"),
        (np.full((2, 6), "a"), [0, 1], TypeError, "x has dtype"),
    ],
)
def test_refuses(x, y, error, message):
    with pytest.raises(error, match=message):
        layer_statistics(make(ReLU()), x, y)
