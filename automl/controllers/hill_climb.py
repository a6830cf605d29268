"""Neural architecture search by hill climbing: children of the best so far, trained on from its weights.

Elsken, Metzen and Hutter: Simple and Efficient Architecture Search for Convolutional Neural Networks. 2017,
algorithm 1 (NASH).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers._draws import draws
from automl.controllers._growth import grown
from automl.controllers._merit import Merit, front, merit
from automl.controllers._schedule import ANY
from automl.core.choices import Choice
from automl.core.controller import Controller
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Growable, Inheritable, SearchSpace

_MOST_DRAWS = 10
"""A child equal to one of its siblings is drawn again, at most so often."""
_MOST_LEADERS = 16
"""With several objectives: how many members of the front can be parents; the least crowded ones are kept."""


@dataclass(frozen=True, slots=True)
class _Climber:
    """A measured candidate whose weights can be inherited."""

    evaluation: int
    candidate: Any
    merit: Merit


class HillClimb(Controller):
    """Grows the best candidate so far by a few random edits, again and again.

    The search starts from the space's root. A round ends when `children` results have arrived; the best of them leads
    the next round, and training accumulates along the line of leaders. With several objectives the leaders are the
    Pareto front, and each child draws its parent from it. More workers than a round has children, late results and
    lost ones are no obstacle: children of the present leader are proposed until enough results have arrived, and a
    late child competes in the round in which it arrives.

    Deviations from the paper: edits that ask word by word ("widen this layer?") change about one word, so that a step
    stays small; equal siblings are drawn again; `tolerance`; the defaults, which suit small budgets
    (`profile=paper` has the paper's). With few children little training is thrown away and the line of leaders gets
    longer, and one edit at a time is kept or dropped on its own merit: on the digits at equal MACs both paid off.

    Settings:
        children: results per round.
        edits_per_child: edits between a parent and its child.
        effort: training of a child, on top of what its ancestors had.
        root_effort: training of the root.
        continue_parent: let one child per round be the leader itself, trained on without an edit.
        tolerance: with one objective, a round's best child leads even if its score is by up to so much lower
            than the leader's, because the score is noisy and the best of several was a lucky draw; None:
            always.
    """

    requires = (Growable, Inheritable)
    # Elsken et al. 2017, section 4.2: n_neigh = 8 of which the last is the current best, n_NM = 5,
    # epoch_neigh = 17; the first network is trained for 20 epochs.
    profiles = {
        "paper": {
            "children": 8,
            "edits_per_child": 5,
            "effort": 1.0,
            "root_effort": 20 / 17,
            "continue_parent": True,
            "tolerance": None,
        }
    }

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        children: int = 2,
        edits_per_child: int = 1,
        effort: float = 1.0,
        root_effort: float = 2.0,
        continue_parent: bool = False,
        tolerance: float | None = 0.02,
    ) -> None:
        super().__init__(space, objectives, seed)
        for name, count in (("children", children), ("edits_per_child", edits_per_child)):
            if count < 1:
                raise UsageError(f"{name} must be one or more, got {count}.")
        for name, share in (("effort", effort), ("root_effort", root_effort)):
            if not share > 0:
                raise UsageError(f"{name} must be positive, got {share}.")
        if tolerance is not None and not tolerance >= 0:
            raise UsageError(f"tolerance cannot be negative, got {tolerance}.", "Set 0 to allow no loss at all.")
        self.children = children
        self.edits_per_child = edits_per_child
        self.effort = effort
        self.root_effort = root_effort
        self.continue_parent = continue_parent
        self.tolerance = tolerance
        self._next = 0
        self._places = 0
        """The most free places ever offered: when all of them are free, nothing is in flight."""
        self._leaders: list[_Climber] = []
        self._arrived: list[_Climber] = []
        """The children that arrived in this round."""
        self._told = 0
        """Results of this round, failed ones included."""
        self._siblings: list[str] = []
        """Keys of the children proposed in this round."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        self._places = max(self._places, n)
        if self._leaders:
            return [self._child() for _ in range(n)]
        return [self._root()] if n == self._places else []

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            self._told += 1
            if result.outcome:
                rated = merit(self.objectives, result.outcome.metrics)
                self._arrived.append(_Climber(result.id, result.proposal.candidate, rated))
            if self._told >= self.children or not self._leaders:
                self._leaders = self._next_leaders()
                self._arrived, self._told, self._siblings = [], 0, []
        return [result.proposal.trial for result in results]

    def parents(self) -> Collection[int]:
        return {climber.evaluation for climber in (*self._leaders, *self._next_leaders())}

    def diagnostics(self) -> Mapping[str, float]:
        best = max((leader.merit.score[0] for leader in self._leaders), default=0.0)
        return {"leaders": float(len(self._leaders)), "leader_score": best}

    def state_dict(self) -> dict[str, Any]:
        return {
            "next": self._next,
            "places": self._places,
            "leaders": [self._dump(climber) for climber in self._leaders],
            "arrived": [self._dump(climber) for climber in self._arrived],
            "told": self._told,
            "siblings": list(self._siblings),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next, self._places, self._told = state["next"], state["places"], state["told"]
        self._leaders = [self._load(climber) for climber in state["leaders"]]
        self._arrived = [self._load(climber) for climber in state["arrived"]]
        self._siblings = list(state["siblings"])

    def _root(self) -> Proposal:
        self._next += 1
        return Proposal(self._next - 1, 0, self.space.root(), effort=self.root_effort)

    def _child(self) -> Proposal:
        trial, self._next = self._next, self._next + 1
        rng = draws(self.seed, trial)
        parent = self._leaders[int(rng.integers(len(self._leaders)))]
        candidate, trace = parent.candidate, dict[str, Choice]()
        if self._siblings or not self.continue_parent:
            candidate, trace = self._edited(parent.candidate, rng)
        self._siblings.append(self.space.key(candidate))
        return Proposal(trial, 0, candidate, effort=self.effort, parent=parent.evaluation, choices=trace)

    def _edited(self, parent: Any, rng: np.random.Generator) -> tuple[Any, dict[str, Choice]]:
        """Return a child unlike its siblings if one is found; a parent that is full stays as it is."""
        plan = [ANY] * self.edits_per_child
        candidate, trace = grown(self.space, parent, plan, rng, small=True)
        for _ in range(_MOST_DRAWS):
            if self.space.key(candidate) not in self._siblings:
                break
            candidate, trace = grown(self.space, parent, plan, rng, small=True)
        return candidate, trace

    def _next_leaders(self) -> list[_Climber]:
        """Return who would lead if the round ended now."""
        if not self._leaders or not self._arrived:
            return self._leaders or self._arrived
        if len(self.objectives.goals) > 1:
            rivals = [*self._leaders, *self._arrived]
            return [rivals[i] for i in front([climber.merit for climber in rivals], _MOST_LEADERS)]
        best = self._arrived[front([climber.merit for climber in self._arrived], 1)[0]]
        return [best] if self._accepts(best.merit) else self._leaders

    def _accepts(self, child: Merit) -> bool:
        leader = self._leaders[0].merit
        if child.violation or leader.violation:
            return child.violation <= leader.violation
        return self.tolerance is None or child.score[0] >= leader.score[0] - self.tolerance

    def _dump(self, climber: _Climber) -> dict[str, Any]:
        return {
            "evaluation": climber.evaluation,
            "candidate": self.space.dump(climber.candidate),
            "score": list(climber.merit.score),
            "violation": climber.merit.violation,
        }

    def _load(self, state: Mapping[str, Any]) -> _Climber:
        rated = Merit(tuple(state["score"]), state["violation"])
        return _Climber(state["evaluation"], self.space.load(state["candidate"]), rated)
