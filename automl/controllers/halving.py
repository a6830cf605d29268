"""Successive halving, Hyperband and racing over seeds, around any controller."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from automl.controllers._halving.climb import Climb
from automl.controllers._halving.race import Race
from automl.controllers._halving.rungs import Rungs
from automl.controllers._merit import merit
from automl.controllers.bayesian import Bayesian
from automl.core.controller import Controller, MakeController
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, SearchSpace


class Halving(Controller):
    """Measures the proposals of another controller shortly first, and the good ones longer and with more seeds.

    A trial starts with a share of the effort. If it is among the best 1/`eta` that have come so far it goes on with
    `eta` times that, up to the whole effort (asynchronous successive halving, Li et al. 2020, in the form that decides
    when a trial arrives: nobody waits, so all workers are busy, and the first trial is always measured to the end).
    With several `brackets` some trials start higher, as in Hyperband: for measurements whose beginning says little
    about their end. Where the space is `Inheritable` a longer measurement continues the weights of the shorter one and
    costs the difference only; else it starts afresh.

    With several `seeds` what has come to the whole effort is raced: measured again with another seed, and again, until
    it has had them all, or is significantly worse than the best of those that had (a t test whose noise is estimated
    over all trials; see `_halving.race`). Seeds other than the first are measured afresh. The trial is judged by its
    mean, and so it is by the controller inside, which is told one result per trial: that of the highest effort. What
    did not get there, or not through its seeds, was stopped early and ranks behind all others.
    A race frees runs for more candidates, which pays where good ones are rare: among many that are about as good, three
    seeds for each of a few find the same.

    The controller inside must propose trials of one evaluation; a budget in trials counts them, stopped early or not.

    Settings:
        inner: the controller inside, and its settings behind its name: `inner=bayesian startup=5`.
        eta: how many trials begin an effort for one that goes on to the next.
        min_effort: the least effort, as a share of the whole; 1 measures everything to the end. Where early values say
            little, half the effort is short enough.
        brackets: how many; each begins one effort higher than the one before.
        seeds: with how many seeds the best are measured.
        level: of the test by which a trial gets no further seed: the chance to drop one that is as good as the best. At
            a half whoever is behind is dropped; 0 gives every trial all its seeds.
        continues: whether a longer measurement continues the weights of the shorter one, if the space is `Inheritable`.
    """

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        inner: MakeController = Bayesian,
        eta: int = 3,
        min_effort: float = 1 / 3,
        brackets: int = 1,
        seeds: int = 1,
        level: float = 0.3,
        continues: bool = True,
    ) -> None:
        super().__init__(space, objectives, seed)
        if seeds < 1:
            raise UsageError(f"seeds must be one or more, got {seeds}.")
        if not 0 <= level <= 0.5:
            raise UsageError(f"level must be a chance of at most a half, got {level}.", "Type --set level=0.3.")
        self.inner = inner(space, objectives, seed)
        _refuse_unfit(self.inner, space, objectives)
        self.seeds = seeds
        self.level = level
        self.continues = continues and isinstance(space, Inheritable)
        self._rungs = Rungs(eta, min_effort, brackets)
        self._race = Race(level)
        self._open: dict[int, Climb] = {}
        self._due: deque[int] = deque()
        """Trials that go on, in the order in which it was decided."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        proposals = [self._next(self._open[self._due.popleft()]) for _ in range(min(n, len(self._due)))]
        if len(proposals) < n:
            fresh = self.inner.ask(n - len(proposals), progress)
            proposals += [self._next(self._begun(proposal)) for proposal in fresh]
        return proposals

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        done = [self._open.pop(r.proposal.trial).result(r) for r in results if self._ends(r)]
        return self.inner.tell(done) if done else ()

    def parents(self) -> Collection[int]:
        if not isinstance(self.space, Inheritable):
            return ()
        own = {number for climb in self._open.values() for number in (climb.asked.parent, climb.evaluation)}
        return {*self.inner.parents(), *(number for number in own if number is not None)}

    def diagnostics(self) -> Mapping[str, float]:
        return {**self.inner.diagnostics(), "noise": self._race.noise}

    def state_dict(self) -> dict[str, Any]:
        return {
            "inner": self.inner.state_dict(),
            "rungs": self._rungs.state_dict(),
            "race": self._race.state_dict(),
            "open": [climb.dump(self.space) for climb in self._open.values()],
            "due": list(self._due),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.inner.load_state_dict(state["inner"])
        self._rungs.load_state_dict(state["rungs"])
        self._race.load_state_dict(state["race"])
        climbs = [Climb.load(self.space, climb) for climb in state["open"]]
        self._open = {climb.asked.trial: climb for climb in climbs}
        self._due = deque(state["due"])

    def _begun(self, proposal: Proposal) -> Climb:
        """Take up a proposal of the controller inside."""
        if proposal.step:
            raise Incompatible(
                f"Halving measures trials of one evaluation, and {type(self.inner).__name__} makes longer ones.",
                "Set inner to bayesian, evolution or random.",
            )
        bracket = self._rungs.begin()
        climb = self._open[proposal.trial] = Climb(proposal, bracket, bracket)
        return climb

    def _next(self, climb: Climb) -> Proposal:
        """Return the next evaluation of a trial: a rung, or another seed at the top."""
        efforts, rung = self._rungs.efforts, climb.rung
        last = rung == self._rungs.top and climb.attempts + 1 >= self.seeds
        if self.continues and climb.continued is not None:
            more = efforts[rung] - efforts[rung - 1]
            return climb.propose(more, parent=climb.continued, tentative=not last)
        return climb.propose(efforts[rung], parent=None, tentative=not last)

    def _ends(self, result: Result) -> bool:
        """Take up an evaluation; say whether its trial has ended, else put it down for more."""
        climb = self._open.get(result.proposal.trial)
        if climb is None:
            return False
        climb.hear(result)
        goes_on = False
        if climb.measured:
            at_top = climb.rung == self._rungs.top
            goes_on = self._races(climb, news=result.outcome is not None) if at_top else self._climbs(climb)
        if goes_on:
            self._due.append(result.proposal.trial)
        return not goes_on

    def _climbs(self, climb: Climb) -> bool:
        """Say whether a trial goes on with more effort."""
        goes_on = self._rungs.climbs(climb.bracket, climb.rung, merit(self.objectives, climb.mean))
        if goes_on:
            climb.climb()
        return goes_on

    def _races(self, climb: Climb, *, news: bool) -> bool:
        """Say whether a trial at the whole effort gets another seed; `news` says whether it has a new value."""
        if news:
            self._race.repeated([merit(self.objectives, metrics) for metrics in climb.measured])
        mean, seeds = merit(self.objectives, climb.mean), len(climb.measured)
        if climb.attempts >= self.seeds:
            self._race.finished(mean, seeds)
            return False
        return not (self.level > 0 and self._race.lost(mean, seeds))


def _refuse_unfit(inner: Controller, space: SearchSpace[Any], objectives: Objectives) -> None:
    """Refuse a controller inside that does not fit the space or the objectives."""
    name = type(inner).__name__
    lacking = [need.__name__ for need in inner.requires if not isinstance(space, need)]
    if lacking:
        raise Incompatible(f"{name} needs a space that is {' and '.join(lacking)}; {type(space).__name__} is not.")
    if len(objectives.goals) > 1 and not inner.many_objectives:
        raise Incompatible(
            f"{name} takes one objective, got {len(objectives.goals)}.", "Set inner to bayesian, evolution or random."
        )
