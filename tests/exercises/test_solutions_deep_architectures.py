"""The worked solutions of the chapter on deep architectures, against the package and PyTorch."""

import pytest
from numpy.testing import assert_allclose

from nnbook.exercises.solutions import deep_architectures as solutions
from nnbook.layers import Dense, ReLU, Residual


def test_residual_backward(rng):
    layer = Residual([Dense(3, 4), ReLU(), Dense(4, 3)]).build((3,), rng, "float64")
    for p in layer.parameters.values():
        p += rng.normal(size=p.shape)
    x, dy = rng.normal(size=(2, 5, 3))
    layer.forward(x)
    wanted = [layer.backward(dy), *(layer.gradients[name] for name in ("0.W", "0.b", "2.W"))]
    got = solutions.residual_backward(dy, x, *(layer.parameters[n] for n in ("0.W", "0.b", "2.W")))
    for ours, theirs in zip(got, wanted, strict=True):
        assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(("size", "shape"), [((5, 7), (3, 2)), ((4, 4), (4, 4)), ((6, 3), (1, 3))])
def test_cross_correlate_and_kernel_gradient(torch, rng, size, shape):
    image, kernel = rng.normal(size=size), rng.normal(size=shape)
    tensor = torch.tensor(kernel[None, None], requires_grad=True)
    output = torch.nn.functional.conv2d(torch.tensor(image[None, None]), tensor)
    assert_allclose(solutions.cross_correlate(image, kernel), output.detach()[0, 0], atol=1e-12)
    dy = rng.normal(size=output.shape[2:])
    output.backward(torch.tensor(dy[None, None]))
    assert_allclose(solutions.kernel_gradient(dy, image), tensor.grad[0, 0], atol=1e-12)


@pytest.mark.parametrize("n", [7, 28])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
def test_convolution_sizes(torch, n, k, stride, padding):
    layer = torch.nn.Conv2d(3, 4, k, stride, padding)
    side = layer(torch.zeros(1, 3, n, n)).shape[-1]
    count = sum(p.numel() for p in layer.parameters())
    assert solutions.convolution_sizes(n, k, stride, padding, 3, 4) == (side, count)
