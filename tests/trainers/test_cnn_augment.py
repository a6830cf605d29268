"""What augmentation does to an image, and that it hangs on its generator alone."""

import pytest
import torch
from torch import Generator

from automl.trainers.cnn.augment import augmented

IMAGES = torch.arange(64 * 2 * 8 * 8, dtype=torch.float32).reshape(64, 2, 8, 8) + 1


def changed(how, seed=0):
    return augmented(IMAGES, how, Generator().manual_seed(seed))


def test_none_is_the_batch_itself():
    assert changed("none") is IMAGES


def test_flip_mirrors_some_images_whole():
    same = (changed("flip") == IMAGES).flatten(1).all(1)
    mirrored = (changed("flip") == IMAGES.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 15 < int(mirrored.sum()) < 49


def test_crop_shifts_all_channels_alike_and_fills_with_zero():
    shifts = set()
    for before, after in zip(IMAGES, changed("crop"), strict=True):
        padded = torch.nn.functional.pad(before, (1, 1, 1, 1))
        found = [(r, c) for r in range(3) for c in range(3) if torch.equal(padded[:, r : r + 8, c : c + 8], after)]
        assert len(found) == 1
        shifts.update(found)
    assert len(shifts) == 9


@pytest.mark.parametrize("how", ["flip", "crop", "flip_crop"])
def test_the_generator_decides(how):
    assert torch.equal(changed(how, 1), changed(how, 1))
    assert not torch.equal(changed(how, 1), changed(how, 2))
