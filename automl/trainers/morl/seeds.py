"""Streams of seeds that never meet: to tune with, to choose a winner with, to compare it with the default, to measure.

Those of a search (`training`) depend on the search's own seed. `validation` and `held out` are the same in every
search, so that whatever is compared is compared seed by seed.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Stream: TypeAlias = Literal["training", "validation", "held out", "selecting", "scoring", "probing"]
_NUMBERS: dict[Stream, int] = {
    "training": 1, "held out": 2, "selecting": 3, "scoring": 4, "probing": 5, "validation": 6,
}  # fmt: skip


def seed_of(stream: Stream, *place: int) -> int:
    """Return the seed of a place in a stream, below 2^31; other streams and places have other ones."""
    return int(np.random.SeedSequence([_NUMBERS[stream], *place]).generate_state(1)[0] >> 1)
