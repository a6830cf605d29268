"""Streams of seeds that never meet: for training, for validation, for the final comparison, for measuring."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Stream: TypeAlias = Literal["training", "held out", "selecting", "scoring", "probing"]
_NUMBERS: dict[Stream, int] = {"training": 1, "held out": 2, "selecting": 3, "scoring": 4, "probing": 5}


def seed_of(stream: Stream, *place: int) -> int:
    """Return the seed of a place in a stream, below 2^31; other streams and places have other ones."""
    return int(np.random.SeedSequence([_NUMBERS[stream], *place]).generate_state(1)[0] >> 1)
