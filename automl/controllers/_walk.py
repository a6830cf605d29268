"""One annealing walk: where it stands, how far it has come, where it goes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automl.controllers._merit import Merit


@dataclass(slots=True)
class Walk:
    """A trial in the making.

    Attributes:
        begun: share of the study's budget that was used when it started.
        following: the candidate to propose next; None when everything around has been tried.
        step: evaluations proposed so far.
        temperature: the temperature of the proposal in flight.
        chance: the number in [0, 1) that decides whether that proposal is followed although it is worse.
        pending: whether a proposal is in flight.
        standing: where it stands; None before the first evaluation has succeeded.
        evaluation: the evaluation measured there.
        merit: how good it is there.
        tried: keys of the neighbours proposed from there.
        followed: how many proposals were followed.
    """

    begun: float
    following: Any
    step: int = 0
    temperature: float = 0.0
    chance: float = 0.0
    pending: bool = False
    standing: Any = None
    evaluation: int | None = None
    merit: Merit | None = None
    tried: list[str] = field(default_factory=list)
    followed: int = 0

    def stand(self, candidate: Any, evaluation: int, merit: Merit) -> None:
        """Follow a proposal: everything around is untried again."""
        self.standing, self.evaluation, self.merit = candidate, evaluation, merit
        self.tried = []
        self.followed += 1

    def dump(self, space: Any) -> dict[str, Any]:
        """Return the walk as JSON."""
        return {
            "begun": self.begun,
            "following": None if self.following is None else space.dump(self.following),
            "step": self.step,
            "temperature": self.temperature,
            "chance": self.chance,
            "pending": self.pending,
            "standing": None if self.standing is None else space.dump(self.standing),
            "evaluation": self.evaluation,
            "merit": None if self.merit is None else [list(self.merit.score), self.merit.violation],
            "tried": list(self.tried),
            "followed": self.followed,
        }

    @classmethod
    def load(cls, space: Any, state: Mapping[str, Any]) -> Walk:
        """Read a walk back from `dump`."""
        plain = dict(state)
        for name in ("following", "standing"):
            plain[name] = None if state[name] is None else space.load(state[name])
        merit = state["merit"]
        plain["merit"] = None if merit is None else Merit(tuple(merit[0]), merit[1])
        plain["tried"] = list(state["tried"])
        return cls(**plain)
