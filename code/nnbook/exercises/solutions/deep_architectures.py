"""Solutions to the checked exercises of :doc:`/deep-architectures`."""

import numpy as np


def residual_backward(dy, x, W, b, V):
    """Backward through y = x + relu(x W + b) V: dx (m, n), dW (n, k), db (k,), dV (k, n)."""
    z = x @ W + b
    dz = (dy @ V.T) * (z > 0)
    dx = dy + dz @ W.T
    return dx, x.T @ dz, dz.sum(axis=0), np.maximum(z, 0).T @ dy


def cross_correlate(image, kernel):
    """Slide a kernel (h, w) over an image (H, W); returns (H - h + 1, W - w + 1)."""
    h, w = kernel.shape
    rows, columns = image.shape[0] - h + 1, image.shape[1] - w + 1
    output = np.empty((rows, columns))
    for r in range(rows):
        for c in range(columns):
            output[r, c] = np.sum(image[r : r + h, c : c + w] * kernel)
    return output


def convolution_sizes(n, k, stride, padding, channels_in, channels_out):
    """Side of the output and number of parameters of a convolution with k × k kernels."""
    side = (n + 2 * padding - k) // stride + 1
    return side, k * k * channels_in * channels_out + channels_out


def kernel_gradient(dy, image):
    """Gradient (h, w) of the kernel, from dy (r, c) and the image (h + r - 1, w + c - 1)."""
    rows, columns = dy.shape
    h, w = image.shape[0] - rows + 1, image.shape[1] - columns + 1
    gradient = np.empty((h, w))
    for a in range(h):
        for b in range(w):
            gradient[a, b] = np.sum(dy * image[a : a + rows, b : b + columns])
    return gradient
