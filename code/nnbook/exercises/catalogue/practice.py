"""The checked exercises of the part Practice, in the order of its pages.

They belong to :doc:`/exercises`.
"""

from nnbook.exercises.catalogue import (
    practice_data,
    practice_networks,
    practice_regularization,
    practice_training,
)

_PAGES = (practice_networks, practice_training, practice_regularization, practice_data)
EXERCISES = tuple(exercise for module in _PAGES for exercise in module.EXERCISES)
