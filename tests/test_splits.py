"""Training, validation and test images: the same parts wherever they are asked for."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nnbook.splits import load_split


def test_the_split_is_that_of_the_chapters():
    from sklearn.model_selection import train_test_split

    from nnbook import load_mnist
    from nnbook.preprocessing import flatten_images

    (images, labels), (images_test, _) = load_mnist()
    first, held_back, y, y_val = train_test_split(
        images, labels, test_size=6000, stratify=labels, random_state=0
    )
    (x_train, y_train), validation, test = load_split("mnist")
    assert_array_equal(x_train[:100], flatten_images(first[:100]))
    assert_array_equal(y_train, y)
    assert_array_equal(validation[0][-100:], flatten_images(held_back[-100:]))
    assert_array_equal(validation[1], y_val)
    assert_array_equal(test[0][:100], flatten_images(images_test[:100]))
    assert x_train.dtype == np.float32


def test_the_digits_come_in_three_parts_of_all_classes():
    sizes = [len(x) for x, _ in load_split("digits")]
    assert sizes == [1295, 143, 359]
    for x, y in load_split("digits"):
        assert (x.dtype, x.min(), x.max()) == (np.float32, 0, 1)
        assert (np.bincount(y) > len(y) / 12).all()


def test_the_first_images_are_those_of_the_whole_training_set():
    (x, y), validation, test = load_split("digits")
    (x_few, y_few), *others = load_split("digits", train_images=100)
    assert_array_equal(x_few, x[:100])
    assert_array_equal(y_few, y[:100])
    for part, same in zip(others, (validation, test), strict=True):
        assert_array_equal(part[0], same[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("digit",), ValueError, "name is 'digit', expected one of mnist, fashion-mnist"),
        (("digits", 1296), ValueError, "train_images is 1296, expected at most 1295"),
        (("digits", 0), ValueError, "train_images is 0, expected at least 1"),
        (("digits", 0.5), TypeError, "train_images is 0.5, expected an integer"),
    ],
)
def test_what_is_not_there_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        load_split(*arguments)
