"""The feedback-driven curriculum of CRLQAS: how near to the bound a value must come to count as a success.

All numbers here are gaps: by how much a value exceeds the bound (|E - mu| in the paper, with mu the lower bound of
the energy). An episode succeeds when its gap falls below the *bar*. The bar moves:

    every `every` episodes            bar = lowest gap ever seen + margin          (a shift; it may raise the bar)
    after each `patience` successes   bar = bar - margin / shrinks                 (at most `shrinks` times per shift)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIRST_SHIFT = 10
"""No shift within the first ten episodes (released code): the lowest gap means little by then."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the bar moves.

    Attributes:
        start: the first bar; None: nothing succeeds before the first shift.
        every: episodes between shifts (G in the paper); 0: the bar stays as it is.
        margin: how far above the lowest gap a shift sets the bar (delta in the paper).
        patience: successes per shrinkage; 0: the bar never shrinks.
        shrinks: shrinkages per shift, each by margin / shrinks.
        switch: shrink only while the lowest gap is below this.
    """

    start: float | None
    every: int
    margin: float
    patience: int
    shrinks: int
    switch: float = math.inf


class MovingBar:
    """The bar of success and what moves it."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        start = schedule.start
        self.bar = -math.inf if start is None else start
        self.lowest = math.inf if start is None else start
        """The lowest gap seen; the released code begins with the first bar."""
        self._episodes = 0
        self._successes = 0
        """Successes since the last shrinkage or shift."""
        self._shrunk = 0
        """Shrinkages since the last shift."""

    def seen(self, gap: float) -> None:
        """Take note of the gap of one step."""
        self.lowest = min(self.lowest, gap)

    def ended(self, *, success: bool) -> None:
        """Take note of the end of an episode, which may move the bar: first it shrinks, then it shifts."""
        if success:
            self._shrink()
        self._episodes += 1
        due = self._schedule.every > 0 and self._episodes % self._schedule.every == 0
        if due and self._episodes > FIRST_SHIFT and math.isfinite(self.lowest):
            self.bar = self.lowest + self._schedule.margin
            self._successes = self._shrunk = 0

    def _shrink(self) -> None:
        schedule = self._schedule
        self._successes += 1
        enough = 0 < schedule.patience <= self._successes
        if enough and self._shrunk < schedule.shrinks and self.lowest < schedule.switch:
            self.bar -= schedule.margin / schedule.shrinks
            self._successes = 0
            self._shrunk += 1

    def state_dict(self) -> dict[str, Any]:
        """Return bar, lowest gap and counters."""
        return {
            "bar": self.bar,
            "lowest": self.lowest,
            "episodes": self._episodes,
            "successes": self._successes,
            "shrunk": self._shrunk,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.bar, self.lowest = state["bar"], state["lowest"]
        self._episodes, self._successes, self._shrunk = state["episodes"], state["successes"], state["shrunk"]
