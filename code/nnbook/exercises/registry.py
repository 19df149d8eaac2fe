"""All exercises of the book, by name, in the order of the chapters.

Chapter: :doc:`/exercises`.
"""

from nnbook.exercises.catalogue import (
    activations,
    autodiff,
    backpropagation,
    beyond_one_machine,
    bug_museum,
    deep_architectures,
    engine,
    gradient_check,
    initialization,
    metrics,
    mnist_keras,
    mnist_pytorch,
    network_from_scratch,
    neuron,
    optimization,
    practice,
    regularization,
    speed_run,
    takeaways,
    training_well,
)

_CATALOGUE = (
    *(neuron, activations, network_from_scratch, backpropagation, gradient_check),
    *(mnist_keras, metrics, mnist_pytorch, takeaways),
    *(autodiff, engine, practice, bug_museum),
    *(optimization, initialization, regularization),
    *(deep_architectures, training_well, speed_run, beyond_one_machine),
)
EXERCISES = {exercise.name: exercise for module in _CATALOGUE for exercise in module.EXERCISES}
