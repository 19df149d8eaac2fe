"""Exhibits 5, 6, 7 and 9: four ways to go wrong in PyTorch without an error.

Chapter: :doc:`/bug-museum`.
"""

from contextlib import contextmanager

from nnbook.frameworks.torch_mlp import nn, torch


@contextmanager
def torch_seed(seed):
    """Draw from PyTorch's global generator as from `seed`, and put it back afterwards.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def take_steps(model, loss_function, optimizer, batches):
    """One step for each batch; the gradients of all batches pile up. Wrong.

    Parameters
    ----------
    model : torch.nn.Module
    loss_function : callable
        Takes outputs and targets.
    optimizer : torch.optim.Optimizer
    batches : iterable of (x, y)

    Returns
    -------
    list of float
        The losses before each step.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    losses = []
    for x, y in batches:
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def mended_take_steps(model, loss_function, optimizer, batches):
    """The same, with the gradients set back before each batch. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    losses = []
    for x, y in batches:
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def digit_classifier(inputs=784, classes=10):
    """A network whose last layer is a softmax, for a loss that applies one. Wrong with that.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, classes), nn.Softmax(dim=1)
    )


def mended_digit_classifier(inputs=784, classes=10):
    """The same network without the softmax: it returns logits. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, classes))


def dropout_classifier(inputs=784, classes=10, rate=0.5):
    """A network with dropout, to be measured.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Dropout(rate), nn.Linear(64, classes))


def share_right(model, x, y):
    """Share of the labels that the model gets right, in whatever mode it is. Wrong.

    Parameters
    ----------
    model : torch.nn.Module
        Returns a score for each class.
    x : torch.Tensor of shape (m, n)
    y : torch.Tensor of int64, shape (m,)

    Returns
    -------
    float

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).double().mean().item()


def mended_share_right(model, x, y):
    """The same in evaluation mode; the model is put back into the mode it was in. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    training = model.training
    model.eval()
    with torch.no_grad():
        share = (model(x).argmax(dim=1) == y).double().mean().item()
    model.train(training)
    return share


def mean_of_squares(outputs, targets):
    """Mean of all pairs' squared differences, where outputs are a column. Wrong.

    Parameters
    ----------
    outputs : torch.Tensor of shape (m, 1)
        What a layer with one neuron returns.
    targets : torch.Tensor of shape (m,)

    Returns
    -------
    torch.Tensor
        One number.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    return ((outputs - targets) ** 2).mean()


def mended_mean_of_squares(outputs, targets):
    """Mean squared difference of each output and its own target. Right.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    outputs = outputs.squeeze(1)
    if outputs.shape != targets.shape:
        raise ValueError(f"outputs have shape {outputs.shape}, targets {targets.shape}")
    return ((outputs - targets) ** 2).mean()


def train_shuffled(epoch, model, loss_function, optimizer, data, epochs, batch_size=32):
    """Train with :func:`take_steps` or :func:`mended_take_steps` on shuffled batches.

    The order comes from PyTorch's global generator; see :func:`torch_seed`.

    Parameters
    ----------
    epoch : callable
        One of the two.
    model, loss_function, optimizer
        As it takes them.
    data : tuple of torch.Tensor
        Samples and targets.
    epochs, batch_size : int

    Returns
    -------
    list of float
        The mean loss of each epoch.

    Notes
    -----
    Chapter: :doc:`/bug-museum`.
    """
    x, y = data
    losses = []
    for _ in range(epochs):
        dealt = torch.randperm(len(x)).split(batch_size)
        found = epoch(model, loss_function, optimizer, ((x[i], y[i]) for i in dealt))
        losses.append(sum(found) / len(found))
    return losses
