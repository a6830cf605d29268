"""A relaxed run: the stages of a `Relaxable` space, one after the other, each in segments that inherit.

    wide, wide, wide (settled), soft, soft (settled)       one trial, a step each

A segment is an ordinary evaluation, so a relaxed run can be paused, killed and resumed like anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from automl.core.records import Json, Proposal, Result


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that succeeded.

    Attributes:
        id: its evaluation.
        count: its place in its stage, counted from 1.
        extras: what it reported.
    """

    id: int
    count: int
    extras: Mapping[str, Json]


@dataclass(slots=True)
class Relaxation:
    """A relaxed run in the making.

    A stage ends when it reports `settled`, after `segments` segments, or when the study has used up the stage's part of
    `share`: with two stages and 0.6, the first may go on until 0.3 of the study's budget is used. A segment that failed
    is repeated once, from the same parent; if that fails, too, the run ends with what there is.

    Attributes:
        stages: what to train, in order.
        segments: most segments of a stage.
        share: share of the study's budget that the run may use.
        read: places of the stages whose last segment is read, and inherited from, when the run is over.
        stage: place of the stage in training; their number when the run is over.
        step: segments proposed.
        latest: the last segment of each stage that has one.
        pending: whether a segment is in flight.
        repeated: whether the segment to be proposed, or in flight, repeats one that failed.
        progress: share of the study's budget that was used when the last segment was proposed.
    """

    stages: Sequence[Any]
    segments: int
    share: float
    read: Collection[int]
    stage: int = 0
    step: int = 0
    latest: dict[int, Segment] = field(default_factory=dict)
    pending: bool = False
    repeated: bool = False
    progress: float = 0.0

    @property
    def over(self) -> bool:
        """Say whether the run has ended."""
        return self.stage >= len(self.stages)

    @property
    def trained(self) -> int:
        """Return how many segments succeeded."""
        return sum(segment.count for segment in self.latest.values())

    def propose(self, progress: float) -> Proposal:
        """Return the next segment, of trial 0."""
        self.step, self.pending, self.progress = self.step + 1, True, progress
        return Proposal(0, self.step - 1, self.stages[self.stage], parent=self._parent)

    def tell(self, result: Result) -> bool:
        """Take note of a result; False if nobody waits for it any more."""
        if not self.pending or result.proposal.step != self.step - 1:
            return False
        if result.outcome is None:
            self.fail()
            return True
        self.pending = self.repeated = False
        before = self.latest.get(self.stage)
        segment = Segment(result.id, before.count + 1 if before else 1, result.outcome.extras)
        self.latest[self.stage] = segment
        if segment.extras.get("settled") or segment.count >= self.segments or self.progress >= self._until:
            self.stage += 1
        return True

    def fail(self) -> None:
        """Take note that the segment in flight failed, or will never arrive."""
        if self.repeated:
            self.end()
        self.pending, self.repeated = False, True

    def end(self) -> None:
        """End the run with what there is."""
        self.stage = len(self.stages)

    def parents(self) -> set[int]:
        """Return the evaluations that the run, or whoever reads it, inherits from; none when it is over."""
        if self.over or self._parent is None:
            return set()
        return {segment.id for stage, segment in self.latest.items() if stage in self.read} | {self._parent}

    @property
    def _until(self) -> float:
        """Return the progress of the study at which the stage in training must end."""
        return self.share * (self.stage + 1) / len(self.stages)

    @property
    def _parent(self) -> int | None:
        return self.latest[max(self.latest)].id if self.latest else None

    def state_dict(self) -> dict[str, Any]:
        latest = {str(stage): asdict(segment) for stage, segment in self.latest.items()}
        flags = {"pending": self.pending, "repeated": self.repeated}
        return {"stage": self.stage, "step": self.step, "latest": latest, **flags, "progress": self.progress}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.stage, self.step, self.progress = state["stage"], state["step"], state["progress"]
        self.pending, self.repeated = state["pending"], state["repeated"]
        self.latest = {int(stage): Segment(**segment) for stage, segment in state["latest"].items()}
