"""The two chapters' experiment is one: from the same weights both frameworks go the same way."""

from functools import partial

import numpy as np
from numpy.testing import assert_allclose


def test_keras_and_pytorch_train_alike(monkeypatch, torch, torch_mlp, keras_mlp):
    # The one difference that is left: Keras adds 1e-7 before Adam's bias correction, PyTorch 1e-8
    # after it. Here both add next to nothing.
    optimizers = keras_mlp.keras.optimizers
    monkeypatch.setattr(optimizers, "Adam", partial(optimizers.Adam, epsilon=1e-15))
    monkeypatch.setattr(torch.optim, "Adam", partial(torch.optim.Adam, eps=1e-15))

    rng = np.random.default_rng(0)
    x, y = rng.random((300, 784), dtype=np.float32), rng.integers(0, 10, 300)
    train, validation = (x[:256], y[:256]), (x[256:], y[256:])
    in_keras, in_torch = keras_mlp.build_mlp(rng=0), torch_mlp.MNISTNet()
    with torch.no_grad():
        for parameter, weight in zip(in_torch.parameters(), in_keras.get_weights(), strict=True):
            parameter.copy_(torch.from_numpy(weight.T.copy()))

    settings = {"epochs": 3, "batch_size": 100, "rng": 4}
    by_keras = keras_mlp.fit(in_keras, train, validation, device="cpu:0", **settings)
    by_torch = torch_mlp.fit(in_torch, train, validation, device="cpu", **settings)
    assert {*by_keras} == {*by_torch}
    for name, values in by_torch.items():
        assert_allclose(by_keras[name], values, rtol=1e-4, err_msg=name)
