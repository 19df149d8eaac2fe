"""What a chapter needs to put its results into its prose.

Chapter: :doc:`/neuron`.
"""

import numpy as np


def glue(name, value):
    """Store a result under `name`, so that the prose of the published book can quote it.

    Outside the book, in a notebook without MyST-NB, nothing happens.

    Parameters
    ----------
    name : str
        Unique within the chapter. ``book/claims.yml`` may give a number's accepted range.
    value : str, int, float or NumPy scalar
        What to quote.

    Notes
    -----
    Chapter: :doc:`/neuron`.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, str | int | float):
        raise TypeError(f"value is {type(value).__name__}, expected a string or a number")
    try:
        from myst_nb import glue as myst_glue
    except ModuleNotFoundError:
        return
    myst_glue(name, value, display=False)
