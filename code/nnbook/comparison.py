r"""Runs from several seeds: gather them, describe them, and say whether a difference counts.

Chapter: :doc:`/exercises`.
"""

from dataclasses import dataclass

import numpy as np

from nnbook.validation import check_finite, check_numeric


def groups(table, *columns):
    """Gather the rows of a table that agree in some columns.

    Parameters
    ----------
    table : ndarray, structured
        As :func:`nnbook.book.load_results` returns it.
    columns : str
        Names of columns; at least one.

    Returns
    -------
    dict
        From each combination of values that occurs, in order of appearance, to its rows. The keys
        are tuples, and plain values if there is one column; an empty cell is None.

    Raises
    ------
    ValueError
        If the table has no such column.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    known = table.dtype.names or ()
    if not columns or not set(columns) <= set(known):
        raise ValueError(f"columns is {columns}, expected some of {', '.join(known)}")
    places = {}
    for place, values in enumerate(table[list(columns)].tolist()):
        key = tuple(None if value != value else value for value in values)  # nan equals no nan
        places.setdefault(key, []).append(place)
    single = len(columns) == 1
    return {key[0] if single else key: table[rows] for key, rows in places.items()}


def describe(values, form=".2%"):
    r"""Return mean and standard deviation in words, such as "97.65% ± 0.13%".

    .. math:: s = \sqrt{\tfrac{1}{n - 1} \textstyle\sum_i (x_i - \bar x)^2}

    Parameters
    ----------
    values : array_like of shape (n,)
        One result a seed; at least two.
    form : str, default ".2%"
        Python's format of both numbers.

    Returns
    -------
    str

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two values, or one is no finite number.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    values = _check_runs("values", values)
    return f"{values.mean():{form}} ± {values.std(ddof=1):{form}}"


@dataclass(frozen=True)
class Comparison:
    """The difference of two means, and what of it may be chance.

    Parameters
    ----------
    difference : float
        Mean of the first runs minus mean of the second.
    error : float
        Its standard error.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    difference: float
    error: float

    @property
    def counts(self):
        """Whether the difference exceeds twice its standard error."""
        return abs(self.difference) > 2 * self.error

    def __format__(self, form):
        """Return difference and doubled error in the given format, and the verdict."""
        form = form or ".2%"
        verdict = "counts" if self.counts else "noise"
        return f"{self.difference:+{form}} ± {2 * self.error:{form}} ({verdict})"


def compare(first, second):
    r"""Compare the results of two settings.

    .. math:: d = \bar x - \bar y, \qquad
              \operatorname{se}(d) = \sqrt{\frac{s_x^2}{n_x} + \frac{s_y^2}{n_y}}

    Parameters
    ----------
    first, second : array_like of shape (n,)
        One result a seed; at least two.

    Returns
    -------
    Comparison
        It counts if :math:`|d| > 2 \operatorname{se}(d)`.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two values, or one is no finite number.

    References
    ----------
    B. L. Welch, "The Generalization of 'Student's' Problem when Several Different Population
    Variances are Involved", Biometrika 34 (1947), `doi:10.2307/2332510
    <https://doi.org/10.2307/2332510>`_.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    first, second = _check_runs("first", first), _check_runs("second", second)
    variance = first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)
    return Comparison(float(first.mean() - second.mean()), float(np.sqrt(variance)))


def _check_runs(name, values):
    values = np.asarray(check_numeric(name, values), dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"{name} has shape {values.shape}, expected (n,) with n at least 2")
    check_finite(name, values)
    return values
