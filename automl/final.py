"""The record of a finalist that was trained in full, as the ledger tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.core.records import Failure, Json, Metrics
from automl.core.trainer import Start


@dataclass(frozen=True, slots=True)
class Final:
    """One full training of a finalist, and its test if it won.

    Attributes:
        trial: number of its trial.
        start: from which weights it was trained.
        metrics: what the training measured, and the test; empty where it failed.
        error: why there are none.
        candidate: its JSON.
        seconds: wall time of the training.
        cost: of the training, in the trainer's unit.
        tested: whether the test is complete; ledgers of earlier versions, which do not say, tested everything.
        parts: what the parts of the test came to (`InParts`): each `part`, and `metrics` and `extras`, or `error`.
    """

    trial: int
    start: Start
    metrics: Metrics
    error: Failure | None = None
    candidate: Json = None
    seconds: float = 0.0
    cost: float = 0.0
    tested: bool = True
    parts: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def load(cls, body: Mapping[str, Any]) -> Final:
        """Read what `History.finals` holds of it."""
        return cls(
            body["trial"],
            body["start"],
            body.get("metrics", {}),
            Failure(*body["error"]) if "error" in body else None,
            body.get("candidate"),
            body.get("seconds", 0.0),
            body.get("cost", 0.0),
            body.get("tested", "metrics" in body),
            tuple(sorted(body.get("parts", ()), key=lambda part: part["part"])),
        )

    def dump(self) -> dict[str, Any]:
        """Write it for `summary.json`: all but the parts of the test, which are for the report."""
        body = {"trial": self.trial, "start": self.start, "candidate": self.candidate, "seconds": self.seconds}
        if self.error is not None:
            return {**body, "error": [self.error.kind, self.error.message]}
        return {**body, "metrics": dict(self.metrics), "cost": self.cost, "tested": self.tested}
