"""Successive halving as a ladder of efforts: who climbs on is decided when a trial arrives at a rung.

Jamieson and Talwalkar: Non-stochastic Best Arm Identification and Hyperparameter Optimization. AISTATS 2016.
Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar: Hyperband. JMLR 18, 2018.
Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar: A System for Massively Parallel Hyperparameter
Tuning. MLSys 2020 (ASHA).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from automl.controllers._merit import Merit, best_first
from automl.core.errors import UsageError

_MOST_RIVALS = 200
"""A trial is compared with so many that came to the same rung last: enough to tell a quantile, and cheap for ever."""


class Rungs:
    """The rungs of one or several brackets.

    The efforts of a bracket end at 1 and shrink by `eta` from rung to rung; bracket b leaves out the b lowest. A trial
    that arrives at a rung climbs on if it is among the best 1/eta of those that have arrived there, itself included
    and rounded up; so the first one of a bracket is always measured to the end, and nobody waits for anybody.

    Args:
        eta: how many trials arrive at a rung for one that climbs on.
        least: the lowest effort there may be.
        brackets: how many; trials are shared out among them as in Hyperband.
    """

    def __init__(self, eta: int, least: float, brackets: int) -> None:
        if eta < 2:
            raise UsageError(f"eta must be two or more, got {eta}.")
        if not 0 < least <= 1:
            raise UsageError(f"min_effort must be a share of the effort, above 0 and up to 1, got {least}.")
        count = 1 + int(math.log(1.0 / least) / math.log(eta) + 1e-9)
        if not 1 <= brackets <= count:
            raise UsageError(
                f"brackets must be 1 to {count}, got {brackets}.",
                f"From effort {least:g} to 1 by factors of {eta} there are {count} rungs, and a bracket leaves out one "
                "more than the one before.",
            )
        self.eta = eta
        self.efforts = tuple(float(eta) ** -place for place in range(count - 1, -1, -1))
        self._shares = [_hyperband(eta, count - 1, count - 1 - b) for b in range(brackets)]
        self._begun = [0] * brackets
        self._arrived: dict[tuple[int, int], list[Merit]] = {}

    @property
    def top(self) -> int:
        """The rung of effort 1."""
        return len(self.efforts) - 1

    def begin(self) -> int:
        """Return the bracket of a new trial, which is also its lowest rung: the one that most lags behind its share."""
        share = (1 + sum(self._begun)) / sum(self._shares)
        behind = [wanted * share - begun for wanted, begun in zip(self._shares, self._begun, strict=True)]
        bracket = behind.index(max(behind))
        self._begun[bracket] += 1
        return bracket

    def climbs(self, bracket: int, rung: int, merit: Merit) -> bool:
        """Take up a trial that has arrived at a rung; say whether it climbs on."""
        arrived = self._arrived.setdefault((bracket, rung), [])
        arrived.append(merit)
        del arrived[:-_MOST_RIVALS]
        best = best_first(arrived)[: math.ceil(len(arrived) / self.eta)]
        return len(arrived) - 1 in best

    def state_dict(self) -> dict[str, Any]:
        """Return who has arrived where."""
        arrived = [
            [bracket, rung, [[list(m.score), m.violation] for m in merits]]
            for (bracket, rung), merits in self._arrived.items()
        ]
        return {"begun": list(self._begun), "arrived": arrived}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._begun = list(state["begun"])
        self._arrived = {
            (bracket, rung): [Merit(tuple(score), violation) for score, violation in merits]
            for bracket, rung, merits in state["arrived"]
        }


def _hyperband(eta: int, most: int, halvings: int) -> int:
    """Return how many trials Hyperband begins in a bracket of so many halvings (Li et al. 2018, algorithm 1)."""
    return math.ceil((most + 1) / (halvings + 1) * float(eta) ** halvings)
