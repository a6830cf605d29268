"""Simulated annealing of structure: small changes, followed uphill with a chance that cools.

Kirkpatrick, Gelatt and Vecchi: Optimization by Simulated Annealing. Science 220, 1983; the rule of acceptance is from
Metropolis et al.: Equation of State Calculations by Fast Computing Machines. 1953.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from automl.controllers._draws import draws
from automl.controllers._merit import Merit, merit
from automl.controllers._walk import Walk
from automl.core.choices import at_random, run
from automl.core.controller import Controller
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, Perturbable, SearchSpace

_MOST_DRAWS = 30
"""A neighbour that was tried from here is drawn again, at most so often; then the walk is frozen and ends."""


class Anneal(Controller):
    """Walks from neighbour to neighbour, at first almost freely, at the end only downhill.

    A trial is one walk. It starts at the space's root; every step proposes a neighbour of where it stands, which
    inherits the weights found there, and follows it if it is better, or with probability exp(-loss / temperature) if it
    is worse. The temperature falls geometrically from `hottest` to `coldest` over `steps`; the walk that the budget
    would cut short cools in the time that is left. Then a new walk starts. With several free places several
    walks go side by side. A walk ends early when everything around it has been tried.

    Temperatures are in the unit of the objective. Limits come before it: what is further beyond a limit is never
    followed, what is nearer to it always.

    Settings:
        steps: evaluations of one walk.
        hottest: temperature at the start of a walk.
        coldest: temperature at its end.
    """

    requires = (Perturbable, Inheritable)
    many_objectives = False

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        steps: int = 4000,
        hottest: float = 3e-3,
        coldest: float = 5e-6,
    ) -> None:
        super().__init__(space, objectives, seed)
        if steps < 1:
            raise UsageError(f"A walk takes one step or more, got steps={steps}.")
        if not 0 < coldest <= hottest < math.inf:
            raise UsageError(
                f"Temperatures fall from hottest to coldest and stay positive, got {hottest} and {coldest}.",
                "They are in the unit of the objective: set hottest=0.003 and coldest=0.000005, for example.",
            )
        self.steps, self.hottest, self.coldest = steps, hottest, coldest
        self._next = 0
        self._walks: dict[int, Walk] = {}
        """The walks that go on, by trial."""
        self._last: dict[str, float] = {}
        """What there is to say of the last walk that ended."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        waiting = [trial for trial, walk in self._walks.items() if not walk.pending][:n]
        while len(waiting) < n:
            self._walks[self._next] = Walk(progress, self.space.root())
            waiting.append(self._next)
            self._next += 1
        return [self._step(trial, progress) for trial in waiting]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        closed = []
        for result in results:
            trial = result.proposal.trial
            walk = self._walks[trial]
            walk.pending = False
            if result.outcome:
                self._judge(walk, result)
            walk.following = self._neighbour(trial, walk) if walk.step < self.steps else None
            if walk.following is None:
                del self._walks[trial]
                self._last = {"steps": float(walk.step), "share_followed": walk.followed / walk.step}
                closed.append(trial)
        return closed

    def parents(self) -> Collection[int]:
        return {walk.evaluation for walk in self._walks.values() if walk.evaluation is not None}

    def diagnostics(self) -> Mapping[str, float]:
        return self._last

    def state_dict(self) -> dict[str, Any]:
        walks = [[trial, walk.dump(self.space)] for trial, walk in self._walks.items()]
        return {"next": self._next, "walks": walks, "last": dict(self._last)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next, self._last = state["next"], dict(state["last"])
        self._walks = {trial: Walk.load(self.space, walk) for trial, walk in state["walks"]}

    def _step(self, trial: int, progress: float) -> Proposal:
        walk = self._walks[trial]
        walk.temperature = self._temperature(walk, progress)
        walk.pending = True
        walk.step += 1
        return Proposal(trial, walk.step - 1, walk.following, parent=walk.evaluation)

    def _temperature(self, walk: Walk, progress: float) -> float:
        """Cool by the steps of the walk, or by what is left of the budget where that is used up sooner."""
        left = 1.0 - walk.begun
        used = (progress - walk.begun) / left if left > 0 else 1.0
        share = min(1.0, max(walk.step / self.steps, used))
        return float(self.hottest * (self.coldest / self.hottest) ** share)

    def _judge(self, walk: Walk, result: Result) -> None:
        """Follow the proposal, or stay."""
        assert result.outcome is not None  # failures are not judged
        found = merit(self.objectives, result.outcome.metrics)
        if walk.merit is None or self._follows(found, walk.merit, walk.temperature, walk.chance):
            walk.stand(result.proposal.candidate, result.id, found)

    def _follows(self, found: Merit, standing: Merit, temperature: float, chance: float) -> bool:
        """Return whether to go there: the rule of Metropolis."""
        if found.violation or standing.violation:
            return found.violation <= standing.violation
        loss = standing.score[0] - found.score[0]
        return loss <= 0 or chance < math.exp(-loss / temperature)

    def _neighbour(self, trial: int, walk: Walk) -> Any:
        """Return a neighbour that was not tried from here; None if none is found."""
        if walk.standing is None:
            return None
        rng = draws(self.seed, trial, walk.step)
        walk.chance = rng.random()
        for _ in range(_MOST_DRAWS):
            candidate, _ = run(lambda choose: self.space.perturb(walk.standing, choose), at_random(rng))
            key = self.space.key(candidate)
            if key not in walk.tried:
                walk.tried.append(key)
                return candidate
        return None
