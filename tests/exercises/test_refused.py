"""Wrong answers that look right on most inputs, and right ones in another form."""

import numpy as np
import pytest

from nnbook.activations import relu, softmax
from nnbook.exercises import EXERCISES, check


def adamw_with_epsilon_inside(w, g, m, v, t, rate, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = m / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t) + 1e-8)
    return (1 - rate * decay) * w - rate * step, m, v


def width_without_output_biases(n, K, depth, budget):
    def count(h):
        return (n + 1) * h + (depth - 1) * (h + 1) * h + h * K

    return max(h for h in range(1, 1000) if count(h) <= budget)


def width_rounded_to_the_nearest(n, K, depth, budget):
    def count(h):
        return (n + 1) * h + (depth - 1) * (h + 1) * h + (h + 1) * K

    low = max(h for h in range(1, 1000) if count(h) <= budget)
    return round(low + (budget - count(low)) / (count(low + 1) - count(low)))


def shuffled_in_each_batch(x, y, batch_size, rng):
    batches = []
    for start in range(0, len(x), batch_size):
        order = start + rng.permutation(min(batch_size, len(x) - start))
        batches.append((x[order], y[order]))
    return batches


def forward_with_one_shift(W1, b1, W2, b2, X):
    Z = W2 @ relu(W1 @ X + b1) + b2
    e = np.exp(Z - Z.max())
    return e / e.sum(axis=0)


def loss_with_one_shift(logits, y):
    shifted = logits - logits.max()
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y])


def error_of_the_sizes(a, n):
    larger = np.maximum(np.abs(a), np.abs(n))
    return np.nanmax(np.abs(np.abs(a) - np.abs(n)) / larger)


def difference_without_a_sign(a, b):
    variances = [np.var(runs, ddof=1) / len(runs) for runs in (a, b)]
    return abs(np.mean(a) - np.mean(b)), np.sqrt(sum(variances))


def momentum_of_unsorted_eigenvalues(A):
    eigenvalues = np.linalg.eig(A).eigenvalues
    a, b = np.sqrt(eigenvalues[0]), np.sqrt(eigenvalues[-1])
    return 4 / (a + b) ** 2, ((b - a) / (b + a)) ** 2


def clipped_to_its_own_range(x, g, epsilon):
    return np.clip(x + epsilon * np.sign(g), x.min(), x.max())


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("adamw-step", adamw_with_epsilon_inside),
        ("width-for-budget", width_without_output_biases),
        ("width-for-budget", width_rounded_to_the_nearest),
        ("minibatches", shuffled_in_each_batch),
        ("minibatches", lambda x, y, size, rng: shuffled_in_each_batch(x, y, len(x), rng)),
        ("forward-two-layer", forward_with_one_shift),
        ("cross-entropy-from-logits", loss_with_one_shift),
        ("relative-error", error_of_the_sizes),
        ("standard-error", difference_without_a_sign),
        ("best-momentum", momentum_of_unsorted_eigenvalues),
        ("fgsm-step", clipped_to_its_own_range),
    ],
)
def test_a_wrong_answer_is_refused_whatever_the_seed(name, answer, seed):
    assert not check(name, answer, rng=seed).passed


def in_float32(function):
    def answer(*arguments):
        return function(*(single(a) for a in arguments))

    return answer


def single(argument):
    """Return floats as float32: an array, a number or what a function returns."""
    if callable(argument):
        return lambda w: single(argument(w))
    return np.float32(argument) if np.asarray(argument).dtype == float else argument


def standardised(X_train, X_test):
    mean, std = (f(X_train, axis=1, keepdims=True) for f in (np.mean, np.std))
    return (X_train - mean) / std, (X_test - mean) / std


def backward(W1, b1, W2, b2, X, Y):
    A1 = relu(W1 @ X + b1)
    dZ2 = (softmax(W2 @ A1 + b2, axis=0) - Y) / X.shape[1]
    dZ1 = W2.T @ dZ2 * (A1 > 0)
    return dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True), dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True)


def two_numbers_as_an_array(a, b):
    variances = [np.var(runs, ddof=1) / len(runs) for runs in (a, b)]
    return np.array([np.mean(a) - np.mean(b), np.sqrt(sum(variances))])


def share_and_bar_as_an_array(wrong, images):
    p = wrong / images
    return np.array([p, np.sqrt(p * (1 - p) / images)])


def length_in_numpy(t, beta_1, beta_2):
    return (1 - beta_1**t) / np.sqrt(1 - beta_2**t)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("standardise", in_float32(standardised)),
        ("backprop-two-layer", in_float32(backward)),
        ("standard-error", two_numbers_as_an_array),
        ("error-bar", share_and_bar_as_an_array),
        ("uncorrected-step", in_float32(length_in_numpy)),
        ("best-momentum", in_float32(EXERCISES["best-momentum"].solution)),
        ("nesterov-step", in_float32(EXERCISES["nesterov-step"].solution)),
        ("museum-backward", in_float32(EXERCISES["museum-backward"].solution)),
        ("smoothed-cross-entropy", in_float32(EXERCISES["smoothed-cross-entropy"].solution)),
        ("temperature-slope", in_float32(EXERCISES["temperature-slope"].solution)),
    ],
)
def test_a_right_answer_in_another_form_passes_whatever_the_seed(name, answer, seed):
    result = check(name, answer, rng=seed)
    assert result.passed, result.message


def schedule(fall):
    def answer(step, peak, warmup, total):
        if step < warmup:
            return peak * (step + 1) / warmup
        return peak * fall(np.pi / 2 * (step - warmup) / (total - warmup))

    return answer


def ends_at_zero(step, total_steps, peak):
    top, end = 0.3 * total_steps - 1, total_steps - 1
    if step <= top:
        return peak / 25 + (peak - peak / 25) * (1 - np.cos(np.pi * step / top)) / 2
    return peak * (1 + np.cos(np.pi * (step - top) / (end - top))) / 2


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "answer", "mistake"),
    [
        ("warmup-cosine", schedule(np.cos), "quarter-cosine"),
        ("warmup-cosine", schedule(lambda x: np.sin(np.pi / 2 - x)), "quarter-cosine"),
        ("one-cycle-rate", ends_at_zero, "ends-at-zero"),
    ],
)
def test_a_mistake_is_named_however_it_rounds(name, answer, mistake, seed):
    assert check(name, answer, rng=seed).misconception == mistake
