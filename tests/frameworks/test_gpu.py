"""The book's networks on a GPU: the same numbers as on the CPU, and the accuracy of the chapter."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnbook import mlp
from nnbook.frameworks.bridge import to_torch
from nnbook.splits import load_split

pytestmark = pytest.mark.gpu("torch")


@pytest.fixture
def gpu(torch, torch_mlp):
    """The GPU, multiplying in float32 and not in TF32, which keeps ten bits."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield torch_mlp.choose_device()
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_our_network_is_the_same_on_the_gpu(torch, gpu, rng, batch_norm):
    network = mlp([784, 128, 64, 10], batch_norm=batch_norm, rng=rng)
    x, y = rng.random((256, 784), np.float32), rng.integers(10, size=256)
    module = to_torch(network).to(gpu).train()
    logits = module(torch.from_numpy(x).to(gpu))
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(y).to(gpu))
    loss.backward()
    assert_allclose(loss.item(), network.compute_gradients(x, y), rtol=1e-5)
    gradients = network.named_gradients().values()
    largest = np.abs(network.gradients).max()
    for ours, parameter in zip(gradients, module.parameters(), strict=True):
        theirs = parameter.grad.cpu().numpy()
        assert_allclose(theirs.T if ours.ndim == 2 else theirs, ours, atol=1e-5 * largest)


def test_training_on_the_gpu_reaches_the_chapters_accuracy(torch_mlp, gpu):
    train_data, validation, test = load_split("mnist")
    model = torch_mlp.MNISTNet(rng=0)
    torch_mlp.fit(model, train_data, validation, epochs=10, rng=0, device=gpu)
    assert 0.968 <= torch_mlp.evaluate(model, *test)[1] <= 0.982  # as in book/claims.yml


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_the_shared_training_goes_the_same_way_on_the_gpu(gpu, model):
    from nnbook.frameworks.data_parallel import fit
    from nnbook.frameworks.data_parallel_settings import Settings
    from nnbook.frameworks.processes import Group

    settings = Settings(model=model, optimizer="sgd", learning_rate=0.1, train_images=2000)
    ours, theirs = (fit(Group(device=device), settings, epochs=2) for device in (gpu, "cpu"))
    for on_gpu, on_cpu in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_allclose(on_gpu.detach().cpu(), on_cpu.detach(), atol=1e-4)


def test_processes_with_a_gpu_each_take_the_steps_of_one(torch, gpu, tmp_path):
    if torch.cuda.device_count() < 2:
        pytest.skip("torch sees no second GPU of NVIDIA's or AMD's")
    import subprocess
    import sys

    from nnbook.frameworks.torch_checkpoints import KEY
    from nnbook.tensor_files import read_tensors

    module = ["-m", "nnbook.frameworks.train_ddp", "--dtype=float64", "--steps=100"]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for name, prefix in (("one", []), ("two", launcher)):
        command = [sys.executable, *prefix, *module, f"--checkpoint={tmp_path / name}"]
        subprocess.run(command, check=True)
    one, two = (read_tensors(tmp_path / name, KEY)[1] for name in ("one", "two"))
    assert max(np.abs(one[name] - two[name]).max() for name in one) < 1e-12
