"""Greedy construction with a look ahead: every extension is measured, one of the best is taken.

The idea of ADAPT-VQE (Grimsley et al.: An adaptive variational algorithm for exact molecular simulations on a quantum
computer. 2019) with exact predictions in place of gradients, and the restricted candidate list of GRASP (Feo and
Resende: Greedy Randomized Adaptive Search Procedures. 1995), which makes trials differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers._draws import draws
from automl.core.controller import Controller
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, LookAhead, SearchSpace, Sequential

_NOTHING = 1e-9
"""Gains up to this size count as none: rounding."""


@dataclass(slots=True)
class _Construction:
    """A trial in the making.

    Attributes:
        step: evaluations proposed so far.
        following: the candidate to propose next.
        parent: the evaluation it continues.
        pending: whether a proposal is in flight.
        best: the best score on the way.
        idle: evaluations since then.
    """

    following: Any
    step: int = 0
    parent: int | None = None
    pending: bool = False
    best: float = -float("inf")
    idle: int = 0


class Greedy(Controller):
    """Extends a candidate by what promises most, until nothing promises anything for a while.

    A trial is one construction from the space's root. Every evaluation measures a candidate and, as one batch, its
    extensions; the next one continues the most promising of them and inherits the weights. The first trial always
    takes the best. Later trials draw among the extensions that promise nearly as much: all whose gain is at least
    1 - `choice` of the best gain. Where no extension gains, any is drawn, because several steps may bring what one
    cannot, and weights adapt; after `patience` steps in a row that brought nothing the trial ends.

    Settings:
        choice: share of the best gain that a drawn extension may fall behind; 0 is greedy in every trial.
        patience: steps without a new best after which a trial ends.
    """

    requires = (Sequential, LookAhead, Inheritable)
    many_objectives = False

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        choice: float = 0.5,
        patience: int = 20,
    ) -> None:
        super().__init__(space, objectives, seed)
        if not 0 <= choice <= 1:
            raise UsageError(f"choice is a share between 0 and 1, got {choice}.")
        if patience < 1:
            raise UsageError(f"patience is 1 or more, got {patience}.")
        self.choice, self.patience = choice, patience
        self._next = 0
        self._open: dict[int, _Construction] = {}
        """The constructions that go on, by trial."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        waiting = [trial for trial, construction in self._open.items() if not construction.pending][:n]
        while len(waiting) < n:
            self._open[self._next] = _Construction(self.space.survey(self.space.root()))
            waiting.append(self._next)
            self._next += 1
        return [self._propose(trial) for trial in waiting]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        closed = []
        for result in results:
            construction = self._open[result.proposal.trial]
            construction.pending = False
            if not self._goes_on(construction, result):
                del self._open[result.proposal.trial]
                closed.append(result.proposal.trial)
        return closed

    def parents(self) -> Collection[int]:
        return {c.parent for c in self._open.values() if c.parent is not None}

    def state_dict(self) -> dict[str, Any]:
        return {"next": self._next, "open": [[trial, self._dump(c)] for trial, c in self._open.items()]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next = state["next"]
        self._open = {trial: self._load(dumped) for trial, dumped in state["open"]}

    def _propose(self, trial: int) -> Proposal:
        construction = self._open[trial]
        construction.pending = True
        construction.step += 1
        return Proposal(trial, construction.step - 1, construction.following, parent=construction.parent)

    def _goes_on(self, construction: _Construction, result: Result) -> bool:
        """Take note of a result and choose how to go on; False where the trial ends."""
        if result.outcome is None:
            return False
        score = self.objectives.score(result.outcome.metrics)[0]
        better = score > construction.best + _NOTHING
        construction.idle = 0 if better else construction.idle + 1
        construction.best = max(construction.best, score)
        candidate = result.proposal.candidate
        outlook = self.space.outlook(candidate, result.outcome.extras)
        if construction.idle >= self.patience or not outlook:
            return False
        for move in outlook[self._drawn(result, [value for _, value in outlook], score)][0]:
            candidate = self.space.apply(candidate, move)
        construction.following = self.space.survey(candidate)
        construction.parent = result.id
        return True

    def _drawn(self, result: Result, values: Sequence[float], score: float) -> int:
        """Return the place of the extension to take.

        Args:
            result: the evaluation to continue.
            values: predicted values of its extensions.
            score: its own score.
        """
        sign = 1.0 if self.objectives.goals[0].direction == "max" else -1.0
        gains = sign * np.asarray(values, dtype=np.float64) - score
        most = float(gains.max())
        behind = self.choice * most if result.proposal.trial else 0.0
        near = np.flatnonzero((gains >= most - behind - _NOTHING) | (most <= _NOTHING))
        rng = draws(self.seed, result.proposal.trial, result.proposal.step)
        return int(near[rng.integers(len(near))])

    def _dump(self, construction: _Construction) -> dict[str, Any]:
        return {
            "following": self.space.dump(construction.following),
            "step": construction.step,
            "parent": construction.parent,
            "pending": construction.pending,
            "best": max(construction.best, -1e300),  # JSON has no infinity
            "idle": construction.idle,
        }

    def _load(self, state: Mapping[str, Any]) -> _Construction:
        return _Construction(**{**state, "following": self.space.load(state["following"])})
