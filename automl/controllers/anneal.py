"""Simulated annealing of structure: small changes, followed uphill with a chance that cools; then leaps.

Kirkpatrick, Gelatt and Vecchi: Optimization by Simulated Annealing. Science 220, 1983; the rule of acceptance is from
Metropolis et al.: Equation of State Calculations by Fast Computing Machines. 1953. Leaps that are judged only where
they have led after many small steps are basin hopping: Wales and Doye: Global optimization by basin-hopping and the
lowest energy structures of Lennard-Jones clusters containing up to 110 atoms. 1997. Here a leap that leads to a worse
place is never kept.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from automl.controllers._draws import draws
from automl.controllers._merit import Merit, merit
from automl.controllers._walk import Place, Walk
from automl.core.choices import Answer, at_random, run
from automl.core.controller import Controller
from automl.core.domains import Domain, Value
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, Perturbable, SearchSpace

_MOST_DRAWS = 30
"""A neighbour that was tried from here is drawn again, at most so often; then the walk is frozen."""
_REHEAT = 0.1
"""After a leap the temperature falls from this part of `hottest`."""


class Anneal(Controller):
    """Walks from neighbour to neighbour, at first almost freely, at the end only downhill.

    A trial is one walk. It starts at the space's root; every step proposes a neighbour of where it stands, which
    inherits the weights found there, and follows it if it is better, or with probability exp(-loss / temperature) if it
    is worse. The temperature falls geometrically from `hottest` to `coldest` over `steps`; the walk that the budget
    would cut short cools in the time that is left.

    A walk that has cooled, or around which everything has been tried, leaps: it goes where a far change leads, however
    bad it is there, takes `settle` small steps at a temperature that falls again, and comes back unless it has found a
    better place. It ends after `leaps` leaps in a row without one, at once in a space that knows no far changes. Then
    a new walk starts. With several free places several walks go side by side.

    Temperatures are in the unit of the objective. Limits come before it: what is further beyond a limit is never
    followed, what is nearer to it always.

    Settings:
        steps: evaluations until a walk has cooled.
        hottest: temperature at the start of a walk.
        coldest: temperature at its end.
        leaps: how many leaps in a row may lead nowhere better; 0 for a walk that ends when it has cooled.
        settle: small steps after a leap.
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
        leaps: int = 5,
        settle: int = 200,
    ) -> None:
        super().__init__(space, objectives, seed)
        if steps < 1 or settle < 1:
            raise UsageError(f"A walk takes one step or more, got steps={steps} and settle={settle}.")
        if leaps < 0:
            raise UsageError(f"leaps must be 0 or more, got {leaps}.", "0 ends a walk when it has cooled.")
        if not 0 < coldest <= hottest < math.inf:
            raise UsageError(
                f"Temperatures fall from hottest to coldest and stay positive, got {hottest} and {coldest}.",
                "They are in the unit of the objective: set hottest=0.003 and coldest=0.000005, for example.",
            )
        self.steps, self.hottest, self.coldest = steps, hottest, coldest
        self.leaps, self.settle = leaps, settle
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
            walk.following = self._following(trial, walk)
            if walk.following is None:
                del self._walks[trial]
                self._last = {"steps": float(walk.step), "share_followed": walk.followed / walk.step}
                closed.append(trial)
        return closed

    def parents(self) -> Collection[int]:
        return {place.evaluation for walk in self._walks.values() for place in walk.places}

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
        parent = None if walk.standing is None else walk.standing.evaluation
        return Proposal(trial, walk.step - 1, walk.following, parent=parent)

    def _temperature(self, walk: Walk, progress: float) -> float:
        """Cool by the steps of the walk, or by what is left of the budget where that is used up sooner."""
        if walk.base is not None:
            return self._cooled(max(_REHEAT * self.hottest, self.coldest), (walk.step - walk.leapt) / self.settle)
        left = 1.0 - walk.begun
        used = (progress - walk.begun) / left if left > 0 else 1.0
        return self._cooled(self.hottest, min(1.0, max(walk.step / self.steps, used)))

    def _cooled(self, start: float, share: float) -> float:
        return float(start * (self.coldest / start) ** share)

    def _judge(self, walk: Walk, result: Result) -> None:
        """Follow the proposal, or stay."""
        assert result.outcome is not None  # failures are not judged
        found = Place(result.proposal.candidate, result.id, merit(self.objectives, result.outcome.metrics))
        if walk.standing is None or walk.leaping or self._follows(found.merit, walk.standing.merit, walk):
            walk.stand(found)

    def _follows(self, found: Merit, standing: Merit, walk: Walk) -> bool:
        """Return whether to go there: the rule of Metropolis."""
        if found.violation or standing.violation:
            return found.violation <= standing.violation
        loss = standing.score[0] - found.score[0]
        return loss <= 0 or walk.chance < math.exp(-loss / walk.temperature)

    def _following(self, trial: int, walk: Walk) -> Any:
        """Return what to propose next: a small step, or a leap where there is none; None if the walk is over."""
        if walk.standing is None:
            return None
        rng = draws(self.seed, trial, walk.step)
        walk.chance = rng.random()
        warm = walk.step < self.steps if walk.base is None else walk.step - walk.leapt < self.settle
        step = self._neighbour(walk, walk.standing, rng) if warm else None
        return self._leap(walk, walk.standing, rng) if step is None else step

    def _neighbour(self, walk: Walk, standing: Place, rng: np.random.Generator) -> Any:
        """Return a neighbour that was not tried from here; None if none is found."""
        for _ in range(_MOST_DRAWS):
            candidate, _ = self._perturbed(standing, "near", rng)
            key = self.space.key(candidate)
            if key not in walk.tried:
                walk.tried.append(key)
                return candidate
        return None

    def _leap(self, walk: Walk, floor: Place, rng: np.random.Generator) -> Any:
        """Keep the floor that was reached or go back, and return where to leap from there; None for nowhere."""
        better = walk.base is None or _better(floor.merit, walk.base.merit)
        walk.base = floor if better else walk.base
        walk.fruitless = 0 if better else walk.fruitless + 1
        if walk.base is None or walk.fruitless >= self.leaps:
            return None
        walk.return_to_base()
        walk.leapt = walk.step + 1
        candidate, far = self._perturbed(walk.base, "far", rng)
        return candidate if far else None

    def _perturbed(self, place: Place, reach: str, rng: np.random.Generator) -> tuple[Any, bool]:
        """Return a candidate near a place, or far from it where the space knows such, and whether it is far."""
        candidate, trace = run(lambda choose: self.space.perturb(place.candidate, choose), _reaching(reach, rng))
        return candidate, "reach" in trace and trace["reach"].value == "far"


def _better(found: Merit, base: Merit) -> bool:
    return (-found.violation, found.score[0]) > (-base.violation, base.score[0])


def _reaching(reach: str, rng: np.random.Generator) -> Answer:
    """Answer how far to go, and all else at random."""
    otherwise = at_random(rng)

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        return reach if name == "reach" else otherwise(name, domain, allowed)

    return answer
