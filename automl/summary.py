"""The summary of a search: what `summary.json` holds and what `automl.search` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from automl.archive import Archive
from automl.core.errors import AutomlError
from automl.core.records import Json, Metrics, Trial
from automl.core.space import SearchSpace


def summarise(archive: Archive, space: SearchSpace[Any]) -> dict[str, Any]:
    """Put together the summary of a study and of its baselines, as JSON.

    `stopped_by` is a bound of the budget, `controller` (it had nothing more to propose), `repetition` (it proposed only
    what was measured before), or `interruption`.

    Args:
        archive: the study.
        space: its space, which describes the candidates.
    """
    spent, info = archive.spent, archive.info
    return {
        "space": info.space,
        "controller": info.controller,
        "trainer": info.trainer,
        "seed": info.seed,
        "objectives": [str(part) for part in (*info.objectives.goals, *info.objectives.limits)],
        "trials": spent.trials,
        "evaluations": spent.evaluations,
        "failed": len(archive.failed),
        "seconds": round(spent.seconds, 3),
        "cost": spent.cost,
        "cost_unit": archive.header.get("cost_unit", ""),
        "stopped_by": archive.header.get("ended_by") or "interruption",
        "best": _entry(archive.best, space),
        "front": [_entry(trial, space) for trial in archive.front],
        "final": archive.header.get("finals", []),
        "baselines": {name: summarise(other, space) for name, other in archive.baselines.items()},
    }


def _entry(trial: Trial | None, space: SearchSpace[Any]) -> dict[str, Any] | None:
    if trial is None or trial.judged is None:
        return None
    return {
        "trial": trial.number,
        "evaluation": trial.judged.id,
        "candidate": trial.candidate,
        "text": space.describe(space.load(trial.candidate)),
        "metrics": dict(trial.metrics),
    }


@dataclass(frozen=True)
class Found:
    """One candidate that a search found.

    Attributes:
        trial: number of its trial.
        candidate: the candidate itself.
        metrics: what it was measured by during the search.
        directory: the run directory.
    """

    trial: int
    candidate: Any
    metrics: Metrics
    directory: Path

    def load(self) -> Any:
        """Return the trained model as a plain object: an `nn.Module`, a circuit, a configuration."""
        from automl.exports import load_model

        return load_model(self.directory, self.trial)


@dataclass(frozen=True)
class Summary:
    """What a search found. `json` is what `summary.json` holds.

    Attributes:
        directory: the run directory.
        json: everything, as JSON.
    """

    directory: Path
    json: Mapping[str, Json]

    @cached_property
    def best(self) -> Found:
        """The best trial within the limits.

        Raises:
            AutomlError: if no trial succeeded within the limits.
        """
        found = self._found(self.json["best"])
        if found is None:
            raise AutomlError("No trial succeeded within the limits.", f"Type: automl show {self.directory}")
        return found

    @cached_property
    def front(self) -> list[Found]:
        """The trials that no other dominates."""
        entries: Any = self.json["front"]
        return [found for found in map(self._found, entries) if found]

    @property
    def baselines(self) -> Mapping[str, Summary]:
        """The searches that ran beside this one at equal budget."""
        others: Any = self.json["baselines"]
        return {name: Summary(self.directory / "baselines" / name, other) for name, other in others.items()}

    def __getattr__(self, name: str) -> Any:
        """Give `summary.trials`, `summary.seconds` and the like as attributes."""
        if name in self.__dict__.get("json", {}):
            return self.json[name]
        raise AttributeError(f"a summary has no '{name}'")

    def _found(self, entry: Any) -> Found | None:
        if entry is None:
            return None
        from automl.exports import load_candidate

        candidate = load_candidate(self.directory, entry["candidate"])
        return Found(entry["trial"], candidate, entry["metrics"], self.directory)
