"""Learning-rate schedules: closed forms at every step and beyond the end, and as in PyTorch."""

import re
from math import cos, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from nnbook import Adam, CosineDecay, OneCycle, StepDecay, Warmup
from nnbook.schedules import ExponentialRise, rate_at

TOTAL = 37


def one_cycle(t, top=0.3 * TOTAL - 1, end=TOTAL - 1):
    """The two half cosines between 0.02 / 25, 0.02 and 0.02 / 25e4, written as in the paper."""
    low, high, last = 0.02 / 25, 0.02, 0.02 / 25 / 1e4
    if t <= top:
        return low + (high - low) * (1 - cos(pi * t / top)) / 2
    return last + (high - last) * (1 + cos(pi * (min(t, end) - top) / (end - top))) / 2


CLOSED_FORMS = [
    (StepDecay(0.1, 5, 0.5), lambda t: 0.1 / 2 ** (t // 5)),
    (StepDecay(0.1, 1), lambda t: 0.1 ** (t + 1)),
    (CosineDecay(0.1, TOTAL), lambda t: 0.05 * (1 + cos(pi * min(t, TOTAL) / TOTAL))),
    (
        CosineDecay(0.1, TOTAL, alpha=0.2),
        lambda t: 0.02 + 0.04 * (1 + cos(pi * min(t, TOTAL) / TOTAL)),
    ),
    (Warmup(0.1, 4), lambda t: min(0.1, 0.025 * (t + 1))),
    (Warmup(0.1, 1), lambda t: 0.1),
    (
        Warmup(StepDecay(0.1, 5, 0.5), 4),
        lambda t: 0.025 * (t + 1) if t < 4 else 0.1 / 2 ** ((t - 4) // 5),
    ),
    (OneCycle(0.02, TOTAL), one_cycle),
    (ExponentialRise(1e-5, 1.0, 20), lambda t: 10 ** (-5 + t / 4)),
]


@pytest.mark.parametrize(("schedule", "closed_form"), CLOSED_FORMS)
def test_closed_form_at_every_step_and_beyond_the_end(schedule, closed_form):
    steps = range(2 * TOTAL)
    expected = [closed_form(t) for t in steps]
    assert_allclose([schedule(t) for t in steps], expected, rtol=1e-13, atol=1e-18)
    assert schedule(np.int64(9)) == schedule(9)


@pytest.mark.parametrize(
    ("schedule", "theirs", "options"),
    [
        (StepDecay(0.1, 5, 0.5), "StepLR", {"step_size": 5, "gamma": 0.5}),
        (CosineDecay(0.1, TOTAL), "CosineAnnealingLR", {"T_max": TOTAL}),
        (CosineDecay(0.1, TOTAL, 0.2), "CosineAnnealingLR", {"T_max": TOTAL, "eta_min": 0.02}),
        (OneCycle(0.1, TOTAL), "OneCycleLR", {}),
        (OneCycle(0.1, 2), "OneCycleLR", {"total_steps": 2}),
        (OneCycle(0.1, TOTAL, pct_start=0), "OneCycleLR", {"pct_start": 0.0}),
        (
            OneCycle(0.1, TOTAL, 0.9, 10, 100),
            "OneCycleLR",
            {"pct_start": 0.9, "div_factor": 10, "final_div_factor": 100},
        ),
    ],
    ids=repr,
)
def test_as_in_pytorch(torch, schedule, theirs, options):
    if theirs == "OneCycleLR":
        options = {"max_lr": 0.1, "total_steps": TOTAL, "cycle_momentum": False} | options
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = getattr(torch.optim.lr_scheduler, theirs)(optimizer, **options)
    rates = []
    for _ in range(options.get("total_steps", TOTAL + 1)):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < options.get("total_steps", np.inf):
            scheduler.step()
    assert_allclose([schedule(t) for t in range(len(rates))], rates, rtol=1e-12, atol=1e-15)


def test_one_cycle_starts_at_its_peak_where_the_rise_has_no_step():
    assert OneCycle(0.1, 10, pct_start=0.1)(0) == 0.1  # PyTorch divides by zero


@given(st.integers(1, 30), st.integers(0, 60), st.floats(0, 0.99))
def test_shapes(total, step, share):
    cosine, rise = CosineDecay(0.1, total, share), ExponentialRise(0.001, 0.1, total)
    assert 0.1 * share - 1e-17 <= cosine(step + 1) <= cosine(step) <= 0.1
    assert_allclose(rise(step + 1) / rise(step), 100 ** (1 / total))
    cycle = OneCycle(0.1, total + 1, share)
    assert cycle(total + step) == cycle(total) <= cycle(step) <= 0.1
    warm = Warmup(cosine, total)
    assert warm(total + step) == cosine(step)
    assert 0 < warm(0) <= warm(total - 1) == warm(total)


# --- The rate of a step --------------------------------------------------------------------------


def test_rate_at_takes_numbers_and_functions():
    assert rate_at(0.1, 7) == 0.1
    assert rate_at(lambda step: step / 8, 4) == 0.5
    assert rate_at(lambda step: 0, 4) == 0  # a cosine's end


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, ValueError) for value in (-0.1, np.nan, np.inf)),
        *((value, TypeError) for value in (None, "0.1", True, [0.1], 1j)),
    ],
)
def test_a_wrong_return_value_is_refused(value, error):
    with pytest.raises(error, match=re.escape(f"the learning rate of step 3 is {value!r}, expect")):
        rate_at(lambda step: value, 3)
    with pytest.raises(error, match="the learning rate of step 0"):
        Adam(lambda step: value).current_learning_rate  # noqa: B018


# --- Construction --------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", [case[0] for case in CLOSED_FORMS], ids=repr)
def test_repr_makes_an_equal_schedule_that_cannot_be_changed(schedule):
    assert eval(repr(schedule)) == schedule
    assert hash(schedule) == hash(eval(repr(schedule)))
    with pytest.raises(AttributeError):
        schedule.gamma = 2


GOOD = {
    StepDecay: {"initial_learning_rate": 0.1, "step_size": 5},
    CosineDecay: {"initial_learning_rate": 0.1, "decay_steps": 5},
    Warmup: {"schedule": 0.1, "warmup_steps": 5},
    OneCycle: {"max_learning_rate": 0.1, "total_steps": 5},
    ExponentialRise: {
        "initial_learning_rate": 0.1,
        "final_learning_rate": 1.0,
        "rise_steps": 5,
    },
}
POSITIVE = [(0, ValueError), (-1.0, ValueError), (np.nan, ValueError), ("1", TypeError)]
FRACTION = [(1, ValueError), (-0.1, ValueError), (None, TypeError)]
COUNT = [(0, ValueError), (2.0, TypeError), (True, TypeError), (None, TypeError)]
BAD = {
    StepDecay: {"initial_learning_rate": POSITIVE, "step_size": COUNT, "gamma": POSITIVE},
    CosineDecay: {"initial_learning_rate": POSITIVE, "decay_steps": COUNT, "alpha": FRACTION},
    Warmup: {"schedule": [*POSITIVE, (None, TypeError)], "warmup_steps": COUNT},
    OneCycle: {
        "max_learning_rate": POSITIVE,
        "total_steps": [*COUNT, (1, ValueError)],
        "pct_start": FRACTION,
        "div_factor": POSITIVE,
        "final_div_factor": POSITIVE,
    },
    ExponentialRise: {
        "initial_learning_rate": POSITIVE,
        "final_learning_rate": POSITIVE,
        "rise_steps": COUNT,
    },
}


@pytest.mark.parametrize(
    ("schedule", "name", "value", "error"),
    [(s, n, *case) for s, names in BAD.items() for n, cases in names.items() for case in cases],
)
def test_arguments_that_are_refused(schedule, name, value, error):
    with pytest.raises(error, match=re.escape(f"{name} is {value!r}, expected ")):
        schedule(**GOOD[schedule] | {name: value})
