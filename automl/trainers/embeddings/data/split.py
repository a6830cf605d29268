"""Which part each row belongs to.

Trained on are `train` and `search`, in that order where rows have one, so that whatever is later in time is for
stopping and testing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Parts = npt.NDArray[np.uint8]


def by_ratio(rows: int, shares: Sequence[float], seed: int) -> Parts:
    """Draw rows at random.

    Returns:
        (rows,) places in `PARTS`; sizes are the shares of the rows, rounded.
    """
    bounds = np.rint(np.cumsum(shares)[:-1] * rows)
    parts = np.searchsorted(bounds, np.arange(rows), side="right").astype(np.uint8)
    return np.random.default_rng(seed).permutation(parts)


def by_time(time: npt.NDArray[np.float64], shares: Sequence[float]) -> Parts:
    """Cut rows that are sorted by time; rows of the same time stay together.

    Args:
        time: (rows,) ascending.
        shares: of the parts.
    """
    bounds = np.rint(np.cumsum(shares)[:-1] * len(time))
    first = np.searchsorted(time, time, side="left")  # the first row of the same time
    return np.searchsorted(bounds, first, side="right").astype(np.uint8)


def by_user(
    users: npt.NDArray[np.int64], time: npt.NDArray[np.float64] | None, shares: Sequence[float], seed: int
) -> Parts:
    """Cut the rows of every user, by time or in random order; everybody has a row in `train`.

    A share of few rows is no whole number. Each user draws one number in [0, 1) that moves all his cuts, so that over
    the users parts have their shares, whatever the number of rows of each.

    Args:
        users: (rows,) number of the user, from 0 on.
        time: (rows,); None for random order. Rows of the same time stay in the order in which they are.
        shares: of the parts.
        seed: of the random order and of the cuts.
    """
    random = np.random.default_rng(seed)
    order = np.lexsort((random.permutation(len(users)) if time is None else time, users))
    counts = np.bincount(users)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(users)) - starts[users[order]]
    cuts = np.floor(np.cumsum(shares)[:-1] * counts[:, None] + random.random((len(counts), 1)))
    parts = np.zeros(len(users), np.uint8)
    parts[order] = (place[:, None] >= np.maximum(cuts, 1)[users[order]]).sum(1)
    return parts
