"""Data-parallel training: each process computes its share of a batch, and the gradients are summed.

Chapter: :doc:`/beyond-one-machine`.
"""

from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from math import ceil
from pathlib import Path
from time import perf_counter

import numpy as np

from nnbook.frameworks.torch_checkpoints import read_checkpoint, restore, save_checkpoint
from nnbook.frameworks.torch_mlp import describe_device, predict_logits, torch
from nnbook.splits import load_split
from nnbook.validation import check_count

cross_entropy = torch.nn.functional.cross_entropy


def global_batches(num_samples, batch_size, rng):
    """Yield the samples of each step of all processes together, epoch after epoch, without end.

    The order is that of :func:`nnbook.frameworks.torch_mlp.fit`. The last batch of an epoch may be
    smaller.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    while True:
        order = rng.permutation(num_samples)
        yield from (order[i : i + batch_size] for i in range(0, num_samples, batch_size))


def take_step(model, optimizer, x, y, batch, group):
    """Take a step on a batch, of which this process computes its share; return the share's loss.

    Parameters
    ----------
    model : torch.nn.Module
        As :meth:`nnbook.frameworks.processes.Group.wrap` returns it.
    optimizer : torch.optim.Optimizer
        Over its parameters.
    x, y : torch.Tensor
        All samples and their labels.
    batch : ndarray of int
        The samples of this step, of all processes together.
    group : Group
        This process among the others.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    mine = torch.from_numpy(group.share(batch))
    model.train()
    optimizer.zero_grad()
    loss = cross_entropy(model(x[mine]), y[mine], reduction="sum") / len(batch)
    # The sum of the processes' gradients is wanted, and DDP takes their mean.
    (loss * group.world_size).backward()
    optimizer.step()
    return loss


@contextmanager
def own_masks(settings, group, step):
    """Let dropout draw other masks in each process and step, and the same ones when resumed.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    on_gpu = torch.device(group.device).type == "cuda"
    devices = [torch.cuda.current_device()] if on_gpu else []
    with torch.random.fork_rng(devices, enabled=settings.dropout > 0):
        if settings.dropout:
            seeds = np.random.SeedSequence([settings.seed, group.rank, step])
            torch.manual_seed(int(seeds.generate_state(1)[0]))
        yield


def evaluate(model, x, y, group):
    """Return loss and accuracy on all samples, of which each process measures its share.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    # In parts: the feature maps in double precision would take a gigabyte in each process.
    mine = group.share(x)
    parts = np.array_split(mine, len(mine) // 250 + 1)
    logits = torch.cat([predict_logits(model, part.astype(dtype, copy=False)) for part in parts])
    y = torch.from_numpy(np.asarray(group.share(y), np.int64))
    loss = cross_entropy(logits, y, reduction="sum").item()
    correct = (logits.argmax(dim=1) == y).sum().item()
    loss, correct, count = group.sum(loss, correct, len(y))
    return loss / count, correct / count


class Training:
    """The part of one process in a training that all processes of a group do together.

    Parameters
    ----------
    group : Group
        This process among the others.
    settings : Settings
        The same in all processes.

    Raises
    ------
    ValueError
        If the batch does not divide among the processes, or there are too few training images.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """

    def __init__(self, group, settings):
        size, world_size = settings.batch_size, group.world_size
        if size % world_size:
            raise ValueError(
                f"batch_size is {size}, expected a multiple of the {world_size} processes"
            )
        self.group, self.settings, self.step = group, settings, 0
        (x, y), *self.held_back = load_split(settings.data, settings.train_images)
        self.x = torch.from_numpy(x.astype(settings.dtype, copy=False)).to(group.device)
        self.y = torch.from_numpy(np.asarray(y, np.int64)).to(group.device)
        self.steps_per_epoch = ceil(len(x) / size)
        self.model = settings.make_model()
        self.shared = group.wrap(self.model)
        self.optimizer = settings.make_optimizer(self.model)

    def resume(self, path):
        """Go on from a checkpoint, which rank 0 reads and tells the others; none is no error."""
        settings = asdict(self.settings)

        def read():
            return read_checkpoint(path, settings) if Path(path).exists() else (0, None)

        self.step, arrays = self.group.from_first(read)
        if self.step:
            restore(self.model, self.optimizer, arrays)

    def save(self, path):
        """Write a checkpoint, on rank 0; another process does nothing."""
        if self.group.rank == 0:
            settings = asdict(self.settings)
            try:
                save_checkpoint(path, self.model, self.optimizer, settings, self.step)
            except FloatingPointError as error:
                raise self.diverged() from error

    def take_steps(self, last):
        """Take the steps up to the one of number `last`; yield images and loss after each."""
        settings, group = self.settings, self.group
        rng = np.random.default_rng(settings.seed)
        batches = global_batches(len(self.x), settings.batch_size, rng)
        for batch in islice(batches, self.step, last):
            self.step += 1
            with own_masks(settings, group, self.step):
                loss = take_step(self.shared, self.optimizer, self.x, self.y, batch, group)
            yield len(batch), loss

    def evaluate(self, x, y):
        """Return loss and accuracy as they are now, or raise FloatingPointError."""
        loss, accuracy = evaluate(self.model, x, y, self.group)
        if not np.isfinite(loss):
            raise self.diverged()
        return loss, accuracy

    def diverged(self):
        """Return the error to be raised where a number is not finite."""
        rate = self.settings.learning_rate
        return FloatingPointError(
            f"the training diverged by step {self.step} with learning_rate {rate:g}"
        )

    def __str__(self):
        group, size = self.group, sum(p.numel() for p in self.model.parameters())
        processes = "1 process" if group.world_size == 1 else f"{group.world_size} processes"
        device = describe_device(group.device)
        through = f" through {group.backend}" if group.backend else ""
        return (
            f"{self.settings.model} with {size:,} parameters, {self.settings.batch_size} images a "
            f"step: {processes} on {device}{through}"
        )


def fit(group, settings, epochs=10, steps=None, checkpoint=None, save_every=None, report=print):
    """Train a network together with the other processes, each of which calls this function.

    Parameters
    ----------
    group : Group
        This process among the others.
    settings : Settings
        The same in all processes.
    epochs : int, default 10
        Passes over the training data.
    steps : int, optional
        Stop after so many steps in all instead.
    checkpoint : str or PathLike, optional
        A file that rank 0 writes. If it is there already, the training goes on where it stands.
    save_every : int, optional
        Steps from one checkpoint to the next; an epoch if left out. The end is always saved.
    report : callable, default print
        Takes each line of progress; called on rank 0 only.

    Returns
    -------
    torch.nn.Module
        The trained network.

    Raises
    ------
    ValueError, TypeError
        If the batch does not divide among the processes, a number is out of its range, or the
        checkpoint is damaged or of a training with other settings.
    FloatingPointError
        If the loss diverges.
    RuntimeError
        If another process has died, or does not answer within five minutes.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    for name, value in (("epochs", epochs), ("steps", steps), ("save_every", save_every)):
        if value is not None:
            check_count(name, value)
    report = report if group.rank == 0 else lambda line: None
    training = Training(group, settings)
    report(training)
    per_epoch = training.steps_per_epoch
    last, every = steps or epochs * per_epoch, save_every or per_epoch
    if checkpoint is not None:
        training.resume(checkpoint)
        found = f"goes on from step {training.step}" if training.step else "is new"
        report(f"checkpoint {checkpoint} {found}")
    if training.step >= last:
        report(f"nothing to train up to step {last}")
    validation, test = training.held_back
    images, started = 0, perf_counter()
    for count, loss in training.take_steps(last):
        images += count
        step = training.step
        if step == last or step % per_epoch == 0:
            loss.item()  # a GPU may still be busy; this waits for it
            speed = images / (perf_counter() - started)
            val_loss, val_accuracy = training.evaluate(*validation)
            report(
                f"epoch {ceil(step / per_epoch)}, step {step}/{last}: val_loss {val_loss:.4f}, "
                f"val_accuracy {val_accuracy:.4f}, {speed:,.0f} images/s"
            )
            images, started = 0, perf_counter()
        if checkpoint is not None and (step == last or step % every == 0):
            training.save(checkpoint)
    test_loss, test_accuracy = training.evaluate(*test)
    report(f"test_loss {test_loss:.4f}, test_accuracy {test_accuracy:.4f}")
    return training.model
