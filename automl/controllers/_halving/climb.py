"""A trial on its way up the rungs and through the seeds: what is asked of it next, and what it has come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from automl.controllers._proposals import dump_proposal, load_proposal
from automl.core.records import Json, Metrics, Outcome, Proposal, Result, mean_metrics


@dataclass(slots=True)
class Climb:
    """A trial that another controller has proposed.

    Attributes:
        asked: that controller's own proposal.
        bracket: its bracket.
        rung: where it stands, or is being measured.
        steps: evaluations asked so far.
        evaluation: the last that succeeded.
        first: the first evaluation on this rung, successful or not; what is measured again repeats it.
        measured: metrics of this rung, one for each seed that succeeded.
        attempts: seeds that were tried on this rung.
        cost: of everything so far.
        extras: of the last success.
    """

    asked: Proposal
    bracket: int
    rung: int
    steps: int = 0
    evaluation: int | None = None
    first: int | None = None
    measured: list[dict[str, float]] = field(default_factory=list)
    attempts: int = 0
    cost: float = 0.0
    extras: Mapping[str, Json] = field(default_factory=dict)

    def propose(self, effort: float, *, parent: int | None, tentative: bool) -> Proposal:
        """Return the next evaluation.

        Args:
            effort: share of the effort that was asked.
            parent: the evaluation it continues; None starts as the trial did.
            tentative: whether it only says whether to go on.
        """
        self.steps += 1
        return replace(
            self.asked,
            step=self.steps - 1,
            effort=self.asked.effort * effort,
            parent=self.asked.parent if parent is None else parent,
            choices=self.asked.choices if self.steps == 1 else {},
            repeats=self.first,
            tentative=tentative,
        )

    def hear(self, result: Result) -> None:
        """Take up what was measured."""
        self.attempts += 1
        self.first = result.id if self.first is None else self.first
        if result.outcome is not None:
            self.evaluation = result.id
            self.measured.append({name: float(value) for name, value in result.metrics.items()})
            self.extras = result.outcome.extras
            self.cost += result.outcome.cost

    def climb(self) -> None:
        """Go to the next rung."""
        self.rung += 1
        self.first, self.measured, self.attempts = None, [], 0

    @property
    def continued(self) -> int | None:
        """The evaluation of the rung below, whose weights the next one may continue; None within a rung."""
        return self.evaluation if self.first is None else None

    @property
    def mean(self) -> Metrics:
        """The metrics of this rung, means over its seeds."""
        results = [Result(0, self.asked, Outcome(metrics)) for metrics in self.measured]
        return mean_metrics(results)

    def result(self, last: Result) -> Result:
        """Return the trial as one result for the controller that proposed it.

        Args:
            last: the evaluation that ended it; its failure is the trial's where no seed of this rung succeeded.
        """
        if not self.measured:
            return replace(last, proposal=self.asked)
        assert self.evaluation is not None  # something was measured
        outcome = Outcome(self.mean, extras=self.extras, cost=self.cost)
        return Result(self.evaluation, self.asked, outcome, seconds=last.seconds)

    def dump(self, space: Any) -> dict[str, Any]:
        """Write the trial as plain data."""
        kept = {name: getattr(self, name) for name in _PLAIN}
        return {**kept, "asked": dump_proposal(space, self.asked), "measured": [dict(m) for m in self.measured]}

    @classmethod
    def load(cls, space: Any, state: Mapping[str, Any]) -> Climb:
        """Read it back."""
        kept = {name: state[name] for name in _PLAIN}
        measured = [dict(metrics) for metrics in state["measured"]]
        return cls(asked=load_proposal(space, state["asked"]), measured=measured, **kept)


_PLAIN = ("bracket", "rung", "steps", "evaluation", "first", "attempts", "cost", "extras")
