"""What several runs attained, in the plane of two objectives: by all of them, by half of them, by one of them.

A run attains a place if one of its points is as good there in both objectives. The places attained by at least k of n
runs are bounded by a staircase (Fonseca and Fleming: On the performance assessment and comparison of stochastic
multiobjective optimizers. PPSN 1996). More is better in both objectives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Corners: TypeAlias = list[tuple[float, float]]
MARGIN = 0.06
"""Of what the points span, around them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the plane that is shown; staircases end at its left and lower edge."""

    left: float
    right: float
    low: float
    high: float

    @classmethod
    def around(cls, points: Array) -> Frame:
        """Return a frame around points (n, 2)."""
        least, most = points.min(axis=0), points.max(axis=0)
        margin = MARGIN * np.where(most > least, most - least, np.maximum(np.abs(most), 1.0))
        (left, low), (right, high) = least - margin, most + margin
        return cls(float(left), float(right), float(low), float(high))


def heights(runs: Sequence[Array], places: Array) -> Array:
    """Return how high each run reaches at places on the first axis (runs, places); -inf where it does not get there."""
    found = np.full((len(runs), len(places)), -np.inf)
    for row, points in zip(found, runs, strict=True):
        reach = points[:, None, 0] >= places[None, :]
        row[:] = np.where(reach, points[:, None, 1], -np.inf).max(axis=0)
    return found


def staircase(runs: Sequence[Array], least: int, frame: Frame) -> Corners:
    """Return the corners of what at least so many of the runs attained, from the left edge of the frame to the lower.

    Args:
        runs: the points (n, 2) of each run.
        least: how many runs, from 1 to all.
        frame: where it ends.
    """
    places = np.unique(np.concatenate([points[:, 0] for points in runs]))
    reached = np.maximum(np.sort(heights(runs, places), axis=0)[-least], frame.low)
    corners, at = [(frame.left, float(reached[0]))], float(reached[0])
    for place, height in zip(places.tolist(), [*reached[1:].tolist(), frame.low], strict=True):
        if height < at:
            corners += [(place, at), (place, height)]
            at = height
    return corners
