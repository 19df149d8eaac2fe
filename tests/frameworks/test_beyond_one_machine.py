"""The chapter's two lines for a GPU: both frameworks choose a device, and say which."""

import numpy as np


def test_both_frameworks_choose_a_device_and_say_which(torch_mlp, keras_mlp, page_block, capsys):
    data = np.random.default_rng(0).random((40, 784), np.float32), np.arange(40) % 10
    in_torch, in_keras = page_block("beyond-one-machine", "torch_mlp.fit").splitlines()
    for line, framework, model in (
        (in_torch, torch_mlp, torch_mlp.MNISTNet(rng=0)),
        (in_keras, keras_mlp, keras_mlp.build_mlp(rng=0)),
    ):
        names = {"torch_mlp": torch_mlp, "keras_mlp": keras_mlp, "model": model}
        exec(line, names | {"train": data, "validation": data})
        assert f"training on {framework.choose_device()}" in capsys.readouterr().out
