"""How much values jump from step to step: who is ahead by no more than that may be behind after the next one.

A value says how good an agent is now, not how good it stays: those of reinforcement learning rise and collapse from one
step to the next, with the hyperparameters unchanged. How much, the members that went on by themselves tell: their gains
of one step, around the mean gain of all, so that what all have learned is no noise. A model is worth copying if it is
ahead by more than a quantile of that, as in a one-sided t test. The noise of the last two steps counts; it changes as
the training goes on.

Noise from successive differences: von Neumann, Kent, Bellinson and Hart: The Mean Square Successive Difference. Annals
of Mathematical Statistics 12, 1941.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from automl.controllers._merit import Merit

_RECENT = 2
"""Steps whose gains count."""


class Noise:
    """Gains of members that went on by themselves, by the step that gained them; one column per objective."""

    def __init__(self) -> None:
        self._gains: dict[int, list[list[float]]] = {}

    def add(self, step: int, after: Merit, before: Merit) -> None:
        """Take up a step of a member that went on by itself."""
        gains = [a - b for a, b in zip(after.score, before.score, strict=True)]
        if np.isfinite(gains).all():
            self._gains.setdefault(step, []).append(gains)

    def ahead(self, one: Merit, other: Merit, step: int, level: float) -> bool:
        """Say whether one is ahead of another by more than the noise, in some objective; or nearer to its limits.

        Args:
            one: the better.
            other: the worse.
            step: at whose end both are.
            level: the chance to say so of two that are as good as each other, up to a half.
        """
        if one.violation != other.violation:
            return one.violation < other.violation
        spread, freedom = self._spread(step, len(one.score))
        margin = _quantile(freedom, level) * spread
        return bool(np.any(np.subtract(one.score, other.score) > margin))

    def _spread(self, step: int, goals: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], int]:
        """Return the standard deviation (objectives,) of the gains of one step, and its degrees of freedom."""
        recent = [self._gains[s] for s in range(step - _RECENT + 1, step + 1) if s in self._gains]
        tables = [np.array(gains) for gains in recent if len(gains) > 1]
        freedom = sum(len(table) - 1 for table in tables)
        squares = sum((((table - table.mean(axis=0)) ** 2).sum(axis=0) for table in tables), np.zeros(goals))
        return np.sqrt(squares / max(1, freedom)), freedom

    def dump(self) -> list[list[object]]:
        """Write everything as plain data."""
        return [[step, gains] for step, gains in self._gains.items()]

    @classmethod
    def load(cls, state: Sequence[Sequence[object]]) -> Noise:
        """Read it back."""
        noise = cls()
        noise._gains = {int(step): [list(map(float, row)) for row in gains] for step, gains in state}  # type: ignore
        return noise


def _quantile(freedom: int, level: float) -> float:
    """Return the quantile of the t distribution that the level asks for; 0 where nothing is known of the noise."""
    from scipy.special import stdtrit

    found = float(stdtrit(freedom, 1.0 - level)) if freedom else 0.0
    return found if math.isfinite(found) else 0.0
