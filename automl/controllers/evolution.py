"""Regularised evolution: a population in which age, not failure, decides who dies.

Real, Aggarwal, Huang and Le: Regularized Evolution for Image Classifier Architecture Search. AAAI 2019,
algorithm 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers._defaults import defaults_of
from automl.controllers._draws import draws
from automl.controllers._merit import Merit, best_first, merit
from automl.controllers._proposals import dump_trace, load_trace
from automl.controllers._sharing import Sharing
from automl.core.choices import Answer, Choice, Trace, at_random, given, replay, run
from automl.core.controller import Controller
from automl.core.domains import Domain, Options, Value
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import SearchSpace

_MOST_DRAWS = 20
"""A mutation that changes nothing is drawn again, at most so often."""


@dataclass(frozen=True, slots=True)
class _Individual:
    """A member of the population: its genome is the trace of choices that built it."""

    genome: Trace
    merit: Merit


class Evolution(Controller):
    """Mutates one choice of the best of a few, drawn from the most recent candidates.

    The first candidates are random; a space that knows defaults has them before these. Then each is a child:
    `sample` members of the population are drawn, the best of them is the parent, one of its named choices
    gets another value and the rest is replayed by name; names the parent never met are answered at random.
    The child joins the population, the oldest member leaves it. Failed evaluations never join. With several
    objectives the best is the least dominated, then the least crowded (Deb et al. 2002), and limits come
    before objectives.

    Deviations: the paper removes the oldest after every child of a synchronous loop, here whenever a result
    arrives; its mutations are those of NASNet cells, and leave the parent unchanged in one case of twenty.

    Settings:
        population: how many recent candidates can be parents; also the number of random ones at the start.
        sample: how many of them compete to be a parent.
        sharing: whether candidates inherit trained weights from earlier ones; needs a space that is `Inheritable`.
        adaptation: effort of an evaluation that inherits; what nothing is known for is trained with effort 1.
    """

    profiles = {"paper": {"population": 100, "sample": 25}}  # Real et al. 2019, section "Experiment Setup"

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        population: int = 10,
        sample: int = 4,
        sharing: bool = False,
        adaptation: float = 0.2,
    ) -> None:
        super().__init__(space, objectives, seed)
        if population < 2:
            raise UsageError(f"A population needs two members or more, got {population}.")
        if not 1 <= sample <= population:
            raise UsageError(
                f"sample={sample} cannot be drawn from a population of {population}.",
                f"Set sample between 1 and {population}.",
            )
        self.population = population
        self.sample = sample
        self._sharing = Sharing(space, objectives, on=sharing, adaptation=adaptation)
        self._defaults = defaults_of(space)
        self._next = 0
        self._alive: list[_Individual] = []
        """The population, oldest first."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return [self._propose() for _ in range(n)]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            if result.outcome:
                rated = merit(self.objectives, result.outcome.metrics)
                self._alive.append(_Individual(dict(result.proposal.choices), rated))
        self._alive = self._alive[-self.population :]
        self._sharing.hear(results)
        return [result.proposal.trial for result in results]

    def parents(self) -> Collection[int]:
        return self._sharing.parents()

    def state_dict(self) -> dict[str, Any]:
        alive = [_dump(individual) for individual in self._alive]
        return {"next": self._next, "alive": alive, "sharing": self._sharing.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next = state["next"]
        self._alive = [_load(individual) for individual in state["alive"]]
        self._sharing.load_state_dict(state["sharing"])

    def _propose(self) -> Proposal:
        trial, self._next = self._next, self._next + 1
        rng = draws(self.seed, trial)
        if trial < len(self._defaults):
            candidate, trace = run(self.space.build, given(self._defaults[trial], at_random(rng)))
        elif len(self._alive) < self.population:
            candidate, trace = run(self.space.build, at_random(rng))
        else:
            candidate, trace = self._mutated(self._parent(rng).genome, rng)
        return self._sharing.shared(Proposal(trial, 0, candidate, choices=trace))

    def _parent(self, rng: np.random.Generator) -> _Individual:
        """Return the winner of a tournament."""
        places = rng.choice(len(self._alive), size=self.sample, replace=False)
        drawn = [self._alive[int(i)] for i in sorted(places)]
        winner = best_first([individual.merit for individual in drawn])[0]
        return drawn[winner]

    def _mutated(self, genome: Trace, rng: np.random.Generator) -> tuple[Any, dict[str, Choice]]:
        """Return a child that differs from its parent, if one is found."""
        candidate, trace = run(self.space.build, replay(genome, at_random(rng)))
        names, before = list(genome), self.space.key(candidate)
        for _ in range(_MOST_DRAWS if names else 0):
            name = names[int(rng.integers(len(names)))]
            candidate, trace = run(self.space.build, _changed(genome, name, rng))
            if self.space.key(candidate) != before:
                break
        return candidate, trace


def _changed(genome: Trace, changed: str, rng: np.random.Generator) -> Answer:
    """Answer as the genome does, except for one name, which gets another value."""
    uniform = at_random(rng)
    known = replay(genome, uniform)

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        if name != changed:
            return known(name, domain, allowed)
        if allowed is None and isinstance(domain, Options):
            allowed = domain.values
        if allowed is None:
            return uniform(name, domain, None)
        others = [value for value in allowed if repr(value) != repr(genome[name].value)]
        return others[int(rng.integers(len(others)))] if others else genome[name].value

    return answer


def _dump(individual: _Individual) -> dict[str, Any]:
    return {
        "genome": dump_trace(individual.genome),
        "score": list(individual.merit.score),
        "violation": individual.merit.violation,
    }


def _load(state: Mapping[str, Any]) -> _Individual:
    return _Individual(load_trace(state["genome"]), Merit(tuple(state["score"]), state["violation"]))
