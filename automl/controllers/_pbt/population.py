"""Populations that train side by side: who stands where, and what each came to step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.controllers._merit import Merit, best_first
from automl.controllers._proposals import dump_trace, load_trace
from automl.core.choices import Trace


@dataclass(frozen=True, slots=True)
class Trained:
    """What a member was at the end of a step, for others to go on from.

    Attributes:
        evaluation: whose weights these are.
        candidate, genome: what was trained, and the choices that built it.
        merit: how good it was.
    """

    evaluation: int
    candidate: Any
    genome: Trace
    merit: Merit

    def dump(self, space: Any) -> dict[str, Any]:
        """Write it as plain data."""
        return {
            "evaluation": self.evaluation,
            "candidate": space.dump(self.candidate),
            "genome": dump_trace(self.genome),
            "score": list(self.merit.score),
            "violation": self.merit.violation,
        }

    @classmethod
    def load(cls, space: Any, state: Mapping[str, Any]) -> Trained:
        """Read it back."""
        candidate, merit = space.load(state["candidate"]), Merit(tuple(state["score"]), state["violation"])
        return cls(state["evaluation"], candidate, load_trace(state["genome"]), merit)


@dataclass(slots=True)
class Member:
    """A trial that is not over.

    Attributes:
        trial: its number.
        candidate, genome: what is being trained.
        step: the step it is at, being measured or just measured.
        busy: whether it is being measured.
        failed: whether that step failed.
        last: the last step that succeeded.
    """

    trial: int
    candidate: Any
    genome: Trace
    step: int = 0
    busy: bool = True
    failed: bool = False
    last: Trained | None = None

    def dump(self, space: Any) -> dict[str, Any]:
        """Write it as plain data."""
        return {
            "trial": self.trial,
            "candidate": space.dump(self.candidate),
            "genome": dump_trace(self.genome),
            "step": self.step,
            "busy": self.busy,
            "failed": self.failed,
            "last": self.last and self.last.dump(space),
        }

    @classmethod
    def load(cls, space: Any, state: Mapping[str, Any]) -> Member:
        """Read it back."""
        candidate, genome = space.load(state["candidate"]), load_trace(state["genome"])
        last = state["last"] and Trained.load(space, state["last"])
        return cls(state["trial"], candidate, genome, state["step"], state["busy"], state["failed"], last)


class Peers:
    """What the members of one population came to at each step, in the order they got there."""

    def __init__(self) -> None:
        self.steps: dict[int, list[Trained]] = {}

    def add(self, step: int, trained: Trained) -> None:
        """Take up the end of a step."""
        self.steps.setdefault(step, []).append(trained)

    def forget(self, before: int) -> None:
        """Forget the steps that everybody has left behind."""
        self.steps = {step: there for step, there in self.steps.items() if step >= before}

    def best(self, step: int, share: float) -> Sequence[Trained]:
        """Return the best share of those that got to the end of a step, rounded down, the best first."""
        there = self.steps.get(step, [])
        order = best_first([trained.merit for trained in there])
        return [there[i] for i in order[: int(share * len(there))]]

    def is_among_the_worst(self, step: int, evaluation: int, share: float) -> bool:
        """Say whether an evaluation belongs to the worst share of its step, rounded down."""
        there = self.steps.get(step, [])
        order = best_first([trained.merit for trained in there])
        many = int(share * len(there))
        return evaluation in [there[i].evaluation for i in order[len(order) - many :]]
