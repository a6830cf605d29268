"""Random changes to a batch of images, drawn on the CPU so that they are the same on every device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from automl.trainers.cnn.recipe import Augment

PAD = 4
"""Pixels on each side of a 32-pixel image: C10+ of EAS (Cai et al. 2018, section "Experiments")."""
PADDED_SIDE = 32


def augmented(images: Tensor, how: Augment, rng: Generator) -> Tensor:
    """Return changed copies.

    Args:
        images: (N, C, H, W), normalised, so that padding with 0 pads with the mean.
        how: `flip` mirrors every second image left to right; `crop` pads and cuts out at a random place (by 4
            pixels on 32, in proportion on other sizes); `flip_crop` does both, known as C10+.
        rng: where randomness comes from.
    """
    if "crop" in how:
        images = _cropped(images, rng)
    if "flip" in how:
        mirror = torch.rand(len(images), generator=rng).to(images.device) < 0.5
        images = torch.where(mirror[:, None, None, None], images.flip(3), images)
    return images


def _cropped(images: Tensor, rng: Generator) -> Tensor:
    """Shift every image by its own number of pixels, with one gather for the whole batch."""
    n, _, height, width = images.shape
    pad = max(1, round(PAD * min(height, width) / PADDED_SIDE))
    padded = F.pad(images, (pad, pad, pad, pad))
    rows, columns = torch.randint(0, 2 * pad + 1, (2, n), generator=rng).to(images.device)
    rows = rows[:, None] + torch.arange(height, device=images.device)
    columns = columns[:, None] + torch.arange(width, device=images.device)
    each = torch.arange(n, device=images.device)[:, None, None]
    return padded.movedim(1, 3)[each, rows[:, :, None], columns[:, None, :]].movedim(3, 1)
