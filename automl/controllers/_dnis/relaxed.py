"""What all controllers have in common that train a relaxed candidate and read ordinary ones from it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

from automl.controllers._dnis.budgets import parse_budgets
from automl.controllers._dnis.per_budget import SEEDS, PerBudget
from automl.controllers._dnis.relaxation import Relaxation, Segment
from automl.core.controller import Controller
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, Relaxable, SearchSpace

BUDGETS = ("1/4", "1/8", "1/16")
SEGMENTS = 30
SHARE = 0.6


class Relaxed(Controller):
    """Trial 0 is the relaxed run, a step per segment; then follows a trial per budget and rule, the best again."""

    requires: ClassVar[tuple[type, ...]] = (Relaxable, Inheritable)

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        rules: Sequence[str],
        budgets: Sequence[str | float],
        seeds: int,
        segments: int,
        share: float,
    ) -> None:
        """Take up the settings of a subclass, and `rules`: those to read the run by, the one of most stages first."""
        super().__init__(space, objectives, seed)
        if segments < 1:
            raise UsageError(
                f"A stage has one segment or more, got segments={segments}.",
                f"Type for example: --set segments={SEGMENTS}",
            )
        if not share > 0:
            raise UsageError(
                f"The relaxed run needs a share of the budget above 0, got {share}.",
                f"Type for example: --set relaxed_share={SHARE}",
            )
        for rule in rules:
            refuse_unknown(rule, self.space.rules)
        self.rules, self.budgets = tuple(rules), parse_budgets(budgets)
        self._place = {rule: len(self.space.relax(rule)) - 1 for rule in rules}
        """Which of the stages a rule reads."""
        self._run = Relaxation(self.space.relax(rules[0]), segments, share, set(self._place.values()))
        self._found = PerBudget(space, objectives, self.rules, self.budgets, seeds, number=1)
        self._places = 0
        """The most free places ever offered: when all of them are free, nothing is in flight."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        self._places = max(self._places, n)
        if self._run.pending and n == self._places:  # the segment will never arrive
            self._run.fail()
            self._read()
        proposals = self._found.propose(n)
        if len(proposals) < n and not (self._run.over or self._run.pending):
            proposals.append(self._run.propose(progress))
        return proposals

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        closed: list[int] = []
        for result in results:
            if result.proposal.trial:
                closed += self._found.tell(result)
            elif self._run.tell(result):
                self._read()
                closed += [0] if self._run.over else []
        return closed

    @abstractmethod
    def _read(self) -> None:
        """Read what there is to read after a segment."""

    def _add(self, rule: str, budget: str, segment: Segment) -> None:
        """Add what a rule reads from a segment for a budget."""
        stage = self._run.stages[self._place[rule]]
        make = partial(self.space.discretise, stage, segment.extras, rule=rule)
        self._found.add(rule, budget, make, parent=segment.id)

    def parents(self) -> Collection[int]:
        return self._run.parents() | self._found.parents()

    def state_dict(self) -> dict[str, Any]:
        return {"run": self._run.state_dict(), "found": self._found.state_dict(), "places": self._places}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._run.load_state_dict(state["run"])
        self._found.load_state_dict(state["found"])
        self._places = state["places"]

    def diagnostics(self) -> Mapping[str, float]:
        return {"segments": float(self._run.trained), **self._found.diagnostics()}


class ReadAtTheEnd(Relaxed):
    """A relaxed run that is read when it is over, by every rule for every budget.

    Attributes:
        spares: rules that are read only where the rule that they are mapped to was not.
    """

    spares: Mapping[str, str] = MappingProxyType({})

    def _read(self) -> None:
        for budget in self.budgets if self._run.over else ():
            for rule in sorted(self.rules, key=lambda each: each in self.spares):
                if self._found.has(self.spares.get(rule, ""), budget):
                    continue
                segment = self._run.latest.get(self._place[rule])
                if segment is None:
                    self._found.leave_out(rule, budget, "untrained")
                else:
                    self._add(rule, budget, segment)


class ReadByOneRule(ReadAtTheEnd):
    """One that reads by a single rule, named in `reads`, and has no settings but those of every relaxed run."""

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        budgets: tuple[str | float, ...] = BUDGETS,
        seeds: int = SEEDS,
        segments: int = SEGMENTS,
        relaxed_share: float = SHARE,
    ) -> None:
        super().__init__(
            space,
            objectives,
            seed,
            rules=self.reads,
            budgets=budgets,
            seeds=seeds,
            segments=segments,
            share=relaxed_share,
        )


def refuse_unknown(rule: str, known: Sequence[str]) -> None:
    """Refuse a rule that the space does not know.

    Raises:
        Incompatible: naming those it knows.
    """
    if rule not in known:
        raise Incompatible(
            f"The search space knows no rule '{rule}'; it knows {', '.join(known)}.",
            "Take another controller, or another search space.",
        )
