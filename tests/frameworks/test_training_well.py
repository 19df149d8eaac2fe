"""What the chapter Training well says about Keras, run as it stands on the page."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnbook import mlp
from nnbook.frameworks.bridge import to_keras


@pytest.fixture(params=[False, True], ids=["plain", "batch_norm"])
def network(request):
    network = mlp([6, 5, 4], rng=0, dtype="float64", batch_norm=request.param)
    network.forward(np.random.default_rng(1).normal(1, 2, size=(8, 6)), training=True)
    return network


def test_the_input_gradient_and_the_file_in_keras(keras_mlp, network, rng, tmp_path, page_block):
    import keras
    import tensorflow as tf

    x, y, model = rng.normal(size=(5, 6)), rng.integers(0, 4, 5), to_keras(network)
    path = tmp_path / "digits.keras"
    page = {"tf": tf, "keras": keras, "x": tf.constant(x), "y": y, "model": model, "path": path}
    exec(page_block("training-well", "with tf.GradientTape"), page)
    assert_allclose(page["gradient"].numpy(), network.input_gradient(x, y), atol=1e-14)
    answers = (m(tf.constant(x)).numpy() for m in (model, page["copy"]))
    assert_array_equal(*answers)
