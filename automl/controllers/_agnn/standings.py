"""How good a result is next to all before it, whatever the unit of the objective."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from automl.controllers._merit import merit
from automl.core.objectives import Objectives
from automl.core.records import Result

Standing: TypeAlias = tuple[float, float]
"""(-violation of the limits, score), larger is better in both; compared from left to right."""


class Standings:
    """All scores so far.

    Attributes:
        order: the standings of all successes, from worst to best.
    """

    def __init__(self, objectives: Objectives) -> None:
        self._objectives = objectives
        self.order: list[Standing] = []

    def enter(self, result: Result) -> Standing | None:
        """Take up a result and return its standing: that of the worst so far if it failed, None before any success."""
        if result.outcome is None:
            return self.order[0] if self.order else None
        rated = merit(self._objectives, result.outcome.metrics)
        standing = (-rated.violation, rated.score[0])
        if not math.isfinite(standing[1]):
            return self.order[0] if self.order else None
        insort(self.order, standing)
        return standing

    def rank(self, standing: Standing) -> float:
        """Return the share of results so far that are worse, ties by half: 0 to 1."""
        if not self.order:
            return 0.5
        return (bisect_left(self.order, standing) + bisect_right(self.order, standing)) / (2.0 * len(self.order))

    def raw(self, standing: Standing) -> float:
        """Return the score in the objective's own unit; beyond a limit, the worst so far."""
        if standing[0] < 0.0 and self.order:
            return min(score for _, score in self.order)
        return standing[1]

    def state_dict(self) -> dict[str, Any]:
        """Return all standings."""
        return {"order": [list(standing) for standing in self.order]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.order = [standing(pair) for pair in state["order"]]


def standing(pair: Sequence[float]) -> Standing:
    """Read a standing from JSON."""
    violation, score = pair
    return (float(violation), float(score))
