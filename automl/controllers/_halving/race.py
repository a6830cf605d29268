"""Racing over seeds: who is significantly worse than the leader gets no further seed.

Maron and Moore: The Racing Algorithm: Model Selection for Lazy Learners. Artificial Intelligence Review 11, 1997.
Birattari, Stützle, Paquete and Varrentrapp: A Racing Algorithm for Configuring Metaheuristics. GECCO 2002.

A race over a handful of seeds cannot estimate the noise of each candidate: two or three values say next to nothing of a
variance. So it is estimated once, over the repetitions of all candidates within each candidate (the mean square
within groups of an analysis of variance), and a candidate with mean m over j seeds is compared with a leader of mean l
over k seeds by a one-sided t test with as many degrees of freedom as that estimate has:

    t = (l - m) / (s sqrt(1/j + 1/k)),   s² = Σ_c Σ_i (x_ci - mean_c)² / Σ_c (n_c - 1)

It assumes that the noise is about as large everywhere. Where it is larger for good candidates, s is too small for them
and they are dropped too easily; a smaller level makes up for it. At a level of one half whoever is behind is dropped.
Another candidate often tells more than certainty about one that is behind: of the levels from 0.05 to 0.5 the larger
ones were better in `benchmarks/morl_replay.py --part levels`, and 0.3 is the smallest that was about as good as any.
Means drawn toward each other by the variance among candidates (empirical Bayes), and dropping whoever is the best with
too small a probability, was no better there: few candidates are good, and normal distributions do not know that.

Seeds are not paired: that of an evaluation depends on its trial, so equal steps of two trials share nothing. Where they
would (`benchmarks/morl_replay.py` prints it), what a seed has in common over all candidates is a few percent of the
noise at most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from automl.controllers._merit import Merit, front

_MOST_LEADERS = 16
"""With several objectives: how many of the front new candidates are compared with; the least crowded ones are kept."""
_MOST_VIOLATION = 1e9
"""Infinity, of which no mean can be taken."""


class Race:
    """The noise of all candidates, and the leaders: the best of those that were measured with every seed.

    Values are merits: one score per objective, and by how much limits are exceeded.

    Args:
        level: of the test, up to a half; the chance to drop a candidate that is as good as the leader.
    """

    def __init__(self, level: float) -> None:
        self.level = level
        self._squares: list[float] = []
        """Sum of squares within candidates, per column of `_row`."""
        self._freedom = 0
        self._leaders: list[tuple[Merit, int]] = []

    @property
    def noise(self) -> float:
        """Standard deviation of the first objective from seed to seed; 0 while nothing was repeated."""
        return math.sqrt(self._squares[0] / self._freedom) if self._freedom else 0.0

    def repeated(self, values: Sequence[Merit]) -> None:
        """Take up the last of the values of one candidate; those before it were taken up before."""
        table = np.array([_row(value) for value in values])
        self._squares = self._squares or [0.0] * table.shape[1]
        if len(values) < 2:
            return
        gained = _within(table) - _within(table[:-1])
        self._squares = [s + max(0.0, float(g)) for s, g in zip(self._squares, gained, strict=True)]
        self._freedom += 1

    def finished(self, mean: Merit, seeds: int) -> None:
        """Take up a candidate that was measured with every seed."""
        rivals = [*self._leaders, (mean, seeds)]
        self._leaders = [rivals[i] for i in front([merit for merit, _ in rivals], _MOST_LEADERS)]

    def lost(self, mean: Merit, seeds: int) -> bool:
        """Say whether a candidate of this mean over so many seeds is significantly worse than a leader."""
        if not self._leaders or not self._freedom:
            return False
        return any(self._beats(leader, n, mean, seeds) for leader, n in self._leaders)

    def _beats(self, leader: Merit, n: int, other: Merit, seeds: int) -> bool:
        """Say whether the leader is significantly better: in its limits, else in every objective.

        An objective that has no noise may also be equal, if another is better.
        """
        beyond = leader.violation or other.violation
        margin = self._quantile() * math.sqrt(1 / seeds + 1 / n)
        wins, ties = [], []
        for a, b, squares in zip(_row(leader), _row(other), self._squares, strict=True):
            spread = math.sqrt(squares / self._freedom)
            wins.append(a - b > margin * spread)
            ties.append(a == b and spread == 0.0)
        if beyond:
            return wins[-1]
        goals = range(len(wins) - 1)
        return all(wins[i] or ties[i] for i in goals) and any(wins[i] for i in goals)

    def _quantile(self) -> float:
        """Return the quantile of the t distribution that the level asks for."""
        from scipy.special import stdtrit

        return float(stdtrit(self._freedom, 1.0 - self.level))

    def state_dict(self) -> dict[str, Any]:
        """Return the noise and the leaders."""
        leaders = [[list(merit.score), merit.violation, seeds] for merit, seeds in self._leaders]
        return {"squares": list(self._squares), "freedom": self._freedom, "leaders": leaders}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._squares, self._freedom = list(state["squares"]), state["freedom"]
        self._leaders = [(Merit(tuple(score), violation), seeds) for score, violation, seeds in state["leaders"]]


def _row(merit: Merit) -> tuple[float, ...]:
    """Return a merit as columns, larger is better."""
    return (*merit.score, -min(merit.violation, _MOST_VIOLATION))


def _within(table: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the sum of squares around the mean of each column of (n, columns)."""
    squares: np.ndarray[Any, np.dtype[np.float64]] = ((table - table.mean(axis=0)) ** 2).sum(axis=0)
    return squares
