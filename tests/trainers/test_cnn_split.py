"""Dividing images into training, validation and test parts."""

import numpy as np
import pytest
from cnn_images import HOW, RNG, how, labels

from automl.core.errors import InvalidData, UsageError
from automl.trainers.cnn.data import read, split


def numbered(n=100, classes=4):
    """Images that carry their own number."""
    return np.arange(n, dtype=np.float32).reshape(n, 1, 1).repeat(2, 1).repeat(2, 2), labels(n, classes)


def test_parts_are_disjoint_stratified_and_complete():
    splits = split(read(numbered()), HOW)
    parts = [splits.train, splits.validation, splits.test]
    ids = np.concatenate([part.pixels[:, 0, 0, 0] for part in parts])
    assert sorted(ids) == list(range(100))
    assert [np.bincount(part.labels).tolist() for part in parts] == [[16] * 4, [4] * 4, [5] * 4]


def test_the_division_depends_on_its_seed_only():
    ids = [split(read(numbered()), how(data_seed=s)).test.pixels[:, 0, 0, 0].tolist() for s in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]


def test_a_given_test_part_is_used_as_it_is():
    x, y = numbered()
    splits = split(read({"x_train": x, "y_train": y, "x_test": x[:8] + 1000, "y_test": y[:8]}), HOW)
    assert len(splits.train) + len(splits.validation) == 100
    np.testing.assert_array_equal(splits.test.pixels[:, 0, 0, 0], np.arange(1000, 1008))


def test_numbers_of_images_instead_of_shares():
    splits = split(read(numbered(1000)), how(validation_images=50, train_images=90))
    assert (len(splits.validation), len(splits.train), len(splits.test)) == (50, 90, 200)
    assert len(split(read(numbered()), how(validation_images=50)).validation) == 16  # too many: the share again


def test_shrinking_averages_pixels():
    x = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4).repeat(6, 0)
    splits = split(read((x, labels(12, 2))), how(shrink=2))
    wanted = x[:6:6, :2, :2].mean() / 255
    assert splits.train.shape == (1, 2, 2)
    assert np.isclose(splits.train.pixels[:, 0, 0, 0], wanted).any()
    with pytest.raises(InvalidData, match="cannot be shrunk by 3"):
        split(read((x, labels(12, 2))), how(shrink=3))


def test_statistics_are_those_of_the_training_images():
    x = RNG.normal(3.0, 2.0, (200, 2, 5, 5))
    x[:, 1] = 7.0
    splits = split(read((x, labels(200))), HOW)
    np.testing.assert_allclose(splits.mean, splits.train.pixels.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(splits.std[0], splits.train.pixels[:, 0].std(), rtol=1e-5)
    assert splits.std[1] == 1.0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((np.zeros((9, 2, 2)), np.zeros(9)), "one class"),
        ((np.zeros((9, 2, 2)), np.arange(9) % 2 * 2), "no training image has the label 1"),
        ((np.zeros((9, 2, 2)), np.arange(9) % 2 * 1000), "only 9 images"),
        ((np.zeros((3, 2, 2)), np.arange(3)), "too few"),
        ({"x": np.zeros((9, 2, 2)), "y": labels(9), "x_test": np.zeros((2, 2, 2)), "y_test": [0, 3]}, "out of range"),
        ({"x": np.zeros((9, 2, 2)), "y": labels(9), "x_test": np.zeros((2, 2, 3)), "y_test": [0, 1]}, "one shape"),
    ],
)
def test_data_that_cannot_be_divided(data, said):
    with pytest.raises(InvalidData) as caught:
        split(read(data), HOW)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "bad", [{"test_share": -0.1}, {"validation_share": 1.0}, {"shrink": 0}, {"train_images": 0}, {"data_seed": -1}]
)
def test_settings_of_the_division_are_checked(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        how(**bad)
