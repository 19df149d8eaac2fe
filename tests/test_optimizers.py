"""Optimizers: step for step as in PyTorch and Keras, their algebra, their blocks, refusals."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import SGD, Adam, AdamW, CosineDecay, OneCycle, RMSProp, StepDecay, Warmup, optimizers
from nnbook.optimizers import BLOCK, Optimizer

N, WEIGHTS, STEPS = 23, 15, 60  # numbers, those of them that decay, steps
EVERY = [
    SGD(0.05),
    SGD(0.05, momentum=0.9),
    SGD(0.05, momentum=0.9, nesterov=True),
    RMSProp(0.01),
    RMSProp(0.01, convention="keras"),
    Adam(0.01),
    Adam(0.01, convention="keras"),
    AdamW(0.01, weight_decay=0.1),
]


def fresh(optimizer, **changed):
    """Return an unused optimizer with the same arguments but for those that are `changed`."""
    return type(optimizer)(**optimizer.config() | changed)


def make_problem(seed=0, n=N):
    """Return a start, and a gradient that depends on the parameters and on the step."""
    rng = np.random.default_rng(seed)
    curvature, noise = rng.uniform(0.1, 2, n), rng.normal(size=(STEPS, n))
    return rng.normal(size=n), lambda p, step: curvature * p + noise[step]


def path(optimizer, start, gradient, steps=STEPS, num_weights=None):
    """Return the parameters after each of the steps."""
    p, points = start.copy(), []
    for step in range(steps):
        optimizer.step(p, gradient(p, step), num_weights)
        points.append(p.copy())
    return np.array(points)


# --- Against PyTorch -----------------------------------------------------------------------------


def torch_path(torch, make, decay, start, gradient, clip=None, schedule=None):
    """The same in PyTorch, where only the group of weights decays."""
    groups = [torch.tensor(part, requires_grad=True) for part in np.split(start, [WEIGHTS])]
    options = [{"params": [groups[0]], "weight_decay": decay}, {"params": [groups[1]]}]
    optimizer, points = make(options), []
    scheduler = schedule and schedule(optimizer)
    for step in range(STEPS):
        g = gradient(np.concatenate([p.detach().numpy() for p in groups]), step)
        for p, part in zip(groups, np.split(g, [WEIGHTS]), strict=True):
            p.grad = torch.tensor(part)
        if clip:
            torch.nn.utils.clip_grad_norm_(groups, clip)
        optimizer.step()
        if scheduler:
            scheduler.step()
        points.append(np.concatenate([p.detach().numpy() for p in groups]))
    return np.array(points)


IN_TORCH = {
    "sgd": (SGD(0.05), "SGD", {"lr": 0.05}),
    "momentum": (SGD(0.05, 0.9), "SGD", {"lr": 0.05, "momentum": 0.9}),
    "nesterov": (SGD(0.05, 0.9, True), "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "rmsprop": (RMSProp(0.01, 0.9, 1e-6), "RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-6}),
    "adam": (Adam(0.01, 0.8, 0.99, 1e-6), "Adam", {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-6}),
    "adam by default": (Adam(), "Adam", {}),
    "adamw": (AdamW(0.01, 0), "AdamW", {"lr": 0.01}),
    "adamw by default": (AdamW(weight_decay=0), "AdamW", {}),
}


@pytest.mark.parametrize("decay", [0, 0.1])
@pytest.mark.parametrize("name", IN_TORCH)
def test_every_step_is_pytorchs_and_only_weights_decay(torch, name, decay):
    optimizer, theirs, options = IN_TORCH[name]
    argument = "weight_decay" if isinstance(optimizer, AdamW) else "l2"
    optimizer = fresh(optimizer, **{argument: decay})
    start, gradient = make_problem()
    ours = path(optimizer, start, gradient, num_weights=WEIGHTS)
    options = {"weight_decay": 0} | options
    make = lambda groups: getattr(torch.optim, theirs)(groups, **options)  # noqa: E731
    assert_allclose(ours, torch_path(torch, make, decay, start, gradient), rtol=1e-13, atol=1e-14)


SCHEDULES = {
    "step": (StepDecay(0.05, 7, 0.5), "StepLR", {"step_size": 7, "gamma": 0.5}),
    "cosine": (CosineDecay(0.05, STEPS), "CosineAnnealingLR", {"T_max": STEPS}),
    "one-cycle": (
        OneCycle(0.05, STEPS + 1),
        "OneCycleLR",
        {"max_lr": 0.05, "total_steps": STEPS + 1, "cycle_momentum": False},
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", ["momentum", "nesterov", "adam"])
def test_every_step_under_a_schedule_is_pytorchs(torch, name, schedule):
    optimizer, theirs, options = IN_TORCH[name]
    rate, scheduler, settings = SCHEDULES[schedule]
    start, gradient = make_problem()
    expected = torch_path(
        torch,
        lambda groups: getattr(torch.optim, theirs)(groups, **options | {"lr": 0.05}),
        0.1,
        start,
        gradient,
        schedule=lambda opt: getattr(torch.optim.lr_scheduler, scheduler)(opt, **settings),
    )
    ours = path(fresh(optimizer, learning_rate=rate, l2=0.1), start, gradient, num_weights=WEIGHTS)
    assert_allclose(ours, expected, rtol=1e-12, atol=1e-13)  # PyTorch's cosine is a recurrence


def test_clipping_is_pytorchs_and_comes_before_the_penalty(torch):
    # PyTorch divides by norm + 1e-6, which norms of 1e9 do not notice. Some are shorter than 5e9.
    start, gradient = make_problem()
    long = lambda p, step: 1e9 * gradient(1e-9 * p, step)  # noqa: E731
    norms = [np.linalg.norm(long(start, step)) for step in range(STEPS)]
    assert min(norms) < 5e9 < max(norms)
    make = lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9)  # noqa: E731
    expected = torch_path(torch, make, 0.1, 1e9 * start, long, clip=5e9)
    ours = path(SGD(0.05, 0.9, l2=0.1, global_clipnorm=5e9), 1e9 * start, long, STEPS, WEIGHTS)
    assert_allclose(ours, expected, rtol=1e-13, atol=1e-5)


# --- Keras's conventions -------------------------------------------------------------------------


def keras_formula(optimizer, start, gradient):
    """Keras's equations, with its places of epsilon, one whole vector at a time."""
    o, p, points = optimizer, start.copy(), []
    m = v = np.zeros_like(p)
    for t in range(1, STEPS + 1):
        g = gradient(p, t - 1)
        if isinstance(o, RMSProp):
            v = o.rho * v + (1 - o.rho) * g**2
            p = p - o.learning_rate * g / np.sqrt(v + o.epsilon)
        else:
            p = p * (1 - o.learning_rate * getattr(o, "weight_decay", 0))
            m, v = o.beta_1 * m + (1 - o.beta_1) * g, o.beta_2 * v + (1 - o.beta_2) * g**2
            rate = o.learning_rate * np.sqrt(1 - o.beta_2**t) / (1 - o.beta_1**t)
            p = p - rate * m / (np.sqrt(v) + o.epsilon)
        points.append(p)
    return np.array(points)


KERAS = [
    RMSProp(2**-10, epsilon=1e-7, convention="keras"),
    Adam(2**-10, epsilon=1e-7, convention="keras"),
    AdamW(2**-10, weight_decay=2**-3, epsilon=1e-7, convention="keras"),
]


@pytest.mark.parametrize("scale", [1, 1e-7])
@pytest.mark.parametrize("optimizer", KERAS, ids=repr)
def test_keras_convention_and_that_the_wrong_one_shows(optimizer, scale):
    start, gradient = make_problem()
    small = lambda p, step: scale * gradient(p, step)  # noqa: E731
    expected = keras_formula(optimizer, start, small)
    assert_allclose(path(fresh(optimizer), start, small), expected, rtol=1e-13, atol=1e-14)
    wrong = path(fresh(optimizer, convention="pytorch"), start, small)
    if scale < 1:
        assert np.abs(wrong - expected)[0].max() > 1e-4


@pytest.mark.parametrize("optimizer", KERAS, ids=lambda optimizer: type(optimizer).__name__)
def test_keras_convention_is_that_of_keras(keras_mlp, optimizer):
    keras = keras_mlp.keras
    if keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 unless told so before its start")
    # Keras rounds its settings through float32, so ours have to be float32 numbers, too.
    names = set(optimizer.config()) - {"convention", "l2", "global_clipnorm"}
    options = {name: float(np.float32(getattr(optimizer, name))) for name in names}
    start, gradient = make_problem()
    small = lambda p, step: 1e-7 * gradient(p, step)  # noqa: E731
    variable = keras.Variable(start, dtype="float64")
    theirs = getattr(keras.optimizers, type(optimizer).__name__.replace("RMSProp", "RMSprop"))(
        **options
    )
    expected = []
    for step in range(STEPS):
        g = small(keras.ops.convert_to_numpy(variable), step)
        theirs.apply([keras.ops.convert_to_tensor(g, dtype="float64")], [variable])
        expected.append(np.array(keras.ops.convert_to_numpy(variable)))
    assert_allclose(path(fresh(optimizer, **options), start, small), expected, rtol=1e-13)
    wrong = path(fresh(optimizer, **options, convention="pytorch"), start, small)
    assert np.abs(wrong - expected)[0].max() > 1e-4


# --- Blocks and dtypes ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_blocks_change_no_bit(monkeypatch, optimizer, n, dtype):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=n).astype(dtype), rng.normal(size=(3, n)).astype(dtype)
    blocked = path(fresh(optimizer), start, lambda _, step: gradients[step].copy(), 3)
    monkeypatch.setattr(optimizers, "BLOCK", 10**9)
    assert_array_equal(
        blocked, path(fresh(optimizer), start, lambda _, step: gradients[step].copy(), 3)
    )
    assert blocked.dtype == dtype


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_step_works_in_place_and_keeps_state_for_every_number(optimizer):
    optimizer, p, g = fresh(optimizer), np.ones(5, "float32"), np.ones(5, "float32")
    optimizer.step(p, g)
    optimizer.step(p, g)
    assert optimizer.iterations == 2
    assert {name: (s.shape, s.dtype) for name, s in optimizer.state.items()} == dict.fromkeys(
        optimizer.slots, ((5,), np.float32)
    )
    assert (p < 1).all()
    assert_array_equal(g, 1)  # changed by clipping and the penalty only


# --- Algebra -------------------------------------------------------------------------------------

vectors = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8).map(np.array)


@given(vectors, st.floats(1e-3, 1e3), st.sampled_from([Adam, AdamW, RMSProp]))
def test_the_first_step_of_adaptive_methods_ignores_the_scale_of_the_gradient(g, scale, method):
    g = np.where(np.abs(g) < 1e-3, 1, g)
    p, size = np.zeros_like(g), 0.01 / (0.1**0.5 if method is RMSProp else 1)
    method(0.01, epsilon=1e-15).step(p, scale * g)
    assert_allclose(p, -size * np.sign(g), rtol=1e-8)


@given(vectors, st.floats(-10, 10), st.sampled_from([0, 0.5, 0.9]))
def test_sgd_is_linear_in_the_gradient(g, scale, momentum):
    def moved(*gradients):
        p, sgd = np.zeros_like(g), SGD(0.5, momentum)
        for gradient in gradients:
            sgd.step(p, gradient.copy())
        return p

    other = np.cos(np.arange(len(g)))
    assert_allclose(
        moved(scale * g + other, g),
        scale * moved(g, 0 * g) + moved(other, g),
        rtol=1e-9,
        atol=1e-9,
    )


@given(vectors, st.floats(1e-3, 1e4))
def test_clipping_never_lengthens_and_keeps_the_direction(g, clip):
    p, clipped = np.zeros_like(g), g.copy()
    SGD(0.5, global_clipnorm=clip).step(p, clipped)
    norm = np.linalg.norm(g)
    assert_allclose(np.linalg.norm(clipped), min(norm, clip), rtol=1e-12)
    assert_allclose(clipped * norm, g * np.linalg.norm(clipped), rtol=1e-12, atol=1e-300)
    if norm < clip:
        assert_array_equal(clipped, g)
    assert_array_equal(p, -0.5 * clipped)


def test_l2_and_decoupled_decay_differ():
    # Where gradients are large, the penalty is lost in Adam's quotient, and AdamW's decay is not.
    p, q = np.ones(4), np.ones(4)
    Adam(0.01, l2=0.1).step(p, np.full(4, 1e3))
    AdamW(0.01, weight_decay=0.1).step(q, np.full(4, 1e3))
    assert_allclose(p, 1 - 0.01)
    assert_allclose(q, 1 - 0.01 - 0.01 * 0.1)


# --- Learning rate, repr and refusals ------------------------------------------------------------


def test_the_learning_rate_may_be_any_function_of_the_step():
    sgd, p, taken = SGD(lambda step: 1 / (1 + step)), np.zeros(1), []
    for step in range(4):
        assert sgd.current_learning_rate == 1 / (1 + step)
        before = p[0]
        sgd.step(p, np.ones(1))
        taken.append(before - p[0])
    assert_allclose(taken, [1, 1 / 2, 1 / 3, 1 / 4])


@pytest.mark.parametrize("value", [np.nan, -0.1, np.inf, "0.1", None, True])
def test_a_schedule_of_a_wrong_value_is_refused_and_nothing_changes(value):
    sgd, p = SGD(lambda step: value if step else 0.1, momentum=0.5), np.ones(2)
    sgd.step(p, np.ones(2))
    before = p.copy(), sgd.state["velocity"].copy()
    with pytest.raises((ValueError, TypeError), match=r"learning rate of step 1 is .*, expected"):
        sgd.step(p, np.ones(2))
    assert_array_equal(p, before[0])
    assert_array_equal(sgd.state["velocity"], before[1])
    assert sgd.iterations == 1


@pytest.mark.parametrize(
    "optimizer",
    [*EVERY, Adam(Warmup(CosineDecay(1e-3, 9), 4), l2=0.1, global_clipnorm=2.0), SGD(1, l2=0.5)],
    ids=repr,
)
def test_repr_makes_an_equal_optimizer(optimizer):
    again = eval(repr(optimizer))
    assert type(again) is type(optimizer)
    assert again.config() == optimizer.config()
    assert repr(again) == repr(optimizer)


def test_repr_of_a_function_as_schedule_names_it():
    def halve(step):
        return 0.5**step

    assert "learning_rate=test_repr_of_a_function_as_schedule_names_it." in repr(Adam(halve))


NUMBER = [*((v, ValueError) for v in (-1, np.nan, np.inf)), *((v, TypeError) for v in ("1", True))]
POSITIVE = [*NUMBER, (0, ValueError), (1j, TypeError)]
FRACTION = [*NUMBER, (1, ValueError), (None, TypeError)]
CHOICE = [("Keras", ValueError), (None, TypeError)]
REFUSED = {
    Optimizer: {"learning_rate": [*POSITIVE, (None, TypeError)], "global_clipnorm": POSITIVE},
    SGD: {"learning_rate": POSITIVE, "momentum": FRACTION, "l2": NUMBER},
    RMSProp: {"rho": FRACTION, "epsilon": POSITIVE, "convention": CHOICE, "l2": NUMBER},
    Adam: {"beta_1": FRACTION, "beta_2": FRACTION, "epsilon": POSITIVE, "convention": CHOICE},
    AdamW: {"weight_decay": NUMBER, "beta_1": FRACTION, "global_clipnorm": POSITIVE},
}


@pytest.mark.parametrize(
    ("method", "name", "value", "error"),
    [(m, n, *case) for m, names in REFUSED.items() for n, cases in names.items() for case in cases],
)
def test_arguments_that_are_refused(method, name, value, error):
    with pytest.raises(error, match=re.escape(f"{name} is {value!r}, expected ")):
        method(**{"learning_rate": 0.1, name: value})


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="nesterov is True and momentum 0, expected"):
        SGD(nesterov=True)


def test_arrays_that_do_not_fit_are_refused_before_anything_changes():
    adam, p = Adam(), np.ones(3)
    adam.step(p, np.ones(3))
    before = p.copy()
    for parameters, gradients, message in [
        (p, np.ones(4), r"gradients has shape \(4,\) and dtype float64, expected \(3,\)"),
        (p, np.ones(3, "float32"), "gradients has .* float32, expected .* float64"),
        (np.ones(4), np.ones(4), r"this Adam has worked on \(3,\) .* a new one"),
        (np.ones(3, "float32"), np.ones(3, "float32"), "but this Adam has worked on"),
    ]:
        with pytest.raises(ValueError, match=message):
            adam.step(parameters, gradients)
    assert adam.iterations == 1
    assert_array_equal(p, before)


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_clipping_survives_norms_whose_square_float32_cannot_hold(scale):
    p, g = np.zeros(3, np.float32), np.array([3, 0, -4], np.float32) * np.float32(scale)
    SGD(1.0, global_clipnorm=scale).step(p, g)
    assert_allclose(p, np.array([-0.6, 0, 0.8]) * scale, rtol=1e-6)


def test_clipping_leaves_a_zero_gradient():
    p = np.ones(3)
    SGD(1.0, global_clipnorm=1.0).step(p, np.zeros(3))
    assert_allclose(p, 1)
