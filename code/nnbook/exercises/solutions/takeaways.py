"""Solutions to the checked exercises of :doc:`/takeaways`."""

import numpy as np


def first_loss(num_classes):
    """Cross-entropy of a network that gives each class the same probability."""
    return np.log(num_classes)


def standard_error(a, b):
    """Difference of the means, mean(a) - mean(b), and its standard error."""
    difference = np.mean(a) - np.mean(b)
    error = np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    return difference, error
