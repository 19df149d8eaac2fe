r"""Compare a gradient with central differences, at every coordinate, in float64.

Chapter: :doc:`/backpropagation`.
"""

from dataclasses import dataclass

import numpy as np

from nnbook.validation import check_finite, check_positive


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of :func:`gradient_check`: the coordinate with the largest relative error.

    Attributes
    ----------
    parameter : str
        Name of the parameter.
    index : tuple of int
        Position in it.
    analytic, numeric : float
        The gradient under test and the central difference at that coordinate.
    relative_error : float
        Their distance, as defined in :func:`gradient_check`.
    tolerance : float
        The largest relative error that passes.

    Notes
    -----
    Chapter: :doc:`/backpropagation`.
    """

    parameter: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    relative_error: float
    tolerance: float

    @property
    def passed(self):
        """Whether every coordinate agrees within the tolerance."""
        return self.relative_error <= self.tolerance

    def __str__(self):
        verdict = "passed" if self.passed else "FAILED"
        position = ", ".join(str(i) for i in self.index)
        return (
            f"{verdict}: worst at {self.parameter}[{position}], analytic {self.analytic:.10g}, "
            f"numeric {self.numeric:.10g}, relative error {self.relative_error:.1e} "
            f"(tolerance {self.tolerance:.0e})"
        )


def numerical_gradient(loss, parameters, step=1e-5):
    r"""Estimate the gradient of `loss` by central differences.

    .. math:: \frac{\partial L}{\partial \theta_j} \approx
              \frac{L(\theta + s e_j) - L(\theta - s e_j)}{2s}, \qquad s = \text{step}

    Parameters
    ----------
    loss : callable
        Takes the dict `parameters` and returns a float. Each array is changed in place, one
        coordinate at a time, and restored, so a loss that reads the same arrays elsewhere (the
        attributes of a network, say) works too.
    parameters : dict of str to ndarray
        float64 arrays of any shape.
    step : float, default 1e-5
        The step s. Smaller loses digits to rounding, larger to curvature.

    Returns
    -------
    dict of str to ndarray
        Same names and shapes as `parameters`.

    Raises
    ------
    TypeError
        If a parameter or the loss is not float64: in float32 the difference is mostly rounding.
    ValueError
        If a parameter or the loss is not finite, or `parameters` is empty.

    Notes
    -----
    Chapter: :doc:`/backpropagation`.
    """
    check_positive("step", step)
    _check_arrays("parameters", parameters)
    gradients = {}
    for name, array in parameters.items():
        gradients[name] = np.empty_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            try:
                array[index] = value + step
                above = _evaluate(loss, parameters)
                array[index] = value - step
                below = _evaluate(loss, parameters)
            finally:
                array[index] = value
            gradients[name][index] = (above - below) / (2 * step)
    return gradients


def gradient_check(loss, parameters, gradients, step=1e-5, tolerance=1e-6):
    r"""Hold `gradients` against central differences of `loss` and report the worst coordinate.

    .. math:: \text{relative error} = \frac{|a - n|}{\max(|a|, |n|, 10^{-3} g)}

    with the analytic value :math:`a`, the numeric value :math:`n` and the largest absolute
    gradient :math:`g` over all parameters. The last term keeps the rounding of the difference
    from dominating where a derivative is next to nothing.

    Parameters
    ----------
    loss : callable
        Takes the dict `parameters` and returns a float; see :func:`numerical_gradient`.
    parameters : dict of str to ndarray
        float64 arrays of any shape. Keep away from kinks: where a ReLU's input changes its sign
        within `step`, no derivative is there to be compared.
    gradients : dict of str to ndarray
        The gradients under test: the names and shapes of `parameters`.
    step : float, default 1e-5
        Step of the central difference.
    tolerance : float, default 1e-6
        The largest relative error that passes.

    Returns
    -------
    GradientCheck
        Prints as one line; ``.passed`` is the verdict.

    Raises
    ------
    TypeError
        If an array or the loss is not float64.
    ValueError
        If names or shapes differ, or a value is not finite.

    Notes
    -----
    Chapter: :doc:`/backpropagation`.
    """
    check_positive("tolerance", tolerance)
    _check_arrays("gradients", gradients)
    _check_arrays("parameters", parameters)
    if gradients.keys() != parameters.keys():
        raise ValueError(f"gradients has names {[*gradients]}, expected {[*parameters]}")
    for name, array in parameters.items():
        found = gradients[name].shape
        if found != array.shape:
            raise ValueError(f"gradients[{name!r}] has shape {found}, expected {array.shape}")

    numeric = numerical_gradient(loss, parameters, step)
    largest = max(np.abs(g).max() for g in [*gradients.values(), *numeric.values()])
    floor = max(1e-3 * largest, np.finfo(np.float64).tiny)
    worst_of_each = []
    for name, n in numeric.items():
        a = gradients[name]
        errors = np.abs(a - n) / np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)
        index = tuple(int(i) for i in np.unravel_index(errors.argmax(), errors.shape))
        values = float(a[index]), float(n[index]), float(errors[index])
        worst_of_each.append(GradientCheck(name, index, *values, tolerance))
    return max(worst_of_each, key=lambda check: check.relative_error)


def _check_arrays(argument, arrays):
    if not arrays:
        raise ValueError(f"{argument} is empty, expected at least one named array")
    for name, array in arrays.items():
        label = f"{argument}[{name!r}]"
        if not isinstance(array, np.ndarray) or array.dtype != np.float64:
            found = getattr(array, "dtype", type(array).__name__)
            raise TypeError(f"{label} is {found}, expected a float64 array")
        if array.size == 0:
            raise ValueError(f"{label} is empty: shape {array.shape}")
        check_finite(label, array)


def _evaluate(loss, parameters):
    value = np.asarray(loss(parameters))
    if value.dtype != np.float64 or value.shape != ():
        raise TypeError(f"loss returned {value.dtype} of shape {value.shape}, expected one float64")
    check_finite("the loss", value)
    return float(value)
