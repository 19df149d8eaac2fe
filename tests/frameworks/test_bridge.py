"""Networks cross from framework to framework with every weight, or not at all."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import Sequential, mlp
from nnbook.frameworks.bridge import copy_weights, to_keras, to_torch
from nnbook.initializers import glorot_uniform, pytorch_uniform
from nnbook.layers import (
    GELU,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Rescaling,
    Sigmoid,
    Tanh,
)

# What makes each layer; Dense is in every network.
LAYERS = {
    "Dense": lambda: Dense(5, 5),
    "ReLU": ReLU,
    "LeakyReLU": lambda: LeakyReLU(0.0625),
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "GELU": GELU,
    "BatchNorm": lambda: BatchNorm(momentum=0.8, epsilon=1e-2),
    "LayerNorm": lambda: LayerNorm(epsilon=1e-2),
    "Rescaling": lambda: Rescaling(1 / 255, -0.3),
    "Flatten": Flatten,
}
WITH_WEIGHTS = ("Dense", "BatchNorm", "LayerNorm")
TO = {"nnbook": lambda network: network, "torch": to_torch, "keras": to_keras}


def make_network(*names, dtype="float64", rng=0):
    """Return a network with these layers in the middle and a random number in every weight."""
    rng = np.random.default_rng(rng)
    layers = [Dense(6, 5), *(LAYERS[name]() for name in names), Dense(5, 3)]
    network = Sequential(layers, rng=rng, dtype=dtype)
    network.set_weights({n: rng.random(w.shape) for n, w in network.get_weights().items()})
    return network


def outputs(model, x, training=False):
    """Return the outputs of a network of any framework as an array."""
    if isinstance(model, Sequential):
        return model.forward(x, training)
    keras = sys.modules.get("keras")
    if keras and isinstance(model, keras.Model):
        return keras.ops.convert_to_numpy(model(x, training=training))
    return model.train(training)(sys.modules["torch"].tensor(x)).detach().numpy()


def assert_same_weights(network, other):
    theirs = other.get_weights()
    for name, array in network.get_weights().items():
        assert_array_equal(array, theirs[name], err_msg=name)


@pytest.fixture
def keras(keras_mlp):
    return keras_mlp.keras


@pytest.fixture
def float64_tolerance(keras):
    """What Keras reaches in float64; on other backends it rounds some results to float32."""
    return 1e-12 if keras.backend.backend() == "tensorflow" else 1e-5


@pytest.fixture
def x(rng):
    return rng.standard_normal((7, 6))


each_layer = pytest.mark.parametrize("name", LAYERS)
each_mode = pytest.mark.parametrize("training", [False, True], ids=["in use", "in training"])
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


# --- Import --------------------------------------------------------------------------------------


def test_importing_the_bridge_loads_no_framework():
    code = (
        "import sys, nnbook.frameworks.bridge; "
        "sys.exit(bool({'torch', 'keras', 'tensorflow'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("build", "missing", "extra"), [(to_torch, "torch", "torch"), (to_keras, "keras", "tensorflow")]
)
def test_a_missing_framework_is_named_with_its_extra(monkeypatch, build, missing, extra):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf'bridge needs .* pip install "nnbook\[{extra}\]"'):
        build(mlp([2, 3]))


# --- The same network ----------------------------------------------------------------------------


@each_mode
@each_layer
def test_every_layer_computes_the_same_in_pytorch(torch, x, name, training):
    network = make_network(name)
    module = to_torch(network)
    expected = network.forward(x, training)
    assert_allclose(outputs(module, x, training), expected, rtol=0, atol=1e-12)


@each_mode
@each_layer
def test_every_layer_computes_the_same_in_keras(keras, float64_tolerance, x, name, training):
    network = make_network(name)
    model = to_keras(network)
    expected = network.forward(x, training)
    # TensorFlow rounds the root of 2 in GELU to float32.
    tolerance = max(1e-7 if name == "GELU" else 0, float64_tolerance)
    assert_allclose(outputs(model, x, training), expected, rtol=0, atol=tolerance)


def test_images_of_bytes_go_in_as_they_are(torch, keras, float64_tolerance, rng):
    images = rng.integers(0, 256, (7, 4, 3), dtype=np.uint8)
    layers = [Rescaling(1 / 255), Flatten(), Dense(12, 5), ReLU(), Dense(5, 3)]
    network = Sequential(layers, rng=0, dtype="float64")
    module, model = to_torch(network), to_keras(network)
    expected = network.forward(images)
    assert_allclose(outputs(module, images), expected, rtol=0, atol=1e-12)
    assert_allclose(outputs(model, images), expected, rtol=0, atol=float64_tolerance)


def test_a_network_without_dense_layers_crosses(torch, keras, rng):
    network = Sequential([Tanh(), BatchNorm(4)], dtype="float64")
    network.set_weights({n: rng.random(w.shape) for n, w in network.get_weights().items()})
    x = rng.standard_normal((5, 4))
    for build in (to_torch, to_keras):
        assert_allclose(outputs(build(network), x), network.forward(x), atol=1e-5)


def test_dropout_keeps_its_rate_and_is_off_in_use(torch, keras):
    network = Sequential([Dropout(0.75), Dense(1000, 1000)], rng=0)
    network.set_weights({"1.W": np.eye(1000), "1.b": np.zeros(1000)})
    x = np.ones((1, 1000), np.float32)
    for model in (to_torch(network), to_keras(network)):
        assert_array_equal(outputs(model, x, training=False), x)
        kept = outputs(model, x, training=True) > 0
        assert 180 <= kept.sum() <= 320  # 250, with a standard deviation of 14


@each_dtype
def test_the_precision_is_that_of_the_network(torch, keras, x, dtype):
    network = make_network("BatchNorm", "LayerNorm", "Rescaling", dtype=dtype)
    module, model = to_torch(network), to_keras(network)
    assert {str(p.dtype) for p in module.parameters()} == {f"torch.{dtype}"}
    assert {str(w.dtype) for w in model.weights} == {dtype}
    assert outputs(module, x.astype(dtype)).dtype == dtype
    if keras.backend.backend() == "tensorflow":
        assert outputs(model, x.astype(dtype)).dtype == dtype


def test_building_in_pytorch_draws_no_random_number(torch):
    before = torch.get_rng_state()
    to_torch(make_network("BatchNorm"))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("build", [to_torch, to_keras])
def test_a_layer_or_network_that_is_not_ours_is_refused(torch, keras, build):
    class Shifted(ReLU):
        pass

    network = Sequential([Dense(2, 3), Shifted(), Dense(3, 1)])
    framework = "PyTorch" if build is to_torch else "Keras"
    with pytest.raises(TypeError, match=rf"layers\[1\], Shifted\(\), has no .* in {framework}"):
        build(network)
    with pytest.raises(TypeError, match="network is 'mlp', expected a Network"):
        build("mlp")


# --- Weights come across -------------------------------------------------------------------------


@pytest.mark.parametrize("end", TO)
@pytest.mark.parametrize("start", TO)
@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_weights_come_through_unchanged(torch, keras, name, start, end):
    network, other = make_network(name, rng=0), make_network(name, rng=1)
    source, target, back = TO[start](network), TO[end](other), make_network(name, rng=2)
    copy_weights(source, target)
    copy_weights(target, back)
    assert_same_weights(network, back)


def test_the_copy_shares_no_memory(torch):
    network = make_network("BatchNorm")
    module, weights = to_torch(network), network.get_weights()
    with torch.no_grad():
        for array in module.state_dict().values():
            array += 1
    for name, array in network.get_weights().items():
        assert_array_equal(array, weights[name], err_msg=name)


@pytest.mark.parametrize("framework", TO)
def test_a_copy_is_rounded_to_the_precision_of_the_target(torch, keras, framework):
    network, back = make_network("BatchNorm"), make_network("BatchNorm", rng=2)
    target = TO[framework](make_network("BatchNorm", dtype="float32", rng=1))
    copy_weights(network, target)
    copy_weights(target, back)
    for name, array in back.get_weights().items():
        assert_array_equal(array, network.get_weights()[name].astype(np.float32), err_msg=name)


def test_running_statistics_come_back_after_training(torch, keras, x):
    network = make_network("BatchNorm")
    module, model = to_torch(network), to_keras(network)
    for trained in (module, model):
        outputs(trained, x, training=True)
        back = make_network("BatchNorm", rng=1)
        copy_weights(trained, back)
        assert np.abs(back.get_weights()["1.mean"] - network.get_weights()["1.mean"]).min() > 1e-3
        assert_allclose(back.forward(x), outputs(trained, x), atol=1e-5)


def test_models_that_others_built(torch_mlp, keras_mlp, rng):
    sizes = [784, 128, 64, 10]
    x = rng.random((3, 784), np.float32)
    halves = [keras_mlp.build_mlp(sizes[:2]), keras_mlp.build_mlp(sizes[1:])]
    nested = keras_mlp.keras.Sequential(halves)
    for theirs in (torch_mlp.MNISTNet(), keras_mlp.build_mlp(sizes)):
        network = mlp(sizes, rng=0)
        copy_weights(theirs, network)
        assert_allclose(network.forward(x), outputs(theirs, x), atol=1e-5)
    copy_weights(network, nested)
    copy_weights(nested, other := mlp(sizes, rng=1))
    assert_same_weights(network, other)


# --- Or not at all -------------------------------------------------------------------------------


def refuse(source, target, error, message):
    """Copying raises `error`, and a target of ours is as it was."""
    before = target.get_weights() if isinstance(target, Sequential) else {}
    with pytest.raises(error, match=message):
        copy_weights(source, target)
    for name, array in before.items():
        assert_array_equal(array, target.get_weights()[name])


def test_another_number_or_kind_of_layers_is_refused(torch):
    message = "source has Dense, Dense, but target has Dense, Dense, Dense"
    refuse(mlp([6, 5, 3]), make_network("Dense"), ValueError, message)
    refuse(to_torch(mlp([6, 5, 3])), make_network("LayerNorm"), ValueError, "Dense, LayerNorm, D")
    refuse(make_network("BatchNorm"), make_network("LayerNorm"), ValueError, "LayerNorm")
    refuse(torch.nn.ReLU(), mlp([6, 3]), ValueError, "source has no layer with weights, but")


@pytest.mark.parametrize("start", TO)
def test_another_shape_is_refused_and_both_layers_named(torch, keras, start):
    source, target = TO[start](mlp([6, 5, 3])), mlp([6, 5, 4])
    label = {"nnbook": r"layers\[2\]", "torch": "2", "keras": r"dense\w*"}[start]
    message = (
        rf"source's {label} has W \(5, 3\), b \(3,\), "
        r"but target's layers\[2\] has W \(5, 4\), b \(4,\)"
    )
    refuse(source, target, ValueError, message)


def test_a_missing_array_is_refused(torch, keras):
    refuse(torch.nn.Linear(6, 3, bias=False), mlp([6, 3]), ValueError, r"W \(6, 3\), but target's")
    unbuilt = keras.Sequential([keras.layers.Dense(3)])
    refuse(unbuilt, mlp([6, 3]), ValueError, "source's .* has no weights, but target's")


def test_other_layers_with_weights_are_refused(torch, keras):
    message = r"source's 0, Conv2d, has weights, expected layers such as Linear, BatchNorm1d"
    refuse(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)), mlp([6, 3]), TypeError, message)
    embedding = keras.Sequential([keras.Input((2,)), keras.layers.Embedding(4, 3)])
    refuse(embedding, mlp([6, 3]), TypeError, "source's .*, Embedding, has weights")


def test_what_is_no_network_is_refused():
    refuse("mlp", mlp([6, 3]), TypeError, "source is 'mlp', expected a Network, nn.Module or")
    refuse(mlp([6, 3]), None, TypeError, "target is None, expected a Network")


def test_weights_that_are_not_finite_are_refused(torch):
    module = to_torch(mlp([6, 5, 3]))
    with torch.no_grad():
        module[2].bias[1] = np.nan
    refuse(module, mlp([6, 5, 3]), ValueError, r"b of source's 2 contains nan at index \(1,\)")


# --- Conventions ---------------------------------------------------------------------------------


def test_each_framework_keeps_its_kind_of_running_variance(torch, keras, x):
    kinds = {}
    for unbiased in (False, True):
        network = Sequential([BatchNorm(6, unbiased=unbiased)], dtype="float64")
        network.forward(x, training=True)
        kinds[unbiased] = network.get_weights()["0.variance"]
    fresh = Sequential([BatchNorm(6)], dtype="float64")
    for build, unbiased in ((to_torch, True), (to_keras, False)):
        trained = build(fresh)
        outputs(trained, x, training=True)
        copy_weights(trained, back := Sequential([BatchNorm(6)], dtype="float64"))
        found = back.get_weights()["0.variance"]
        assert_allclose(found, kinds[unbiased], rtol=1e-6)
        assert np.abs(found - kinds[not unbiased]).min() > 1e-4


def test_default_initialisers_are_those_that_the_docstrings_name(torch, keras):
    n, k = 400, 300
    dense = keras.layers.Dense(k)
    dense.build((None, n))
    with torch.random.fork_rng(devices=[]):
        linear = torch.nn.Linear(n, k)
    kernels = {
        pytorch_uniform: linear.weight.detach().numpy().T,
        glorot_uniform: dense.kernel.numpy(),
    }
    for initializer, kernel in kernels.items():
        ours = initializer(np.random.default_rng(0), (n, k), n, k)
        assert_allclose(np.abs(kernel).max(), np.abs(ours).max(), rtol=1e-3)
        assert_allclose(kernel.std(), ours.std(), rtol=0.01)
    assert_array_equal(dense.bias.numpy(), 0)
    assert 0.9 / np.sqrt(n) < linear.bias.abs().max().item() <= 1 / np.sqrt(n)
