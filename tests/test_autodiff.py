"""Reverse mode on scalars: three oracles for every operation, and graphs of any shape and depth."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbook.activations import sigmoid
from nnbook.autodiff import Value

numbers = st.floats(-3, 3).filter(lambda x: abs(x) > 0.01)  # away from the kink and from 1/0

UNARY = {
    "negative": lambda x: -x,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "difference from 1": lambda x: 1 - x,
    "exp": lambda x: x.exp(),
    "log of square": lambda x: (x**2).log(),
    "root of square": lambda x: (x**2) ** 0.5,
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "used twice": lambda x: x * x + x,
}
BINARY = {
    "sum": operator.add,
    "difference": operator.sub,
    "product": operator.mul,
    "quotient": operator.truediv,
    "shared": lambda x, y: (x * y + y).tanh() * (x * y).exp() - y / x,
}
each_unary = pytest.mark.parametrize("function", UNARY.values(), ids=UNARY)
each_binary = pytest.mark.parametrize("function", BINARY.values(), ids=BINARY)


def gradient(function, *inputs):
    values = [Value(x) for x in inputs]
    function(*values).backward()
    return [value.grad for value in values]


def assert_central_differences_agree(function, *inputs):
    for i, slope in enumerate(gradient(function, *inputs)):
        h = 1e-6
        above, below = ([*inputs[:i], inputs[i] + d, *inputs[i + 1 :]] for d in (h, -h))
        numeric = (function(*map(Value, above)).data - function(*map(Value, below)).data) / (2 * h)
        assert slope == pytest.approx(numeric, rel=1e-5, abs=1e-6)


@each_unary
@given(x=numbers)
def test_unary_against_central_differences(function, x):
    assert_central_differences_agree(function, x)


@each_binary
@given(x=numbers, y=numbers)
def test_binary_against_central_differences(function, x, y):
    assert_central_differences_agree(function, x, y)


@each_binary
def test_against_pytorch(torch, function):
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(0.1, 3, (20, 2)) * rng.choice([-1, 1], (20, 2)):
        tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y)]
        function(*tensors).backward()
        expected = [float(t.grad) for t in tensors]
        assert gradient(function, x, y) == pytest.approx(expected, rel=1e-13)


@given(x=numbers, y=numbers)
def test_the_derivative_is_linear(x, y):
    f, g = BINARY["product"], BINARY["shared"]
    combined = gradient(lambda a, b: 2 * f(a, b) - 3 * g(a, b), x, y)
    parts = zip(gradient(f, x, y), gradient(g, x, y), strict=True)
    assert combined == pytest.approx([2 * a - 3 * b for a, b in parts], rel=1e-9, abs=1e-9)


def test_sigmoid_is_the_packages():
    for x in (-1e4, -30.0, 0.0, 2.0, 1e4):
        assert Value(x).sigmoid().data == pytest.approx(float(sigmoid(x)), abs=1e-15)


def test_a_planted_wrong_derivative_shows():
    def wrong_square(x):
        return Value(x.data**2, ((x, 1.001 * 2 * x.data),))

    with pytest.raises(AssertionError):
        assert_central_differences_agree(wrong_square, 1.5)


def test_inputs_add_up_over_calls_and_results_start_anew():
    x = Value(3)
    y = x * x
    z = y + x
    z.backward()
    z.backward()
    assert (x.grad, y.grad) == (14, 1)
    x.grad = 0.0
    z.backward()
    assert x.grad == 7


def test_a_number_is_visited_after_all_that_use_it():
    x = Value(1)
    early = x * 2
    late = ((early + 1) * 3) * early
    late.backward()
    assert x.grad == 2 * (6 * 2 + 3)


def test_a_chain_of_a_hundred_thousand_numbers():
    x = Value(1)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert (y.data, x.grad) == (100_001, 100_001)


def test_a_graph_that_doubles_its_paths_takes_linear_time():
    x = Value(1)
    y = x
    for _ in range(1000):
        y = (y + y) * 0.5
    y.backward()
    assert x.grad == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Value("1"), TypeError, "data is '1', expected a real number"),
        (lambda: Value(True), TypeError, "data is True"),
        (lambda: Value(1) + None, TypeError, "data is None"),
        (lambda: Value(2) ** Value(2), TypeError, "exponent is Value"),
        (lambda: Value(-1) ** 0.5, ValueError, r"-1 \*\* 0.5 is not real"),
        (lambda: Value(0).log(), ValueError, "log of 0, expected a positive number"),
        (lambda: Value(1) / 0, ZeroDivisionError, None),
        (lambda: Value(1000).exp(), OverflowError, None),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_power_zero_is_constant():
    assert gradient(lambda x: x**0, 0.0) == [0]
    assert math.isclose(gradient(lambda x: x**3, -2.0)[0], 12)
