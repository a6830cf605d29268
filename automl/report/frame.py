"""The part of an axis that is worth its height: a search starts untrained, and those values would flatten the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from automl.core.objectives import Objective

Line = Sequence[tuple[float, float]]
LATE = 0.9
"""The last share of the spending, in which all of a curve of the best must be seen."""
_WORTH = 0.5  # a frame of more than this share of the span is not worth what it hides
_LEAST = 1e-5  # of the span: what differs by less is rounding
_MARGIN = 0.06  # of the height of the frame, above and below


def late(corners: Line) -> list[float]:
    """Return the values that a curve of the best has over the last `LATE` of its spending, its corners given."""
    if not corners:
        return []
    start = corners[0][0] + (1 - LATE) * (corners[-1][0] - corners[0][0])
    first = max(i for i, (spent, _) in enumerate(corners) if spent <= start)
    return [value for _, value in corners[first:]]


def better(values: Iterable[float], goal: Objective | None) -> list[float]:
    """Return the better half of values that come in no order; without a goal all of them."""
    finite = [value for value in values if math.isfinite(value)]
    if goal is None:
        return finite
    return sorted(finite, reverse=goal.direction == "max")[: math.ceil(len(finite) / 2)]


def around(wanted: Sequence[float], everything: Iterable[float]) -> tuple[float, float] | None:
    """Return the lower and upper end of an axis that shows what is wanted.

    None if that is nothing, or if it would leave out too little to be worth it.
    """
    finite = [value for value in everything if math.isfinite(value)]
    if not wanted or not finite:
        return None
    span, height = max(finite) - min(finite), max(wanted) - min(wanted)
    height = max(height, _LEAST * span)
    if height >= _WORTH * span:
        return None
    return min(wanted) - _MARGIN * height, min(wanted) + (1 + _MARGIN) * height
