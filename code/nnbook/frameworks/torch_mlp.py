"""The 784-128-64-10 network in PyTorch, and the loop that trains it.

Chapter: :doc:`/mnist-pytorch`.
"""

from contextlib import contextmanager

import numpy as np

from nnbook.validation import check_count, check_data, check_fraction, check_positive

try:
    import torch
    from torch import nn
    from torch.utils.data import BatchSampler, DataLoader, Sampler, TensorDataset
except ModuleNotFoundError as error:
    raise ImportError(
        'nnbook.frameworks.torch_mlp needs PyTorch: python -m pip install "nnbook[torch]"'
    ) from error


class MNISTNet(nn.Module):
    """A multi-layer perceptron for MNIST: 784 pixels, 128 and 64 ReLUs, 10 logits.

    Parameters
    ----------
    rng : numpy.random.Generator, int or None, default None
        Source of the initial weights, which leaves PyTorch's global generators as they were;
        without one the global generator is used.
    dropout : float, default 0
        Rate of dropout after both hidden layers; its masks come from the global generator.

    Raises
    ------
    ValueError, TypeError
        If `dropout` is no number from 0 to below 1, or `rng` no seed.

    Notes
    -----
    The softmax is part of the loss. Chapter: :doc:`/mnist-pytorch`.
    """

    def __init__(self, rng=None, dropout=0.0):
        super().__init__()
        with seeded(rng):
            self.fc1 = nn.Linear(784, 128)
            self.fc2 = nn.Linear(128, 64)
            self.fc3 = nn.Linear(64, 10)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(check_fraction("dropout", dropout))

    def forward(self, x):
        """Return the logits, shape (m, 10), of flat images `x`, shape (m, 784)."""
        x = self.dropout(self.relu(self.fc1(x)))
        x = self.dropout(self.relu(self.fc2(x)))
        return self.fc3(x)


@contextmanager
def seeded(rng):
    """Draw from `rng` what PyTorch draws within the block, and leave its generators as they were.

    Parameters
    ----------
    rng : numpy.random.Generator, int or None
        None lets PyTorch's global generator draw, as always.

    Raises
    ------
    ValueError, TypeError
        If `rng` is no seed.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    if isinstance(rng, np.random.Generator):
        rng = int(rng.integers(2**31))
    with torch.random.fork_rng(devices=[], enabled=rng is not None):
        if rng is not None:
            # torch.manual_seed would seed the GPU's generator too.
            torch.default_generator.manual_seed(check_count("rng", rng, minimum=0))
        yield


class EpochOrder(Sampler):
    """A fresh permutation of the samples each epoch, drawn from a NumPy generator.

    The Keras chapter draws from the same generator, so both networks see the same batches in the
    same order.

    Parameters
    ----------
    num_samples : int
        How many samples there are.
    rng : numpy.random.Generator
        Source of the orders; each epoch draws the next one.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """

    def __init__(self, num_samples, rng):
        self.num_samples, self.rng = num_samples, rng

    def __len__(self):
        return self.num_samples

    def __iter__(self):
        return iter(self.rng.permutation(self.num_samples).tolist())


def choose_device(device="auto"):
    """Return where to compute: on a GPU where there is one, or where it is said.

    Parameters
    ----------
    device : str or torch.device, default "auto"
        "auto" is "cuda" where a GPU of NVIDIA's or AMD's answers, "mps" on Apple's, else "cpu".
        Anything else is returned as it is, if PyTorch can compute there.

    Raises
    ------
    ValueError, TypeError
        If PyTorch cannot compute there, or `device` names no device.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    if device != "auto":
        return _check_device(device)
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check_device(device):
    if not isinstance(device, str | torch.device):
        raise TypeError(f'device is {device!r}, expected "auto", "cpu", "cuda" or "mps"')
    seen = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    seen += [*["mps:0"] * torch.backends.mps.is_available(), "cpu"]
    name = str(device)
    if not {name, f"{name}:0"} & {*seen}:
        raise ValueError(f"device is {name!r}, expected auto or one of {', '.join(seen)}")
    return device


def describe_device(device):
    """Return the name of a device, and what an NVIDIA or AMD GPU calls itself.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    if torch.device(device).type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def make_loader(x, y, batch_size, rng):
    """Return a DataLoader of shuffled mini-batches, each cut from the tensors in one piece.

    Parameters
    ----------
    x : ndarray of float32, shape (m, n)
        Samples in rows.
    y : array_like of int, shape (m,)
        Their labels.
    batch_size : int
        Samples a batch; the last one of an epoch may be smaller.
    rng : numpy.random.Generator
        Source of the order of the samples.

    Returns
    -------
    torch.utils.data.DataLoader
        Yields pairs of tensors, x as float32 and y as int64.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    y = np.asarray(y, np.int64)
    dataset = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    batches = BatchSampler(EpochOrder(len(x), rng), batch_size, drop_last=False)
    own = torch.Generator()  # or each epoch would draw from PyTorch's global one
    return DataLoader(dataset, sampler=batches, batch_size=None, generator=own)


def train_one_epoch(model, loader, optimizer, device):
    """Take one optimizer step for each mini-batch of `loader`.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits; on the device already.
    loader : iterable of (x, y)
        Mini-batches, as :func:`make_loader` deals them.
    optimizer : torch.optim.Optimizer
        Over the parameters of `model`.
    device : str or torch.device
        Where to compute.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    model.train()
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, x, y):
    """Return the mean loss and the accuracy of `model` as it stands.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits.
    x : ndarray of float32, shape (m, n)
        Samples in rows.
    y : ndarray of int, shape (m,)
        Their labels.

    Returns
    -------
    loss, accuracy : float

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    logits = predict_logits(model, x)
    y = torch.from_numpy(np.asarray(y, np.int64))
    loss = nn.functional.cross_entropy(logits, y).item()
    return loss, (logits.argmax(dim=1) == y).double().mean().item()


@torch.no_grad()
def predict_logits(model, x):
    """Return the logits of the rows of `x` as a tensor on the CPU.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits.
    x : ndarray of float32, shape (m, n)
        Samples in rows.

    Returns
    -------
    torch.Tensor of shape (m, K)

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    model.eval()
    device = next(model.parameters()).device
    # In parts: the feature maps of all images at once would take a gigabyte.
    parts = torch.from_numpy(x).split(1000)
    return torch.cat([model(part.to(device)).cpu() for part in parts])


def fit(
    model,
    train_data,
    validation_data,
    epochs=10,
    batch_size=128,
    learning_rate=1e-3,
    rng=0,
    device="auto",
    verbose=False,
):
    """Train `model` with Adam and measure it after every epoch.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits; it is moved to the device.
    train_data, validation_data : tuple (x, y) of ndarray
        Samples in rows, computed with as float32, and integer labels.
    epochs, batch_size : int
        Passes over the training data, samples a step.
    learning_rate : float, default 1e-3
        Adam's step size.
    rng : numpy.random.Generator, int or None, default 0
        Source of the order of the samples.
    device : str or torch.device, default "auto"
        Where to compute, as :func:`choose_device` takes it.
    verbose : bool, default False
        Print the device, and a line an epoch.

    Returns
    -------
    dict of str to list of float
        ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``: one value an epoch, all measured
        with the weights at its end.

    Raises
    ------
    ValueError, TypeError
        If the data is no pair of finite samples in rows and as many integer labels, a count is
        below 1 or no integer, the learning rate is not positive and finite, or the device is not
        there.
    FloatingPointError
        If the loss diverges.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015,
    `arXiv:1412.6980 <https://arxiv.org/abs/1412.6980>`_.

    Notes
    -----
    Chapter: :doc:`/mnist-pytorch`.
    """
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    check_positive("learning_rate", learning_rate)
    train_data = check_data("train_data", train_data)
    validation_data = check_data("validation_data", validation_data)
    device = choose_device(device)
    if verbose:
        print(f"training on {describe_device(device)}")
    model.to(device)
    loader = make_loader(*train_data, batch_size, np.random.default_rng(rng))
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)

    history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
    for epoch in range(1, epochs + 1):
        train_one_epoch(model, loader, optimizer, device)
        values = (*evaluate(model, *train_data), *evaluate(model, *validation_data))
        if not np.isfinite(values).all():
            raise FloatingPointError(
                f"the loss diverged in epoch {epoch} with learning_rate {learning_rate:g}"
            )
        for key, value in zip(history, values, strict=True):
            history[key].append(value)
        if verbose:
            line = ", ".join(f"{key} {history[key][-1]:.4f}" for key in history)
            print(f"epoch {epoch}/{epochs}: {line}")
    return history
