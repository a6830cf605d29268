"""Small images, and ways to divide them, for the tests of the data."""

import numpy as np

from automl.trainers.cnn.data import Splitting

RNG = np.random.default_rng(0)
HOW = Splitting(
    validation_share=0.2,
    validation_images=None,
    test_share=0.2,
    train_images=None,
    shrink=1,
    data_seed=0,
)


def how(**changes):
    return Splitting(**{name: changes.get(name, getattr(HOW, name)) for name in HOW.__slots__})


def pixels(n=30, *shape):
    return RNG.integers(0, 256, (n, *shape), dtype=np.uint8)


def labels(n=30, classes=3):
    return np.arange(n) % classes
