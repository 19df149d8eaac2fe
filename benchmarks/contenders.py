"""Who competes: the same network, optimizer and batches in each library, as its users write it.

Every training is ``train(x, y, task, turn, ...)``. It calls ``turn()`` at the end of each epoch and
returns a trained model, from which ``predict(model, x)`` gets labels or scores.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
from common import THREADS, blas_kernels


@dataclass(frozen=True)
class Task:
    """What is trained, and how."""

    sizes: tuple = (784, 128, 64, 10)
    batch_size: int = 128
    epochs: int = 1
    seed: int = 0
    learning_rate: float = 1e-3


# --- nnbook, and the floor -----------------------------------------------------------------------


def train_nnbook(x, y, task, turn):
    from nnbook import Adam, Dense, Flatten, ReLU, Rescaling, Sequential, mlp
    from nnbook.callbacks import Callback

    class Turn(Callback):
        def on_epoch_end(self, trainer, epoch, logs):
            turn()

    model = mlp(task.sizes, rng=task.seed)
    if x.ndim == 3:  # images of bytes
        pairs = pairwise(task.sizes)
        layers = [layer for n, k in pairs for layer in (Dense(n, k), ReLU())][:-1]
        model = Sequential([Rescaling(1 / 255), Flatten(), *layers], rng=task.seed)
    settings = {"batch_size": task.batch_size, "optimizer": Adam(task.learning_rate)}
    model.fit(x, y, task.epochs, callbacks=[Turn()], verbose=0, **settings)
    return model


def multiply(x, y, task, turn):
    """Compute the matrix products of an epoch and nothing else, into arrays that are there."""
    shapes = [*pairwise(task.sizes)]
    rng = np.random.default_rng(task.seed)
    W = [rng.standard_normal((n, k), dtype=np.float32) / n**0.5 for n, k in shapes]
    dW = [np.empty_like(w) for w in W]
    a = [np.empty((task.batch_size, n), np.float32) for n in task.sizes]
    for _ in range(task.epochs):
        for start in range(0, len(x), task.batch_size):
            a[0] = x[start : start + task.batch_size]
            m = len(a[0])
            for i, w in enumerate(W):
                np.matmul(a[i][:m], w, out=a[i + 1][:m])
            for i in reversed(range(len(W))):
                np.matmul(a[i][:m].T, a[i + 1][:m], out=dW[i])
                if i > 0:
                    np.matmul(a[i + 1][:m], W[i].T, out=a[i][:m])
        turn()


# --- The other libraries -------------------------------------------------------------------------


def train_torch(x, y, task, turn, loader=False, fused=None, compiled=False):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(THREADS)
    torch.manual_seed(task.seed)
    x, y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
    layers = [f for n, k in pairwise(task.sizes) for f in (torch.nn.Linear(n, k), torch.nn.ReLU())]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=task.learning_rate, fused=fused)
    if compiled:
        torch.compiler.reset()  # or the networks of earlier seeds count against its limit
        model.compile(dynamic=False)
    batches = DataLoader(TensorDataset(x, y), task.batch_size, shuffle=True)
    for _ in range(task.epochs):
        total = 0.0
        for x_batch, y_batch in batches if loader else permuted(x, y, task.batch_size):
            loss = torch.nn.functional.cross_entropy(model(x_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        turn()
    return model


def permuted(x, y, batch_size):
    """Yield the batches of an epoch, each gathered from tensors in memory in one go."""
    import torch

    for batch in torch.randperm(len(x)).split(batch_size):
        yield x[batch], y[batch]


def torch_scores(model, x):
    import torch

    with torch.inference_mode():
        return model(torch.from_numpy(x)).softmax(dim=1).numpy()


def train_keras(x, y, task, turn, jit_compile):
    import keras
    import tensorflow as tf

    from nnbook.frameworks.keras_mlp import build_mlp

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(task.seed)
    model = build_mlp(task.sizes, rng=task.seed)
    model.compile(
        optimizer=keras.optimizers.Adam(task.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit_compile,
    )
    ends = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: turn())
    model.fit(x, y, task.batch_size, task.epochs, callbacks=[ends], verbose=0)
    return model


def train_sklearn(x, y, task, turn):
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        task.sizes[1:-1],
        alpha=0,
        batch_size=min(task.batch_size, len(x)),
        learning_rate_init=task.learning_rate,
        random_state=np.random.RandomState(task.seed),  # a seed would repeat the first order
    )
    for _ in range(task.epochs):
        model.partial_fit(x, y, classes=np.arange(task.sizes[-1]))  # one epoch
        turn()
    return model


# --- The list ------------------------------------------------------------------------------------


def no_compiler():
    return "" if shutil.which("c++") or shutil.which("cl") else "there is no C++ compiler"


def no_other_kernels():
    """Say why there is nothing to tell OpenBLAS; on processors without AVX-512 it would crash."""
    from numpy._core._multiarray_umath import __cpu_features__

    if not __cpu_features__.get("AVX512F"):
        return "the processor has no AVX-512"
    return "" if blas_kernels() == "Haswell" else f"OpenBLAS has chosen {blas_kernels()} itself"


def predicted(model, x):
    return model.predict(x)


@dataclass(frozen=True)
class Contender:
    """A row of the table; `obstacle` says why it cannot run, if so."""

    label: str
    train: Callable
    module: str = "nnbook.sequential"  # loaded before the memory is measured
    predict: Callable = predicted
    images: bool = False
    environment: dict = field(default_factory=dict)
    obstacle: Callable = str


TORCH = {"module": "torch", "predict": torch_scores}
KERAS = {"module": "keras", "predict": lambda model, x: model.predict(x, 1000, verbose=0)}
CONTENDERS = {
    "nnbook": Contender("nnbook", train_nnbook),
    "nnbook_bytes": Contender("nnbook on bytes", train_nnbook, images=True),
    "nnbook_avx512": Contender(
        "nnbook with AVX-512",
        train_nnbook,
        environment={"OPENBLAS_CORETYPE": "SkylakeX"},
        obstacle=no_other_kernels,
    ),
    "torch_fused": Contender("PyTorch fused", partial(train_torch, fused=True), **TORCH),
    "torch_compiled": Contender(
        "PyTorch compiled",
        partial(train_torch, fused=True, compiled=True),
        obstacle=no_compiler,
        **TORCH,
    ),
    "torch_tensors": Contender("PyTorch tensors", train_torch, **TORCH),
    "torch_loader": Contender("PyTorch DataLoader", partial(train_torch, loader=True), **TORCH),
    "sklearn": Contender("scikit-learn", train_sklearn, "sklearn.neural_network"),
    "keras_jit": Contender("Keras jit_compile", partial(train_keras, jit_compile=True), **KERAS),
    "keras": Contender("Keras", partial(train_keras, jit_compile=False), **KERAS),
    "floor": Contender("bare products", multiply, predict=lambda model, x: None),
}
