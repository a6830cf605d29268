"""Population based training: hyperparameters that change while the weights are trained.

Jaderberg, Dalibard, Osindero, Czarnecki, Donahue, Razavi, Vinyals, Green, Dunning, Simonyan, Fernando and Kavukcuoglu:
Population Based Training of Neural Networks. 2017.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from automl.controllers._defaults import defaults_of
from automl.controllers._draws import draws
from automl.controllers._merit import merit
from automl.controllers._pbt.explore import explored
from automl.controllers._pbt.population import Member, Peers, Trained
from automl.core.choices import at_random, given, run
from automl.core.controller import Controller
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, SearchSpace


class Pbt(Controller):
    """Trains a population side by side; the worst go on from the best, with their choices changed a little.

    Each member is a trial. It is trained step by step, each an `interval` of the effort from the weights of the one
    before, and judged at its end. After a step, a member among the worst quarter of those that have done as many goes
    on from one of the best quarter (exploit): it takes its weights and its choices, and the choices are perturbed
    (explore): numbers times 0.8 or 1.25, numbers among options to a neighbour, either drawn anew with probability
    `resample`; within what the space allows. So a trial is a path along which hyperparameters are a schedule. A member
    whose step fails goes on from one of the best as well. When all members of a population are at their end or in
    flight, the next population begins.

    The space must be `Inheritable`, and a changed candidate must be able to use the weights: hyperparameters of a
    training can, most changes of an architecture can in part. Named alternatives are left alone, unless `names` is set.

    Deviations from the paper: members are compared at equal steps, so nobody is copied that was trained for longer;
    the slowest go first, and nobody waits; a member is not replaced by one that is only as good, as all are where early
    values do not tell them apart.

    Settings:
        population: members that train side by side.
        interval: effort of one step, as a share of the whole training.
        share: of the population that is replaced, and that is copied from.
        resample: probability that a choice is drawn anew instead of perturbed.
        names: whether alternatives with names change, too.
    """

    requires = (Inheritable,)

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        population: int = 8,
        interval: float = 0.125,
        share: float = 0.25,
        resample: float = 0.25,
        names: bool = False,
    ) -> None:
        super().__init__(space, objectives, seed)
        if not 0 < interval <= 0.5:
            raise UsageError(
                f"interval must be above 0 and up to a half, got {interval}.", "A training of one step cannot learn."
            )
        if not 0 < share <= 0.5:
            raise UsageError(f"share must be above 0 and up to a half, got {share}.")
        if population * share < 1:
            raise UsageError(
                f"A share of {share:g} of {population} members is nobody.", f"Set population to {int(-(-1 // share))}."
            )
        if not 0 <= resample <= 1:
            raise UsageError(f"resample must be a probability, got {resample}.")
        self.population, self.interval, self.share = population, interval, share
        self.resample, self.names = resample, names
        self.steps = max(2, round(1.0 / interval))
        self._next = 0
        self._members: dict[int, Member] = {}
        self._peers: dict[int, Peers] = {}
        """By population, that is by trial number divided by the size of a population."""
        self._exploited = 0

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return [self._propose() for _ in range(n)]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        closed = [result.proposal.trial for result in results if self._ends(result)]
        for trial in closed:
            del self._members[trial]
        self._forget()
        return closed

    def parents(self) -> Collection[int]:
        own = {member.last.evaluation for member in self._members.values() if member.last}
        others = (t for peers in self._peers.values() for there in peers.steps.values() for t in there)
        return own | {trained.evaluation for trained in others}

    def diagnostics(self) -> Mapping[str, float]:
        return {"exploited": float(self._exploited)}

    def state_dict(self) -> dict[str, Any]:
        peers = [
            [population, step, [trained.dump(self.space) for trained in there]]
            for population, known in self._peers.items()
            for step, there in known.steps.items()
        ]
        members = [member.dump(self.space) for member in self._members.values()]
        return {"next": self._next, "members": members, "peers": peers, "exploited": self._exploited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next, self._exploited = state["next"], state["exploited"]
        members = [Member.load(self.space, member) for member in state["members"]]
        self._members = {member.trial: member for member in members}
        self._peers = {}
        for population, step, there in state["peers"]:
            known = self._peers.setdefault(population, Peers())
            known.steps[step] = [Trained.load(self.space, trained) for trained in there]

    def _propose(self) -> Proposal:
        """Return the next step of the oldest population, whoever is furthest behind; a new member if all are busy."""
        ready = [m for m in self._members.values() if not m.busy]
        first = min(ready, key=lambda m: (m.trial // self.population, m.step, m.trial), default=None)
        incomplete = self._next % self.population > 0
        if first is None or (incomplete and first.trial // self.population == self._next // self.population):
            return self._begun()
        return self._continued(first)

    def _begun(self) -> Proposal:
        trial, self._next = self._next, self._next + 1
        chance, defaults = at_random(draws(self.seed, trial, 0)), defaults_of(self.space)
        answer = given(defaults[trial], chance) if trial < len(defaults) else chance
        candidate, trace = run(self.space.build, answer)
        self._members[trial] = Member(trial, candidate, trace)
        return Proposal(trial, 0, candidate, effort=self.interval, choices=trace, tentative=True)

    def _continued(self, member: Member) -> Proposal:
        """Return a member's next step: on its own way, or from one of the best."""
        rng = draws(self.seed, member.trial, member.step + 1)
        model = self._model(member, rng)
        origin = model or member.last
        assert origin is not None  # `_ends` closes a trial that has nothing to go on from
        trace = dict(member.genome)
        if model is not None:
            self._exploited += 1
            answer = explored(model.genome, self.resample, rng, names=self.names)
            member.candidate, trace = run(self.space.build, answer)
            member.genome = trace
        member.step, member.busy, member.failed = member.step + 1, True, False
        return Proposal(
            member.trial,
            member.step,
            member.candidate,
            effort=self.interval,
            parent=origin.evaluation,
            choices=trace if model else {},
            tentative=member.step + 1 < self.steps,
        )

    def _model(self, member: Member, rng: np.random.Generator) -> Trained | None:
        """Return whom a member copies; None if it goes on by itself."""
        peers = self._peers_of(member)
        best = peers.best(member.step, self.share)
        if member.failed:
            best = best or peers.best(member.step, 1.0)
        elif member.last and not peers.is_among_the_worst(member.step, member.last.evaluation, self.share):
            return None
        elif member.last:
            best = [model for model in best if model.merit != member.last.merit]  # of equals each goes its own way
        return best[int(rng.integers(len(best)))] if best else None

    def _peers_of(self, member: Member) -> Peers:
        return self._peers.setdefault(member.trial // self.population, Peers())

    def _ends(self, result: Result) -> bool:
        """Take up the end of a step; say whether it is the end of its trial."""
        member = self._members[result.proposal.trial]
        peers = self._peers_of(member)
        member.busy, member.failed = False, result.outcome is None
        if result.outcome:
            rated = merit(self.objectives, result.metrics)
            member.last = Trained(result.id, member.candidate, member.genome, rated)
            peers.add(member.step, member.last)
        lost = member.failed and member.last is None and not peers.steps.get(member.step)
        return lost or member.step + 1 >= self.steps

    def _forget(self) -> None:
        """Forget what no member can be compared with any more."""
        for population, peers in list(self._peers.items()):
            own = [m.step for m in self._members.values() if m.trial // self.population == population]
            if self._next // self.population == population and self._next % self.population:
                own.append(0)  # some of its members have not begun
            if own:
                peers.forget(min(own))
            else:
                del self._peers[population]
