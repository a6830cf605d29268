"""Which items belong to which user, for many users at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Items by user, in compressed rows.

    Attributes:
        starts: (users + 1,) int64, where the items of each user begin.
        items: (pairs,) int64, the items of user 0, of user 1, and so on; each once.
    """

    starts: Tensor
    items: Tensor

    @classmethod
    def of(cls, pairs: Tensor, users: int) -> Pairs:
        """Sort pairs (N, 2) of user and item."""
        user, item = pairs.long().unbind(1)
        width = int(item.max()) + 1 if len(item) else 1
        unique = torch.unique(user * width + item)  # of one number each: rows of two take ten times as long
        counts = torch.bincount(unique // width, minlength=users)
        starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return cls(starts, unique % width)

    def counts(self, users: Tensor) -> Tensor:
        """Return how many items each user has."""
        return self.starts[users + 1] - self.starts[users]

    def places(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Return the pairs of some users (U,) as places in a matrix (U, items): its rows and its columns."""
        counts = self.counts(users)
        rows = torch.repeat_interleave(torch.arange(len(users), device=users.device), counts)
        within = torch.arange(len(rows), device=users.device) - (counts.cumsum(0) - counts)[rows]
        return rows, self.items[self.starts[users][rows] + within]
