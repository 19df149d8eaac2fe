"""All exercises of the book, by name, in the order of the chapters.

Chapter: :doc:`/exercises`.
"""

from nnbook.exercises.catalogue import (
    activations,
    autodiff,
    backpropagation,
    engine,
    gradient_check,
    metrics,
    mnist_keras,
    mnist_pytorch,
    network_from_scratch,
    neuron,
    practice,
    takeaways,
)

_CATALOGUE = (
    *(neuron, activations, network_from_scratch, backpropagation, gradient_check),
    *(mnist_keras, metrics, mnist_pytorch, takeaways),
    *(autodiff, engine, practice),
)
EXERCISES = {exercise.name: exercise for module in _CATALOGUE for exercise in module.EXERCISES}
