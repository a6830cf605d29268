"""Places of groups that lie one after the other, for many groups at once."""

from __future__ import annotations

import torch
from torch import Tensor


def spans(starts: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the places of some groups one after the other, and which of the chosen groups each is from.

    Args:
        starts: (groups + 1,) where each group begins, and last where they end.
        chosen: (chosen,) groups.
    """
    counts = starts[chosen + 1] - starts[chosen]
    member = torch.repeat_interleave(torch.arange(len(chosen), device=chosen.device), counts)
    within = torch.arange(len(member), device=chosen.device) - (counts.cumsum(0) - counts)[member]
    return starts[chosen][member] + within, member
