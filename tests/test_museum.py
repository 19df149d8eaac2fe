"""The museum: every wrong version shows its symptom, and every mended one passes the check."""

import warnings
from functools import partial

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from nnbook.book import load_results
from nnbook.comparison import groups
from nnbook.gradient_check import gradient_check
from nnbook.losses import softmax_cross_entropy
from nnbook.museum import comparisons, names, probabilities, scalers, tutorial


@pytest.fixture
def loops(torch):
    from nnbook.museum import torch_loops

    return torch_loops


@pytest.fixture
def digits():
    """Small random images with labels that can be learned, for training and for testing."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 20))
    y = rng.integers(10, size=400)
    x = centres[y] + rng.normal(size=(400, 20))
    return (x[:200], y[:200]), (x[200:], y[200:])


# --- Exhibit 1: the tutorial's backward pass -----------------------------------------------------


def one_image(seed):
    rng = np.random.default_rng(seed)
    weights = {"W1": rng.normal(size=(6, 8)), "W2": rng.normal(size=(8, 3))}
    return weights, rng.normal(size=6), np.eye(3)[seed % 3], rng.integers(2, size=8)


def check_tutorial(backward, seed):
    weights, x, y, mask = one_image(seed)
    gradients = dict(zip(weights, backward(**weights, x=x, y=y, mask=mask), strict=True))
    loss = lambda p: tutorial.tutorial_loss(p["W1"], p["W2"], x, y, mask)  # noqa: E731
    return gradient_check(loss, weights, gradients)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("version", tutorial.VERSIONS)
def test_the_gradient_check_refuses_all_backward_passes_but_the_mended_one(version, seed):
    found = check_tutorial(tutorial.VERSIONS[version], seed)
    assert found.passed == (version == "both mended"), str(found)
    if version != "both mended":
        assert found.parameter == "W1"
        assert found.relative_error > 0.4


def test_the_mended_backward_pass_equals_autograd(torch):
    weights, x, y, mask = one_image(0)
    W1, W2 = (torch.tensor(W, requires_grad=True) for W in weights.values())
    hidden = torch.relu(torch.tensor(x) @ W1) * torch.tensor(mask) * 2
    (0.5 * ((hidden @ W2 - torch.tensor(y)) ** 2).sum()).backward()
    got = tutorial.mended_backward(**weights, x=x, y=y, mask=mask)
    for ours, theirs in zip(got, (W1, W2), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_each_defect_shows_where_it_is():
    weights, x, y, mask = one_image(0)
    right, _ = tutorial.mended_backward(**weights, x=x, y=y, mask=mask)
    half, _ = tutorial.slope_mended_backward(**weights, x=x, y=y, mask=mask)
    np.testing.assert_allclose(2 * half, right)
    leaky, _ = tutorial.factor_mended_backward(**weights, x=x, y=y, mask=mask)
    kept, opened = mask == 1, x @ weights["W1"] > 0
    np.testing.assert_allclose(leaky[:, opened], right[:, opened])
    assert np.all(leaky[:, kept & ~opened] != 0)
    assert np.all(right[:, kept & ~opened] == 0)


@pytest.mark.parametrize("version", tutorial.VERSIONS)
def test_the_loss_falls_with_every_version(version, digits):
    (x, y), test = digits
    weights = tutorial.train_tutorial(tutorial.VERSIONS[version], x, np.eye(10)[y], 4, rng=0)
    *weights, losses = weights
    assert losses[-1] < losses[0]
    assert tutorial.tutorial_accuracy(*weights, *test) > 0.3


# --- Exhibit 2: one name for two things ----------------------------------------------------------


def test_the_hidden_module_is_missed_and_found(torch):
    x, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    with pytest.raises(AttributeError, match="no attribute 'Sequential'"):
        names.two_parts(x, y, 0)
    assert names.reused_imports(names.two_parts) == ["nn"]
    assert names.reused_imports(names.mended_two_parts) == []
    accuracy, network = names.mended_two_parts(x, y, 0)
    assert 0 <= accuracy <= 1
    assert isinstance(network, torch.nn.Module)


# --- Exhibits 3 and 10: comparisons --------------------------------------------------------------


def test_a_network_beats_itself_in_a_race_with_two_splits(digits):
    train, test = digits
    same = partial(comparisons.small_perceptron, rng=0, epochs=15)
    first, second, _ = comparisons.race(same, same, *train, test)
    assert first != second
    first, second, watched = comparisons.mended_race(same, same, *train, test)
    assert first == second
    assert 0 <= watched <= 1


def test_a_race_sees_equal_sizes_only_when_mended(digits):
    (x, y), test = digits

    def sizes(race):
        seen = []

        def contestant(x, y):
            seen.append(len(x))
            return comparisons.small_perceptron(x, y, rng=0, epochs=1)

        race(contestant, contestant, x, y, test)
        return seen

    assert sizes(comparisons.race) == [180, 200]
    assert sizes(comparisons.mended_race) == [180, 180]


def test_a_duel_ends_otherwise_each_time(digits):
    duel = partial(comparisons.duel, [0.05, 0.05], *digits, 0)
    assert len({score for _ in range(5) for score in duel()}) > 1
    first, again = comparisons.mended_duel([0.05, 0.05], *digits, 0)
    assert first == again
    assert comparisons.mended_duel([0.05], *digits, 0) == [first]
    assert len({comparisons.mended_duel([0.05], *digits, seed)[0] for seed in range(5)}) > 1


# --- Exhibit 4: an epsilon in the logarithm ------------------------------------------------------


def sure_and_wrong(gap):
    """Return logits that prefer a wrong class by `gap`, and the labels."""
    return np.array([[0.0, gap, -1.0], [gap, 0.5, 0.0]]), np.array([0, 1])


def check_logits(loss, gradient, gap):
    z, y = sure_and_wrong(gap)
    return gradient_check(lambda p: loss(p["z"], y), {"z": z}, {"z": gradient(z, y)})


@pytest.mark.parametrize("gap", [10.0, 20.0, 30.0])
def test_the_padded_loss_has_another_gradient_where_the_network_is_sure_and_wrong(gap):
    assert not check_logits(probabilities.lab_loss, probabilities.lab_gradient, gap).passed
    assert check_logits(probabilities.mended_loss, probabilities.lab_gradient, gap).passed


def test_on_a_fresh_network_nothing_shows():
    assert check_logits(probabilities.lab_loss, probabilities.lab_gradient, 0.5).passed


@pytest.mark.parametrize("gap", [0.5, 5.0, 12.0, 20.0])
def test_the_gradient_that_autodiff_finds_vanishes(gap, torch):
    z, y = sure_and_wrong(gap)
    logits = torch.tensor(z, requires_grad=True)
    p = torch.softmax(logits, dim=1)[range(len(y)), torch.tensor(y)]
    (-torch.log(p + 1e-8).mean()).backward()
    got = probabilities.own_gradient(z, y)
    np.testing.assert_allclose(got, logits.grad.numpy(), rtol=1e-9)
    share = np.abs(got).max() / np.abs(probabilities.lab_gradient(z, y)).max()
    assert share < 0.5 if gap == 20 else share > 0.5


def test_the_mended_loss_is_the_cross_entropy(rng):
    z, y = 20 * rng.normal(size=(6, 4)), rng.integers(4, size=6)
    assert probabilities.mended_loss(z, y) == pytest.approx(softmax_cross_entropy(z, y))
    assert probabilities.lab_loss(np.array([[0.0, 100.0]]), np.array([0])) < 18.5


def test_descent_by_the_vanishing_gradient_stays_behind(digits):
    (x, y), test = digits
    share = [
        np.mean(
            (test[0] @ probabilities.softmax_regression(g, x, y, 0, rate=0.1)).argmax(1) == test[1]
        )
        for g in (probabilities.own_gradient, probabilities.lab_gradient)
    ]
    assert share[0] < share[1]


# --- Exhibits 5, 6, 7 and 9: PyTorch -------------------------------------------------------------


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_gradients_pile_up_from_the_second_batch_on(loops, torch, rng, batches):
    with loops.torch_seed(0):
        model = torch.nn.Linear(5, 3).double()
    x, y = torch.tensor(rng.normal(size=(8, 5))), torch.tensor(rng.integers(3, size=8))
    loss = torch.nn.functional.cross_entropy
    parameters = {name: p.detach().numpy() for name, p in model.named_parameters()}
    for epoch in (loops.take_steps, loops.mended_take_steps):
        model.zero_grad()
        still = torch.optim.SGD(model.parameters(), lr=0.0)
        losses = epoch(model, loss, still, [(x, y)] * batches)
        gradients = {name: p.grad.numpy() for name, p in model.named_parameters()}
        found = gradient_check(lambda _: loss(model(x), y).detach().numpy(), parameters, gradients)
        assert found.passed == (batches == 1 or epoch is loops.mended_take_steps), str(found)
        assert len(losses) == batches


def test_a_loop_without_reset_ends_behind(loops, torch, digits):
    (x, y), _ = digits
    data = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    losses = {}
    for epoch in (loops.take_steps, loops.mended_take_steps):
        with loops.torch_seed(0):
            model = loops.mended_digit_classifier(20)
            sgd = torch.optim.SGD(model.parameters(), lr=0.5)
            losses[epoch] = loops.train_shuffled(
                epoch, model, torch.nn.functional.cross_entropy, sgd, data, 10
            )
    assert losses[loops.take_steps][-1] > losses[loops.mended_take_steps][-1]


def test_a_softmax_too_many_keeps_the_loss_above_its_floor(loops, torch):
    y = torch.arange(10)
    sure = 100 * torch.eye(10)
    loss = torch.nn.functional.cross_entropy
    floor = float(np.log(1 + 9 / np.e))
    assert loss(torch.softmax(sure, dim=1), y).item() == pytest.approx(floor, abs=1e-6)
    assert floor == pytest.approx(1.4612, abs=1e-4)
    assert loss(sure, y).item() == pytest.approx(0, abs=1e-6)
    with loops.torch_seed(0):
        x = torch.randn(4, 784)
        outputs, logits = loops.digit_classifier()(x), loops.mended_digit_classifier()(x)
    torch.testing.assert_close(outputs.sum(dim=1), torch.ones(4))
    assert not torch.allclose(logits.sum(dim=1), torch.ones(4))


def test_gradients_of_a_wrong_loss_pass_the_check(loops, torch, rng):
    """Autograd is right about whatever is written down."""
    z = rng.normal(size=(6, 3))
    y, targets = torch.tensor(rng.integers(3, size=6)), torch.tensor(rng.normal(size=6))
    wrong = (
        lambda t: torch.nn.functional.cross_entropy(torch.softmax(t, dim=1), y),
        lambda t: loops.mean_of_squares(t[:, :1], targets),
    )
    for loss in wrong:
        logits = torch.tensor(z, requires_grad=True)
        loss(logits).backward()
        gradients = {"z": logits.grad.numpy()}
        value = lambda p, loss=loss: loss(torch.from_numpy(p["z"])).numpy()  # noqa: E731
        assert gradient_check(value, {"z": z}, gradients).passed


def test_a_measurement_in_training_mode_differs_from_call_to_call(loops, torch, digits):
    (x, y), _ = digits
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    with loops.torch_seed(0):
        model = loops.dropout_classifier(20)
        assert len({loops.share_right(model, x, y) for _ in range(5)}) > 1
        assert len({loops.mended_share_right(model, x, y) for _ in range(5)}) == 1
    assert model.training
    model.eval()
    assert loops.share_right(model, x, y) == loops.mended_share_right(model, x, y)
    assert not model.training


def test_all_pairs_in_the_squared_error(loops, torch, rng):
    outputs, targets = torch.tensor(rng.normal(size=(7, 1))), torch.tensor(rng.normal(size=7))
    assert loops.mean_of_squares(targets[:, None], targets) > 0.1
    assert loops.mended_mean_of_squares(targets[:, None], targets) == 0
    wanted = torch.nn.functional.mse_loss(outputs.squeeze(1), targets)
    torch.testing.assert_close(loops.mended_mean_of_squares(outputs, targets), wanted)
    with pytest.raises(ValueError, match="outputs have shape .*7.*, targets .*6"):
        loops.mended_mean_of_squares(outputs, targets[:6])
    with pytest.warns(UserWarning, match="different to the input size"):
        theirs = torch.nn.functional.mse_loss(outputs, targets)
    torch.testing.assert_close(loops.mean_of_squares(outputs, targets), theirs)


def test_the_best_answer_to_all_pairs_is_the_mean(loops, torch, rng):
    targets = torch.tensor(rng.normal(size=7))
    outputs = targets.mean().expand(7, 1).clone().requires_grad_()
    loops.mean_of_squares(outputs, targets).backward()
    torch.testing.assert_close(outputs.grad, torch.zeros_like(outputs))


def test_what_the_chapter_says_of_keras(keras_mlp):
    import keras

    y, sure = np.arange(10), np.eye(10, dtype="float32")  # what a softmax gives when it is sure
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(loss(y, sure)) == pytest.approx(np.log(1 + 9 / np.e), abs=1e-5)
    outputs, targets = np.arange(4.0).reshape(4, 1), np.array([1.0, 2.0, 0.0, 5.0])
    theirs = float(keras.losses.MeanSquaredError()(targets, outputs))
    assert theirs == pytest.approx(np.mean((outputs[:, 0] - targets) ** 2))


# --- Exhibit 8: the test set in the preparation --------------------------------------------------


def test_only_the_mended_preparation_leaves_the_test_set_alone(rng):
    train, test = rng.normal(size=(20, 3)), 5 + rng.normal(size=(10, 3))
    assert scalers.looks_at_test(scalers.prepare_sets, train, test)
    assert not scalers.looks_at_test(scalers.mended_prepare_sets, train, test)
    wanted = StandardScaler().fit(train).transform(test)
    np.testing.assert_array_equal(scalers.mended_prepare_sets(train, test)[1], wanted)


def test_labels_drawn_by_lot_are_predicted_after_a_selection_that_saw_them(rng):
    train, test = rng.normal(size=(2, 60, 500))
    y, y_test = rng.integers(2, size=(2, 60))

    def centroid_score(select):
        x, rest = select(train, y, test, y_test, k=10)
        means = np.stack([x[y == label].mean(axis=0) for label in (0, 1)])
        distance = ((rest[:, None] - means) ** 2).sum(axis=2)
        return np.mean(distance.argmin(axis=1) == y_test)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert centroid_score(scalers.select_features) > 0.65
        assert centroid_score(scalers.mended_select_features) < 0.65


# --- The table -----------------------------------------------------------------------------------


def test_the_table_holds_every_exhibit_from_five_seeds():
    runs = groups(load_results("museum"), "exhibit", "version", "measure")
    exhibits = {exhibit for exhibit, _, _ in runs}
    assert len(exhibits) == 11  # the scaler's has two parts
    for (exhibit, version, _), rows in runs.items():
        assert sorted(rows["seed"]) == [*range(5)]
        known = tutorial.VERSIONS if exhibit == "tutorial" else ("as found", "mended")
        assert version in known


def test_a_row_of_the_table_comes_out_again(torch):
    import museum

    torch.set_num_threads(1)
    runs = groups(load_results("museum"), "exhibit", "version", "measure", "seed")
    for measure in (museum.measure_broadcast, museum.measure_scaler):
        for exhibit, version, name, value in measure(0, None, None):
            row = runs[exhibit, version, name, 0]["value"][0]
            assert value == pytest.approx(row, abs=0.02)
