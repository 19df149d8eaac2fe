"""The network in PyTorch: its layers, its seed, and the training loop."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal


@pytest.fixture(scope="module")
def data():
    """40 random images with random labels: nothing to learn, only to remember."""
    rng = np.random.default_rng(0)
    return rng.random((40, 784), dtype=np.float32), rng.integers(0, 10, 40)


@pytest.fixture(scope="module")
def fitted(torch_mlp, data):
    """A model that has seen 32 samples 30 times, in batches of 5, and its history."""
    x, y = data
    model = torch_mlp.MNISTNet(rng=0)
    history = torch_mlp.fit(
        model, (x[:32], y[:32]), (x[32:], y[32:]), epochs=30, batch_size=5, device="cpu"
    )
    return model, history


# --- MNISTNet ------------------------------------------------------------------------------------


def test_layers_have_the_seeds_names_and_shapes(torch_mlp):
    shapes = {name: (*p.shape,) for name, p in torch_mlp.MNISTNet().named_parameters()}
    assert shapes == {
        "fc1.weight": (128, 784),
        "fc1.bias": (128,),
        "fc2.weight": (64, 128),
        "fc2.bias": (64,),
        "fc3.weight": (10, 64),
        "fc3.bias": (10,),
    }


def test_forward_is_relu_relu_logits(torch, torch_mlp, data):
    model = torch_mlp.MNISTNet(rng=0)
    x = torch.from_numpy(data[0])
    a1 = (x @ model.fc1.weight.T + model.fc1.bias).clamp(min=0)
    a2 = (a1 @ model.fc2.weight.T + model.fc2.bias).clamp(min=0)
    expected = a2 @ model.fc3.weight.T + model.fc3.bias
    torch.testing.assert_close(model(x), expected)


def test_dropout_follows_both_hidden_layers_and_only_in_training(torch, torch_mlp, data):
    model, plain = (torch_mlp.MNISTNet(rng=0, dropout=rate) for rate in (0.5, 0))
    x = torch.from_numpy(data[0])
    assert torch.equal(model.eval()(x), plain(x))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        dropped = model.train()(x)
        torch.default_generator.manual_seed(1)
        a1 = model.dropout(model.fc1(x).relu())
        a2 = model.dropout(model.fc2(a1).relu())
        assert torch.equal(dropped, model.fc3(a2))
    assert 0.6 < (a1 == 0).double().mean() < 0.9
    assert not torch.equal(dropped, plain(x))


def test_without_dropout_the_global_generator_is_left_alone(torch, torch_mlp, data):
    before = torch.random.get_rng_state()
    torch_mlp.MNISTNet(rng=0).train()(torch.from_numpy(data[0]))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("rate", "error"), [(1, ValueError), (-0.1, ValueError), ("x", TypeError)])
def test_a_rate_that_is_none_is_refused(torch_mlp, rate, error):
    with pytest.raises(error, match=f"dropout is {rate!r}, expected a number"):
        torch_mlp.MNISTNet(dropout=rate)


def test_rng_decides_the_weights_and_leaves_the_global_generator(torch, torch_mlp):
    before = torch.random.get_rng_state()
    rngs = (1, 1, 2, np.random.default_rng(1), np.random.default_rng(1), np.random.default_rng(2))
    weights = [torch_mlp.MNISTNet(rng).fc1.weight for rng in rngs]
    for first, second, other in (weights[:3], weights[3:]):
        assert torch.equal(first, second)
        assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_without_rng_the_global_generator_decides(torch, torch_mlp):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        weight = torch_mlp.MNISTNet().fc1.weight
        assert not torch.equal(torch_mlp.MNISTNet().fc1.weight, weight)
        torch.manual_seed(3)
        assert torch.equal(torch_mlp.MNISTNet().fc1.weight, weight)


@pytest.mark.parametrize(("rng", "error"), [(-1, ValueError), (0.5, TypeError), ("0", TypeError)])
def test_bad_seed(torch_mlp, rng, error):
    with pytest.raises(error, match="rng is .*expected"):
        torch_mlp.MNISTNet(rng=rng)


# --- Training ------------------------------------------------------------------------------------


def test_remembers_a_small_batch(fitted):
    _, history = fitted
    assert history["loss"][0] > 1
    assert history["loss"][-1] < 0.05
    assert history["accuracy"][-1] == 1


def test_history_ends_with_what_evaluate_measures(torch_mlp, fitted, data):
    model, history = fitted
    x, y = data
    assert [*history] == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert {len(values) for values in history.values()} == {30}
    assert all(type(value) is float for values in history.values() for value in values)
    last = [values[-1] for values in history.values()]
    measured = (
        *torch_mlp.evaluate(model, x[:32], y[:32]),
        *torch_mlp.evaluate(model, x[32:], y[32:]),
    )
    assert_allclose(last, measured, rtol=1e-6)


def test_evaluate_is_the_mean_loss_and_the_share_of_right_answers(torch, torch_mlp, fitted, data):
    model, (x, y) = fitted[0], data
    logits = torch_mlp.predict_logits(model, x)
    assert not logits.requires_grad
    log_p = torch.log_softmax(logits.double(), dim=1).numpy()
    loss, accuracy = torch_mlp.evaluate(model, x, y)
    assert_allclose(loss, -log_p[range(40), y].mean(), rtol=1e-5)
    assert_allclose(accuracy, np.mean(log_p.argmax(axis=1) == y))


def test_many_images_are_predicted_in_parts_and_in_order(torch, torch_mlp, rng):
    model, x = torch_mlp.MNISTNet(rng=0), rng.random((2100, 784), dtype=np.float32)
    sizes = []
    model.fc1.register_forward_hook(lambda module, inputs, outputs: sizes.append(len(outputs)))
    logits = torch_mlp.predict_logits(model, x)
    assert sizes == [1000, 1000, 100]
    torch.testing.assert_close(logits, model(torch.from_numpy(x)).detach())


def test_same_seeds_same_history_and_no_global_generator_moved(torch, torch_mlp, data):
    def run(rng):
        model = torch_mlp.MNISTNet(rng=0)
        return torch_mlp.fit(model, data, data, epochs=2, batch_size=8, rng=rng, device="cpu")

    before = torch.random.get_rng_state()
    assert run(1) == run(1) == run(np.random.default_rng(1))
    assert run(1) != run(2)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_epoch_sees_every_sample_once_in_the_generators_order(torch_mlp, data, epoch_order):
    x, y = data
    model, batches = torch_mlp.MNISTNet(rng=0), []

    def record(module, inputs):
        if module.training:
            batches.append([x.tolist().index(row) for row in inputs[0].tolist()])

    model.register_forward_pre_hook(record)
    torch_mlp.fit(model, (x, y), (x, y), epochs=2, batch_size=16, rng=5, device="cpu")
    assert batches == epoch_order(40, batch_size=16, epochs=2, rng=5)


def test_evaluation_does_not_train(torch, torch_mlp, fitted, data):
    model, _ = fitted
    before = [p.clone() for p in model.parameters()]
    torch_mlp.evaluate(model, *data)
    assert all(map(torch.equal, before, model.parameters()))
    assert not model.training


def test_verbose_prints_a_line_an_epoch(torch_mlp, data, capsys):
    history = torch_mlp.fit(
        torch_mlp.MNISTNet(rng=0), data, data, epochs=2, verbose=True, device="cpu"
    )
    _, first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"epoch 1/2: loss {history['loss'][0]:.4f}, accuracy ")
    assert second.endswith(f"val_accuracy {history['val_accuracy'][1]:.4f}")
    torch_mlp.fit(torch_mlp.MNISTNet(rng=0), data, data, epochs=1, device="cpu")
    assert capsys.readouterr().out == ""


def test_divergence_says_when(torch_mlp, data):
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1 with learning_rate 1e\+30"):
        torch_mlp.fit(torch_mlp.MNISTNet(rng=0), data, data, learning_rate=1e30, device="cpu")


def test_fit_refuses(torch, torch_mlp, data, bad_input):
    model = torch_mlp.MNISTNet(rng=0)
    arguments, error, message = bad_input
    with pytest.raises(error, match=message):
        torch_mlp.fit(model, **{"train_data": data, "validation_data": data} | arguments)
    assert torch.equal(model.fc1.weight, torch_mlp.MNISTNet(rng=0).fc1.weight)


# --- Device --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [(True, False, "cuda"), (False, True, "mps"), (True, True, "cuda"), (False, False, "cpu")],
)
def test_choose_device(monkeypatch, torch, torch_mlp, cuda, mps, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert torch_mlp.choose_device() == device


@pytest.mark.parametrize(
    ("device", "error", "message"),
    [
        ("gpu", ValueError, "device is 'gpu', expected auto or one of .*cpu"),
        ("cuda:99", ValueError, "device is 'cuda:99', expected auto or one of .*cpu"),
        ("meta", ValueError, "device is 'meta', expected auto or one of .*cpu"),
        (None, TypeError, 'device is None, expected "auto", "cpu", "cuda" or "mps"'),
    ],
)
def test_a_device_that_is_not_there_is_refused_before_anything_moves(
    torch_mlp, data, device, error, message
):
    model = torch_mlp.MNISTNet(rng=0)
    with pytest.raises(error, match=message):
        torch_mlp.fit(model, data, data, epochs=1, device=device)
    assert next(model.parameters()).device.type == "cpu"


def test_fit_computes_where_it_is_told_and_says_so(monkeypatch, torch, torch_mlp, data, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for device in ("auto", "cpu", torch.device("cpu")):
        torch_mlp.fit(torch_mlp.MNISTNet(), data, data, epochs=1, device=device, verbose=True)
        assert capsys.readouterr().out.startswith("training on cpu\nepoch 1/1")


def test_a_gpu_is_named(monkeypatch, torch, torch_mlp):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU of {device}")
    assert torch_mlp.describe_device("cuda") == "cuda (GPU of cuda)"
    assert torch_mlp.describe_device("mps") == "mps"


@pytest.mark.gpu("torch")
def test_trains_on_a_gpu_as_on_the_cpu(torch, torch_mlp, data):
    model = torch_mlp.MNISTNet(rng=0)
    history = torch_mlp.fit(model, data, data, epochs=3)
    assert next(model.parameters()).device.type == torch_mlp.choose_device()
    on_cpu = torch_mlp.fit(torch_mlp.MNISTNet(rng=0), data, data, epochs=3, device="cpu")
    assert_allclose(history["loss"], on_cpu["loss"], rtol=1e-3)
    assert_array_equal(torch_mlp.predict_logits(model, data[0]).device.type, "cpu")


@pytest.mark.gpu("torch")
def test_a_seed_leaves_the_gpus_generator(torch, torch_mlp):
    device = torch_mlp.choose_device()
    state = torch.cuda.get_rng_state if device == "cuda" else torch.mps.get_rng_state
    torch.rand(3, device=device)
    before = state()
    torch_mlp.MNISTNet(rng=0)
    assert torch.equal(state(), before)
