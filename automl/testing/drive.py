"""A study in miniature: ask, evaluate, tell, with weights and their collection, in memory, without a clock.

It drives a controller as a study does and may be as unkind as reality: several workers, results in disorder,
failures, results that never arrive. The same arguments give the same course, event by event.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from automl.core.controller import Controller
from automl.core.records import Failure, Proposal, Result, Weights
from automl.core.runner import Job, measure
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer

SINGLE = {bool, int, float, str, type(None)}
"""Plain data that hold no others."""
Fault: TypeAlias = Literal["fail", "lose"]
Faults: TypeAlias = Callable[[int], Fault | None]
"""Says what goes wrong with the evaluation of that id: it fails, its result is lost, or nothing (None)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One `ask`, and what the controller answered."""

    n: int
    progress: float
    proposals: tuple[Proposal, ...]
    parents: frozenset[int]
    """What `parents` said before the question."""


@dataclass(frozen=True, slots=True)
class Told:
    """One `tell`, and what the controller answered."""

    results: tuple[Result, ...]
    closed: tuple[int, ...]


@dataclass(slots=True)
class Course:
    """Everything that happened between a controller and its study.

    Attributes:
        events: every ask and tell, in order.
        snapshots: the controller's state after each event, if they were asked for.
        finished: True if the controller had nothing more to propose while nothing was in flight.
    """

    events: list[Asked | Told] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False

    @property
    def proposals(self) -> list[Proposal]:
        """All proposals; the id of an evaluation is its place in this list."""
        return [proposal for event in self.events if isinstance(event, Asked) for proposal in event.proposals]

    @property
    def results(self) -> list[Result]:
        """All results that were told, in the order of telling."""
        return [result for event in self.events if isinstance(event, Told) for result in event.results]

    @property
    def closed(self) -> list[int]:
        """All trials that were closed, in the order of closing."""
        return [trial for event in self.events if isinstance(event, Told) for trial in event.closed]


def drive(
    controller: Controller, space: SearchSpace[Any], trainer: Trainer, evaluations: int, **settings: Any
) -> list[Result]:
    """Run a search of so many evaluations; return the results. Settings: see `follow`."""
    return follow(controller, space, trainer, evaluations, **settings).results


def follow(
    controller: Controller,
    space: SearchSpace[Any],
    trainer: Trainer,
    evaluations: int,
    *,
    workers: int = 1,
    disorder: int | None = None,
    faults: Faults = lambda _: None,
    snapshots: bool = False,
    seed: int = 0,
) -> Course:
    """Run a search of so many evaluations and record its course.

    Args:
        controller: the controller, fresh or resumed.
        space: its space.
        trainer: measures the proposals, at once and in this process.
        evaluations: how many are asked for; failed and lost ones count.
        workers: how many evaluations are in flight at most.
        disorder: seed of the order in which workers finish; None: all in flight finish together, in order.
        faults: what goes wrong.
        snapshots: True to keep the controller's state after every event.
        seed: seed of the evaluations.
    """
    return _Driver(controller, space, trainer, evaluations, workers, disorder, faults, snapshots, seed).run()


@dataclass(slots=True)
class _Driver:
    controller: Controller
    space: SearchSpace[Any]
    trainer: Trainer
    evaluations: int
    workers: int
    disorder: int | None
    faults: Faults
    snapshots: bool
    seed: int
    course: Course = field(default_factory=Course)
    kept: dict[int, tuple[Any, Weights]] = field(default_factory=dict)
    """Candidate and weights of the evaluations that may still be inherited."""
    asked: int = 0
    told: int = 0

    def run(self) -> Course:
        order = None if self.disorder is None else np.random.default_rng(self.disorder)
        flying: list[Result] = []
        while True:
            flying += self._ask(min(self.workers - len(flying), self.evaluations - self.asked))
            flying = [result for result in flying if self.faults(result.id) != "lose"]
            if flying:
                flying = self._tell(flying, order)
            elif self.course.finished or self.asked >= self.evaluations:
                return self.course

    def _ask(self, n: int) -> list[Result]:
        """Ask until the free places are taken or the controller wants to see results first."""
        landed: list[Result] = []
        while n > len(landed):
            free, progress = n - len(landed), self.told / self.evaluations
            parents = frozenset(self.controller.parents())
            proposals = tuple(self.controller.ask(free, progress))
            self._keep(Asked(free, progress, proposals, parents))
            landed += [self._evaluate(proposal) for proposal in proposals]
            if not proposals:
                break
        self.course.finished = n > 0 and not landed
        return landed

    def _evaluate(self, proposal: Proposal) -> Result:
        number, self.asked = self.asked, self.asked + 1
        if self.faults(number) == "fail":
            return Result(number, proposal, error=Failure("raised", "A fault of this drive."))
        seed = int(np.random.SeedSequence([self.seed, proposal.trial, proposal.step]).generate_state(1)[0])
        job = Job(number, proposal, self._inherited(proposal), seed, watch=self.controller.watch(proposal))
        return measure(self.trainer, job, lambda step, metrics: None)

    def _inherited(self, proposal: Proposal) -> Weights | None:
        if proposal.parent is None:
            return None
        if proposal.parent not in self.kept:
            raise AssertionError(f"Evaluation {proposal.parent} is inherited, but was not among parents().")
        candidate, weights = self.kept[proposal.parent]
        space: Any = self.space
        inherited: Weights | None = space.inherit(proposal.candidate, candidate, weights)
        return inherited

    def _tell(self, flying: list[Result], order: np.random.Generator | None) -> list[Result]:
        """Tell all results, or some of them in disorder; return those still in flight."""
        told = list(range(len(flying)))
        if order is not None:
            told = order.permutation(len(flying))[: order.integers(1, len(flying) + 1)].tolist()
        results = tuple(flying[i] for i in told)
        for result in results:
            if result.outcome and result.outcome.weights is not None:
                self.kept[result.id] = (result.proposal.candidate, result.outcome.weights)
        self.told += len(results)
        self._keep(Told(results, tuple(self.controller.tell(results))))
        wanted = frozenset(self.controller.parents())
        self.kept = {number: kept for number, kept in self.kept.items() if number in wanted}
        return [result for i, result in enumerate(flying) if i not in told]

    def _keep(self, event: Asked | Told) -> None:
        self.course.events.append(event)
        if self.snapshots:
            self.course.snapshots.append(_copied(self.controller.state_dict()))


def replayed(controller: Controller, events: Sequence[Asked | Told]) -> list[Asked | Told]:
    """Put the same questions and the same results to another controller; return what it answers."""
    answers: list[Asked | Told] = []
    for event in events:
        if isinstance(event, Asked):
            parents = frozenset(controller.parents())
            proposals = tuple(controller.ask(event.n, event.progress))
            answers.append(Asked(event.n, event.progress, proposals, parents))
        else:
            answers.append(Told(event.results, tuple(controller.tell(event.results))))
    return answers


def _copied(state: Any) -> Any:
    """Copy a state, several times as fast as `copy.deepcopy`, which does what is not plain."""
    if type(state) is dict:
        return {key: _copied(value) for key, value in state.items()}
    if type(state) is list:
        return [value if type(value) in SINGLE else _copied(value) for value in state]
    return state if type(state) in SINGLE else copy.deepcopy(state)
