"""The proof: from the same weights and batches, nnbook, PyTorch and Keras go the same way.

Compared are the loss at every step, every gradient, and every weight after 1, 10 and 100 steps.
"""

import importlib.util
import os
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nnbook import SGD, Adam, AdamW, RMSProp, Sequential, load_mnist, mlp
from nnbook.frameworks.bridge import copy_weights, to_keras, to_torch
from nnbook.layers import BatchNorm, Dense, ReLU, Sigmoid, Tanh

CHECKED = (1, 10, 100)
FLOAT64 = {1: 1e-12, 10: 1e-12, 100: 1e-12}
FLOAT32 = {1: 5e-5, 10: 5e-4, 100: 5e-4}
ACTIVATIONS = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}

# What Keras computes wholly in float64, by backend. On the others it rounds some results to
# float32 (keras-team/keras, issue 23704): on PyTorch those of matrix products, on JAX those of
# tanh and batch norm. There the tolerance is that of float32.
BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
WHOLLY_FLOAT64 = {
    "tensorflow": {*ACTIVATIONS, "batch norm"},
    "jax": {"relu", "sigmoid"},
    "torch": set(),
}


def wholly_float64(activation, batch_norm=False):
    return {activation, *["batch norm"] * batch_norm} <= WHOLLY_FLOAT64[BACKEND]


def make_network(dtype="float64", activation="relu", batch_norm=False, unbiased=False):
    """Return a small network; equal arguments make an equal one."""
    layers = []
    for n, k in ((20, 16), (16, 12)):
        layers.append(Dense(n, k))
        layers += [BatchNorm(unbiased=unbiased)] if batch_norm else []
        layers.append(ACTIVATIONS[activation]())
    return Sequential([*layers, Dense(12, 4)], rng=0, dtype=dtype)


def make_batches(dtype="float64"):
    """Return batches whose features span many scales, so that gradients meet Adam's epsilon."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((100, 32, 20)) * np.logspace(0, -8, 20)
    return x.astype(dtype), rng.integers(0, 4, (100, 32))


@pytest.fixture(scope="module")
def mnist():
    """A hundred batches of 128 images."""
    (images, labels), _ = load_mnist()
    rng = np.random.default_rng(1)
    order = np.stack([rng.permutation(len(images))[:128] for _ in range(100)])
    return images[order].reshape(100, 128, 784) / 255, labels[order].astype(np.int64)


@pytest.fixture
def keras(keras64):
    return keras64


# --- The same steps in each framework ------------------------------------------------------------


def run_nnbook(make, optimizer, batches):
    network = make()

    def step(x, y):
        loss = network.compute_gradients(x, y)
        optimizer.step(network.parameters, network.gradients, network.num_weights)
        return loss

    return record(network, step, batches, make())


def run_torch(make, make_optimizer, batches):
    torch = sys.modules["torch"]
    module = to_torch(make())
    optimizer = make_optimizer(module)

    def step(x, y):
        loss = torch.nn.functional.cross_entropy(module(torch.tensor(x)), torch.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return record(module, step, batches, make())


def run_keras(make, optimizer, batches):
    keras = sys.modules["keras"]
    model = to_keras(make())
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def step(x, y):
        model.reset_metrics()  # or the loss would be a mean over the steps so far
        return float(model.train_on_batch(x, y))

    return record(model, step, batches, make())


def record(model, step, batches, like):
    """Take the steps; return each loss, and the weights after some of them as `like` has them."""
    losses, weights = [], {}
    for i, (x, y) in enumerate(zip(*batches, strict=True), start=1):
        losses.append(step(x, y))
        if i in CHECKED:
            copy_weights(model, like)
            weights[i] = like.get_weights()
    return np.array(losses), weights


# --- The comparison ------------------------------------------------------------------------------


def largest_difference(arrays, others):
    return max(np.abs(a - b).max() for a, b in zip(arrays, others, strict=True))


def differences(run, other):
    """Return the largest difference of any weight after 1, 10 and 100 steps."""
    return {i: largest_difference(run[1][i].values(), other[1][i].values()) for i in CHECKED}


def assert_agree(run, other, tolerance):
    assert np.abs(run[0] - other[0]).max() <= tolerance[100], "the losses differ"
    for i, difference in differences(run, other).items():
        assert difference <= tolerance[i], f"weights differ by {difference:.1e} after step {i}"


# --- Optimizers: our class and arguments, the other's name and arguments -------------------------

MOMENTUM = {"momentum": 0.9}
NESTEROV = MOMENTUM | {"nesterov": True}
IN_TORCH = {
    "sgd": (SGD, {"learning_rate": 0.1}, "SGD", {"lr": 0.1}),
    "momentum": (SGD, {"learning_rate": 0.05} | MOMENTUM, "SGD", {"lr": 0.05} | MOMENTUM),
    "nesterov": (SGD, {"learning_rate": 0.05} | NESTEROV, "SGD", {"lr": 0.05} | NESTEROV),
    "rmsprop": (RMSProp, {}, "RMSprop", {"lr": 1e-3, "alpha": 0.9, "eps": 1e-7}),
    "adam": (Adam, {}, "Adam", {}),
    "adam with l2": (Adam, {"l2": 0.01}, "Adam", {"weight_decay": 0.01}),
    "adamw": (AdamW, {}, "AdamW", {"weight_decay": 0.01}),
}
ADAM_IN_KERAS = {"learning_rate": 1e-3, "epsilon": 1e-7, "convention": "keras"}
IN_KERAS = {
    "sgd": (SGD, {"learning_rate": 0.1}, "SGD", {"learning_rate": 0.1}),
    "momentum": (
        SGD,
        {"learning_rate": 0.05} | MOMENTUM,
        "SGD",
        {"learning_rate": 0.05} | MOMENTUM,
    ),
    "nesterov": (
        SGD,
        {"learning_rate": 0.05} | NESTEROV,
        "SGD",
        {"learning_rate": 0.05} | NESTEROV,
    ),
    "rmsprop": (RMSProp, {"convention": "keras"}, "RMSprop", {}),
    "adam": (Adam, ADAM_IN_KERAS, "Adam", {}),
}
# A batch norm takes the bias before it away again, whose gradient is therefore zero but for
# rounding. With its usual epsilon Adam makes steps of rounding; with this one it does not.
ABOVE_ROUNDING = 1e-4


def torch_optimizer(name, arguments, module):
    """Return an optimizer of PyTorch in which only weights decay, as in ours."""
    arguments = {"weight_decay": 0.0} | arguments
    groups = [
        {"params": [p for p in module.parameters() if p.ndim > 1]},
        {"params": [p for p in module.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    return getattr(sys.modules["torch"].optim, name)(groups, **arguments)


def bias_correction(step, beta_1, beta_2):
    return (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)


def round_as_keras(arguments, dtype, beta_1=0.9, beta_2=0.999):
    """Return our optimizer's arguments with the roundings of Keras's.

    Keras casts momentum and betas to the dtype of the weights, and TensorFlow takes a Python
    number for float32 first. The betas are cast in Adam's bias correction alone, which is a
    factor of the step, so a schedule of the learning rate has the same effect.
    """
    if dtype == "float64" and BACKEND != "tensorflow":
        return arguments
    rounded = dict(arguments)
    if "momentum" in arguments:
        rounded["momentum"] = float(np.float32(arguments["momentum"]))
    if arguments.get("convention") == "keras" and "learning_rate" in arguments:
        betas = float(np.float32(beta_1)), float(np.float32(beta_2))

        def rate(iterations):
            exact = bias_correction(iterations + 1, beta_1, beta_2)
            return arguments["learning_rate"] * bias_correction(iterations + 1, *betas) / exact

        rounded["learning_rate"] = rate
    return rounded


def compare_with_torch(name, make, batches, **epsilon):
    ours, our_arguments, theirs, their_arguments = IN_TORCH[name]
    their_epsilon = {"eps": epsilon["epsilon"]} if epsilon else {}
    make_optimizer = partial(torch_optimizer, theirs, their_arguments | their_epsilon)
    return (
        run_nnbook(make, ours(**our_arguments, **epsilon), batches),
        run_torch(make, make_optimizer, batches),
    )


def compare_with_keras(name, make, batches, **epsilon):
    ours, our_arguments, theirs, their_arguments = IN_KERAS[name]
    our_arguments = round_as_keras(our_arguments, make().dtype.name)
    optimizer = getattr(sys.modules["keras"].optimizers, theirs)
    return (
        run_nnbook(make, ours(**our_arguments | epsilon), batches),
        run_keras(make, optimizer(**their_arguments, **epsilon), batches),
    )


def epsilon_for(name, batch_norm):
    adaptive = name not in ("sgd", "momentum", "nesterov")
    return {"epsilon": ABOVE_ROUNDING} if adaptive and batch_norm else {}


# --- The proof -----------------------------------------------------------------------------------

each_network = pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "batch_norm"])
each_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
each_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


@each_dtype
@each_network
@each_activation
@pytest.mark.parametrize("name", IN_TORCH)
def test_training_agrees_with_pytorch(torch, name, activation, batch_norm, dtype):
    make = partial(make_network, dtype, activation, batch_norm, unbiased=True)
    epsilon = epsilon_for(name, batch_norm)
    runs = compare_with_torch(name, make, make_batches(dtype), **epsilon)
    assert_agree(*runs, FLOAT64 if dtype == "float64" else FLOAT32)


# Fewer than for PyTorch, because Keras compiles every one.
CASES_IN_KERAS = [
    *product(("sgd", "momentum", "adam"), ACTIVATIONS, (False, True), ["float64"]),
    *product(("nesterov", "rmsprop"), ["tanh"], [True], ["float64"]),
    *product(("sgd", "momentum", "adam"), ["relu"], (False, True), ["float32"]),
]


@pytest.mark.parametrize(("name", "activation", "batch_norm", "dtype"), CASES_IN_KERAS)
def test_training_agrees_with_keras(keras, name, activation, batch_norm, dtype):
    make = partial(make_network, dtype, activation, batch_norm)
    epsilon = epsilon_for(name, batch_norm)
    runs = compare_with_keras(name, make, make_batches(dtype), **epsilon)
    exact = dtype == "float64" and wholly_float64(activation, batch_norm)
    assert_agree(*runs, FLOAT64 if exact else FLOAT32)


@each_network
@each_activation
def test_every_gradient_agrees_with_pytorch(torch, activation, batch_norm):
    network = make_network("float64", activation, batch_norm)
    x, y = (part[0] for part in make_batches())
    module = to_torch(network)
    torch.nn.functional.cross_entropy(module(torch.tensor(x)), torch.tensor(y)).backward()
    network.compute_gradients(x, y)
    theirs = [p.grad.numpy().T for p in module.parameters()]
    assert largest_difference(network.named_gradients().values(), theirs) <= 1e-14


@each_network
@each_activation
def test_every_gradient_agrees_with_keras(keras, activation, batch_norm):
    network = make_network("float64", activation, batch_norm)
    x, y = (part[0] for part in make_batches())
    model = to_keras(network)
    before = [variable.numpy() for variable in model.trainable_variables]
    # A step of 1 against the gradient: that much the weights change, whatever the backend.
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.learning_rate = 1.0
    model.train_on_batch(x, y)
    after = [variable.numpy() for variable in model.trainable_variables]
    network.compute_gradients(x, y)
    theirs = [a - b for a, b in zip(before, after, strict=True)]
    tolerance = 1e-14 if wholly_float64(activation, batch_norm) else 1e-6
    assert largest_difference(network.named_gradients().values(), theirs) <= tolerance


# The network of the book, on the images of the book. In float32 with tanh: a sum that rounds to
# the other side of a ReLU's kink changes a gradient by as much as a sample has a part in it.


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_the_real_network_agrees_with_pytorch_and_keras(torch, keras, mnist, name):
    make = partial(mlp, [784, 128, 64, 10], rng=0, dtype="float64")
    assert_agree(*compare_with_torch(name, make, mnist), FLOAT64)
    tolerance = FLOAT64 if wholly_float64("relu") else FLOAT32
    assert_agree(*compare_with_keras(name, make, mnist), tolerance)


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_the_real_network_agrees_in_float32(torch, keras, mnist, name):
    make = partial(mlp, [784, 128, 64, 10], "tanh", rng=0, dtype="float32")
    batches = mnist[0].astype(np.float32), mnist[1]
    assert_agree(*compare_with_torch(name, make, batches), FLOAT32)
    assert_agree(*compare_with_keras(name, make, batches), FLOAT32)


# --- The proof notices what is wrong -------------------------------------------------------------


def test_a_wrong_epsilon_is_noticed_at_the_first_step(torch):
    batches = make_batches()
    right = run_torch(make_network, partial(torch_optimizer, "Adam", {}), batches)
    wrong = run_nnbook(make_network, Adam(epsilon=1e-7), batches)
    with pytest.raises(AssertionError, match=r"after step 1\b"):
        assert_agree((right[0], wrong[1]), right, FLOAT32)
    assert differences(wrong, right)[1] >= 5e-4


def test_a_wrong_convention_of_epsilon_is_noticed_at_the_first_step(keras):
    batches = make_batches()
    right = run_keras(make_network, keras.optimizers.Adam(), batches)
    wrong = run_nnbook(make_network, Adam(), batches)
    with pytest.raises(AssertionError, match=r"after step 1\b"):
        assert_agree((right[0], wrong[1]), right, FLOAT32)
    assert differences(wrong, right)[1] >= 8e-4


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow rounds betas in float64")
def test_betas_that_are_not_rounded_are_noticed(keras):
    batches = make_batches()
    make = partial(make_network, activation="tanh")
    right = run_keras(make, keras.optimizers.Adam(), batches)
    found = differences(run_nnbook(make, Adam(**ADAM_IN_KERAS), batches), right)
    assert found[1] == pytest.approx(6.7e-9, rel=0.1)  # 1e-3 times half the relative error
    assert found[100] > 1e-7


@pytest.mark.parametrize(
    ("planted", "seen_at"),
    [
        ({"epsilon": 1e-3}, 1),  # Keras's default
        ({"momentum": 0.99}, 1),  # Keras's default: the running averages are compared too
        ({"unbiased": False}, 1),
    ],
    ids=str,
)
def test_a_wrong_batch_norm_is_noticed(torch, planted, seen_at):
    def make(**settings):
        settings = {"unbiased": True} | settings
        return Sequential(
            [Dense(20, 8), BatchNorm(**settings), ReLU(), Dense(8, 4)], rng=0, dtype="float64"
        )

    batches = make_batches()
    right = run_torch(make, partial(torch_optimizer, "SGD", {"lr": 0.1}), batches)
    wrong = run_nnbook(partial(make, **planted), SGD(0.1), batches)
    assert differences(wrong, right)[seen_at] > 1e-4


def test_under_batch_norm_only_what_has_no_effect_drifts(torch):
    # With Adam's usual epsilon, biases under a batch norm take steps of rounding errors.
    make = partial(make_network, batch_norm=True, unbiased=True)
    ours, theirs = compare_with_torch("adam", make, make_batches())
    assert np.abs(ours[0] - theirs[0]).max() <= 1e-12  # the losses
    drifted = {
        name
        for name, weights in ours[1][100].items()
        if np.abs(weights - theirs[1][100][name]).max() > 1e-12
    }
    assert drifted
    assert drifted <= {"0.b", "3.b", "1.mean", "4.mean"}  # the running means hold the biases
    assert differences(ours, theirs)[100] < 1e-8


# --- Keras's other backends ----------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_agrees_on_other_backends(backend):
    if importlib.util.find_spec("keras") is None or importlib.util.find_spec(backend) is None:
        pytest.skip(f"Keras or {backend} is not installed")
    chosen = "keras and (relu or sigmoid) and (momentum or adam or gradient) and not backends"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        chosen,
    ]
    environment = os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
