r"""Reverse-mode automatic differentiation of scalars: what a framework does, in one screen.

A :class:`Value` is a number that remembers which numbers it was computed from, and its derivative
with respect to each of them. :meth:`Value.backward` walks that record from the result to the
inputs and multiplies the derivatives along the way: the chain rule.

Chapter: :doc:`/autodiff`.
"""

import math
from numbers import Real


class Value:
    r"""A number in a computational graph.

    Parameters
    ----------
    data : float
        The number.
    parents : tuple of (Value, float)
        Each number it was computed from, with the derivative :math:`\partial` result
        :math:`/\, \partial` parent at this point. Operations fill this in.

    Attributes
    ----------
    data : float
        The number.
    grad : float
        The derivative of the last result :meth:`backward` was called on. As in PyTorch, an input
        adds up the derivatives of several calls until you set it back to 0.

    Raises
    ------
    TypeError
        If `data` is not a real number.

    References
    ----------
    A. G. Baydin et al., "Automatic Differentiation in Machine Learning: A Survey", JMLR 18 (2018),
    `jmlr.org/papers/v18/17-468 <https://jmlr.org/papers/v18/17-468.html>`_.

    Notes
    -----
    Chapter: :doc:`/autodiff`.
    """

    __slots__ = ("data", "grad", "parents")

    def __init__(self, data, parents=()):
        if isinstance(data, bool) or not isinstance(data, Real):
            raise TypeError(f"data is {data!r}, expected a real number")
        self.data, self.grad, self.parents = float(data), 0.0, parents

    def __repr__(self):
        return f"Value(data={self.data:g}, grad={self.grad:g})"

    # Primitive operations: each states its derivative beside its value.

    def __add__(self, other):
        other = _as_value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = _as_value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __pow__(self, exponent):
        if isinstance(exponent, bool) or not isinstance(exponent, Real):
            raise TypeError(f"exponent is {exponent!r}, expected a real number")
        result = self.data**exponent
        if isinstance(result, complex):
            raise ValueError(f"{self.data:g} ** {exponent:g} is not real")
        slope = exponent * self.data ** (exponent - 1) if exponent else 0.0
        return Value(result, ((self, slope),))

    def exp(self):
        """Return :math:`e^x`; its derivative is itself."""
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def log(self):
        """Return the natural logarithm; its derivative is :math:`1/x`."""
        if self.data <= 0:
            raise ValueError(f"log of {self.data:g}, expected a positive number")
        return Value(math.log(self.data), ((self, 1 / self.data),))

    def tanh(self):
        r"""Return the hyperbolic tangent; its derivative is :math:`1 - \tanh^2 x`."""
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def relu(self):
        r"""Return :math:`\max(0, x)`; its derivative is 1 where x is positive, else 0."""
        return Value(max(self.data, 0.0), ((self, float(self.data > 0)),))

    # The rest in terms of these.

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -_as_value(other)

    def __truediv__(self, other):
        return self * _as_value(other) ** -1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def sigmoid(self):
        r"""Return :math:`1 / (1 + e^{-x})`, written as :math:`(1 + \tanh(x/2)) / 2`."""
        return ((self * 0.5).tanh() + 1) * 0.5

    def backward(self):
        r"""Set ``grad`` of every number this one was computed from.

        For each number, from the result back to the inputs,

        .. math:: \frac{\partial L}{\partial \text{parent}} \mathrel{+}=
                  \frac{\partial \text{child}}{\partial \text{parent}}
                  \frac{\partial L}{\partial \text{child}}

        with a number visited only after all that were computed from it.
        """
        order = self._topological_order()
        for value in order:
            if value.parents:
                value.grad = 0.0
        self.grad += 1.0
        for value in reversed(order):
            for parent, slope in value.parents:
                parent.grad += slope * value.grad

    def _topological_order(self):
        """List the graph, parents before children; with a stack, so that its depth is no limit."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            value, parents_done = stack.pop()
            if parents_done:
                order.append(value)
            elif id(value) not in seen:
                seen.add(id(value))
                stack.append((value, True))
                stack.extend((parent, False) for parent, _ in value.parents)
        return order


def _as_value(number):
    return number if isinstance(number, Value) else Value(number)
