"""The summary of a search: what `summary.json` holds and what `automl.search` returns."""

from __future__ import annotations

import logging
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.archive import Archive
from automl.core.errors import AutomlError
from automl.core.records import Json, Metrics, Result, Trial
from automl.core.space import SearchSpace
from automl.core.trainer import Remarking
from automl.reading import BASELINES

if TYPE_CHECKING:
    from automl.tracking.registration import Registered

_log = logging.getLogger("automl")
_MOST_FAILURES, _LONGEST = 3, 300


def summarise(archive: Archive, space: SearchSpace[Any], trainer: Any = None) -> dict[str, Any]:
    """Put together the summary of a study and of its baselines, as JSON.

    `stopped_by` is a bound of the budget, `controller` (it had nothing more to propose), `repetition` (it proposed only
    what was measured before), or `interruption`.

    Args:
        archive: the study.
        space: its space, which describes the candidates.
        trainer: its trainer, if there is one at hand, for what it has to remark.
    """
    spent, info = archive.spent, archive.info
    best = archive.best
    return {
        "space": info.space,
        "controller": info.controller,
        "trainer": info.trainer,
        "seed": info.seed,
        "objectives": [str(part) for part in (*info.objectives.goals, *info.objectives.limits)],
        "trials": spent.trials,
        "evaluations": spent.evaluations,
        "failed": len(archive.failed),
        "failures": failures(archive),
        "seconds": round(spent.seconds, 3),
        "cost": spent.cost,
        "cost_unit": archive.header.get("cost_unit", ""),
        "stopped_by": archive.header.get("ended_by") or "interruption",
        "best": best and _entry(best, space),
        "remarks": _remarks(archive, space, trainer),
        "oracle": {name: _seen(name, result) for name, result in archive.oracles.items()},
        "front": [_entry(trial, space) for trial in archive.front],
        "budgets": {budget: _at_budget(trials, archive, space) for budget, trials in archive.by_budget.items()},
        "trade_off_metrics": [goal.metric for goal in archive.trade_off],
        "trade_off": [_visited(result, archive, space) for result in archive.trade_off_front],
        "final": [final.dump() for final in archive.finals_of_best_first],
        "baselines": {name: summarise(other, space, trainer) for name, other in archive.baselines.items()},
    }


def failures(archive: Archive) -> list[dict[str, Any]]:
    """Return why evaluations failed: the most common messages, each with its kind and how many evaluations it ended.

    What a watch stopped has failed at nothing, and is left out.

    Args:
        archive: the study, finished or not.

    Returns:
        At most three of {"count", "kind", "message"}, the most common first; empty if no evaluation failed.
    """
    errors = (result.error for result in archive.results if result.error and result.error.kind != "stopped")
    said = Counter((error.kind, " ".join(error.message.split())) for error in errors)
    return [
        {"count": count, "kind": kind, "message": text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"}
        for (kind, text), count in said.most_common(_MOST_FAILURES)
    ]


def _entry(trial: Trial, space: SearchSpace[Any]) -> dict[str, Any]:
    """Return a trial as JSON.

    `open` says that the budget cut it short, or that it is still on its way; `tentative` that it was stopped early;
    `repetitions` over how many measurements with different seeds its metrics are means.
    """
    assert trial.judged is not None  # it is the best, or on the front
    entry = {**_described(trial.judged, trial.candidate, space), "metrics": dict(trial.metrics)}
    if len(trial.repetitions) > 1:
        entry["repetitions"] = len(trial.repetitions)
    said = {"open": trial.open, "tentative": trial.tentative}
    return entry | {name: True for name, holds in said.items() if holds}


def _at_budget(trials: Sequence[Trial], archive: Archive, space: SearchSpace[Any]) -> dict[str, Any]:
    """Return the best trial at a budget as JSON, the rule that proposed it, and what the other rules came to.

    `spread` is the deviation of the first objective over its repetitions, where they differ.
    """
    metric = archive.info.objectives.goals[0].metric
    others = {_rule(trial): float(trial.metrics[metric]) for trial in reversed(trials[1:])}
    values = [float(result.metrics[metric]) for result in trials[0].repetitions]
    spread = {"spread": statistics.stdev(values)} if len(set(values)) > 1 else {}
    return {**_entry(trials[0], space), **spread, "rule": _rule(trials[0]), "others": others}


def _rule(trial: Trial) -> str:
    chosen = trial.choices.get("rule")
    return str(chosen.value) if chosen is not None else ""


def _visited(result: Result, archive: Archive, space: SearchSpace[Any]) -> dict[str, Any]:
    """Return an evaluation as JSON, in the form of a trial."""
    return _described(result, archive.dump(result.proposal.candidate), space)


def _described(result: Result, candidate: Json, space: SearchSpace[Any]) -> dict[str, Any]:
    return {
        "trial": result.proposal.trial,
        "evaluation": result.id,
        "candidate": candidate,
        "text": space.describe(space.load(candidate)),
        "metrics": dict(result.metrics),
    }


def _seen(metric: str, result: Result) -> dict[str, Any]:
    return {"value": float(result.metrics[metric]), "trial": result.proposal.trial, "evaluation": result.id}


def _remarks(archive: Archive, space: SearchSpace[Any], trainer: Any) -> list[str]:
    """Return what the trainer has to say about the winner; one that raises costs the remarks, not the result."""
    best = archive.best
    if best is None or not isinstance(trainer, Remarking):
        return []
    try:
        return [str(said) for said in trainer.remarks(space.load(best.candidate), _all_of(best, archive))]
    except Exception as error:
        _log.warning("%s has no remarks on the best candidate: %r", type(trainer).__name__, error)
        return []


def _all_of(best: Trial, archive: Archive) -> Metrics:
    """Return what the search measured of a trial, and what only its full training did."""
    full = [final.metrics for final in archive.finals if final.trial == best.number and final.metrics]
    return {**(full[-1] if full else {}), **best.metrics}


@dataclass(frozen=True)
class Found:
    """One candidate that a search found.

    Attributes:
        trial: number of its trial.
        candidate: the candidate itself.
        text: the candidate in one short line.
        metrics: what it was measured by during the search.
        directory: the run directory.
    """

    trial: int
    candidate: Any
    text: str
    metrics: Metrics
    directory: Path

    def load(self) -> Any:
        """Return the trained model as a plain object: an `nn.Module`, a circuit, a configuration."""
        from automl.exports import load_model

        return load_model(self.directory, self.trial)

    def register(self, name: str, *, alias: str | None = None, mlflow: str | None = None) -> Registered:
        """Register the trained model with MLflow, as a new version to which the alias moves.

        Args:
            name: of the registered model.
            alias: what shall point to the new version; champion if not given.
            mlflow: the store; else `MLFLOW_TRACKING_URI`, else that of the search.

        Raises:
            UsageError: for a name that MLflow refuses, or a model that it cannot store.
            AutomlError: if the store does not answer or has no registry.
        """
        from automl.tracking.registration import register

        return register(self.directory, name, trial=self.trial, alias=alias, mlflow=mlflow)


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
        return {name: Summary(self.directory / BASELINES / name, other) for name, other in others.items()}

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
        return Found(entry["trial"], candidate, entry["text"], entry["metrics"], self.directory)
