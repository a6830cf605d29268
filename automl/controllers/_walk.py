"""One annealing walk: where it stands, how far it has come, where it goes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automl.controllers._merit import Merit


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands, or may come back to.

    Attributes:
        candidate: what stands there.
        evaluation: the evaluation measured there.
        merit: how good it is there.
    """

    candidate: Any
    evaluation: int
    merit: Merit

    def dump(self, space: Any) -> list[Any]:
        """Return the place as JSON."""
        return [space.dump(self.candidate), self.evaluation, list(self.merit.score), self.merit.violation]

    @classmethod
    def load(cls, space: Any, state: list[Any]) -> Place:
        """Read a place back from `dump`."""
        candidate, evaluation, score, violation = state
        return cls(space.load(candidate), evaluation, Merit(tuple(score), violation))


@dataclass(slots=True)
class Walk:
    """A trial in the making.

    Attributes:
        begun: share of the study's budget that was used when it started.
        following: the candidate to propose next; None when the walk is over.
        step: evaluations proposed so far.
        temperature: the temperature of the proposal in flight.
        chance: the number in [0, 1) that decides whether that proposal is followed although it is worse.
        pending: whether a proposal is in flight.
        standing: where it stands; None before the first evaluation has succeeded.
        tried: keys of the neighbours proposed from there.
        followed: how many proposals were followed.
        base: the best floor found, from where it leaps; None while it anneals.
        leapt: the step of the latest leap.
        fruitless: leaps in a row that led nowhere better.
    """

    begun: float
    following: Any
    step: int = 0
    temperature: float = 0.0
    chance: float = 0.0
    pending: bool = False
    standing: Place | None = None
    tried: list[str] = field(default_factory=list)
    followed: int = 0
    base: Place | None = None
    leapt: int = 0
    fruitless: int = 0

    @property
    def places(self) -> list[Place]:
        """Where it may go on from."""
        return [place for place in (self.standing, self.base) if place is not None]

    @property
    def leaping(self) -> bool:
        """Whether the latest proposal is a leap."""
        return self.base is not None and self.step == self.leapt

    def stand(self, place: Place) -> None:
        """Follow a proposal: everything around is untried again."""
        self.standing = place
        self.tried = []
        self.followed += 1

    def return_to_base(self) -> None:
        """Stand where the next leap starts."""
        self.standing, self.tried = self.base, []

    def dump(self, space: Any) -> dict[str, Any]:
        """Return the walk as JSON."""
        return {
            "begun": self.begun,
            "following": None if self.following is None else space.dump(self.following),
            "step": self.step,
            "temperature": self.temperature,
            "chance": self.chance,
            "pending": self.pending,
            "standing": None if self.standing is None else self.standing.dump(space),
            "tried": list(self.tried),
            "followed": self.followed,
            "base": None if self.base is None else self.base.dump(space),
            "leapt": self.leapt,
            "fruitless": self.fruitless,
        }

    @classmethod
    def load(cls, space: Any, state: Mapping[str, Any]) -> Walk:
        """Read a walk back from `dump`."""
        plain = dict(state)
        plain["following"] = None if state["following"] is None else space.load(state["following"])
        for name in ("standing", "base"):
            plain[name] = None if state[name] is None else Place.load(space, state[name])
        plain["tried"] = list(state["tried"])
        return cls(**plain)
