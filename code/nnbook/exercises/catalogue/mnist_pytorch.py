"""The checked exercises of :doc:`/mnist-pytorch`; two of them have modules of their own."""

import numpy as np

from nnbook.exercises.catalogue.logits_loss import CROSS_ENTROPY
from nnbook.exercises.catalogue.minibatches import MINIBATCHES
from nnbook.exercises.exercise import Exercise, Misconception
from nnbook.exercises.solutions import mnist_pytorch as solutions

NETWORK = "mnist-pytorch#define-the-network"
STEP = "mnist-pytorch#what-happens-in-one-step"


# --- training-step -------------------------------------------------------------------------------


def training_runs(rng):
    """Return linear models with their optimizers; the second batch comes back several times."""
    fixed = training_run(np.random.default_rng(0), 4, 3, 0.5)
    return [fixed, *(training_run(rng, *size) for size in [(6, 3, 0.5), (5, 4, 0.2)])]


def training_run(rng, m, num_classes, learning_rate):
    # The module's ImportError says what to install.
    from nnbook.frameworks.torch_mlp import nn, torch

    model = nn.utils.skip_init(nn.Linear, 3, num_classes, dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=tuple(parameter.shape))))
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    samples = rng.normal(size=(2, m, 3)), rng.integers(num_classes, size=(2, m))
    first, second = zip(*map(torch.from_numpy, samples), strict=True)
    return model, nn.functional.cross_entropy, optimizer, [first, *[second] * 4]


def steps(order, logits=lambda model, x: model(x), late=False):
    """Return a loop with its steps in some order: b for backward, s for step, z for zero_grad."""

    def answer(model, loss_function, optimizer, batches):
        losses = []
        for x, y in batches:
            loss = loss_function(logits(model, x), y)
            do = {"b": loss.backward, "s": optimizer.step, "z": optimizer.zero_grad}
            for step in order:
                do[step]()
            losses.append(loss_function(model(x), y).item() if late else loss.item())
        return losses

    return answer


def plain_numbers(losses):
    """Refuse tensors that still hang on their graph; no other answer is changed."""
    if isinstance(losses, list | tuple) and any(hasattr(e, "requires_grad") for e in losses):
        raise TypeError("its losses are tensors, expected plain numbers: loss.item()")
    return losses


TRAINING_STEP = Exercise(
    name="training-step",
    page="mnist-pytorch",
    solution=solutions.training_step,
    returns=("losses",),
    cases=training_runs,
    read=plain_numbers,
    hints=(
        "Four things happen for each batch: forward to the loss, forget the last gradient, "
        "backward, step.",
        "loss = loss_function(model(x), y), and loss.item() is its value as a plain number.",
        "The order of the others: optimizer.zero_grad(), loss.backward(), optimizer.step().",
    ),
    misconceptions=(
        Misconception(
            "gradients-never-cleared",
            steps("bs"),
            "The gradients are never cleared, or only before the loop. backward adds to .grad, so "
            "each step follows the sum of all gradients so far. Call zero_grad for each batch.",
            STEP,
        ),
        Misconception(
            "weights-never-move",
            steps("bzs"),
            "The weights do not move in your loop. Either the gradient is cleared between backward "
            "and step, or one of the two is missing or stands behind the loop.",
            STEP,
        ),
        Misconception(
            "one-step-late",
            steps("szb"),
            "step comes before backward, so each step uses the gradient of the batch before. First "
            "backward, then step.",
            STEP,
        ),
        Misconception(
            "softmax-before-the-loss",
            steps("zbs", logits=lambda model, x: model(x).softmax(dim=1)),
            "A softmax stands before the loss. cross_entropy takes logits and applies a softmax "
            "itself; with two of them the gradients are small and the loss cannot reach 0.",
            NETWORK,
        ),
        Misconception(
            "loss-after-the-step",
            steps("zbs", late=True),
            "These are the losses after the steps, which takes a second forward pass. Return those "
            "that the gradients were computed from.",
            STEP,
        ),
    ),
)

EXERCISES = (CROSS_ENTROPY, TRAINING_STEP, MINIBATCHES)
