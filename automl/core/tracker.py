"""The contract of a tracker: it shows a study somewhere else. It is never the truth and never fatal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.core.objectives import Objective, Objectives
from automl.core.records import Json, Metrics, Result, Trial

MOST_POINTS = 200
"""Points of one metric that are shown of a trial, however long its path is."""


@dataclass(frozen=True, slots=True)
class StudyInfo:
    """What a tracker knows about the study it shows.

    Attributes:
        name: name of the run, also of the Optuna study and the MLflow run.
        space, controller, trainer: names of the plug-ins.
        objectives: what is searched for.
        seed: seed of the study.
        directory: the run directory.
        settings: every setting, resolved, as JSON.
        total: trials or evaluations in the budget, None if it is bounded by something else.
        identity: unlike the name unique to this study, so that a tracker recognises it when it is resumed.
    """

    name: str
    space: str
    controller: str
    trainer: str
    objectives: Objectives
    seed: int
    directory: Path
    settings: Mapping[str, Json]
    total: int | None
    identity: str


class Tracker:
    """Projects a study to where people look: a terminal, Optuna, MLflow. Override what you need.

    Calls come from the thread of the study, in the order of the ledger; each must return at once (hand slow work to a
    thread of your own). The study catches what a tracker raises, says so once and goes on. After a resume, `opened` is
    called again and `closed` comes again for trials that were closed before: write so that repeating changes nothing.
    """

    def opened(self, study: StudyInfo) -> None:
        """The study starts or resumes."""

    def progress(self, trial: int, step: int, metrics: Metrics) -> None:
        """An evaluation in flight reported."""

    def measured(self, result: Result) -> None:
        """An evaluation ended; its trial may stay open. Called thousands of times a second: count, and return."""

    def closed(self, trial: Trial) -> None:
        """A trial ended. One that is `open` was cut short by the budget; it comes again if it is closed later."""

    def diagnosed(self, evaluations: int, numbers: Mapping[str, float]) -> None:
        """The controller's diagnostics after so many evaluations."""

    def finished(self, summary: Mapping[str, Any]) -> None:
        """The study ended, with what `summary.json` will hold."""

    def best_model(self, model: Any, example: Any) -> None:
        """The best candidate, trained in full, as a plain object, with an example of its input."""

    def pictured(self, svg: str) -> None:
        """The best candidate, trained in full, as an SVG image."""

    def drawn(self, archive: Any, sections: Sequence[Any]) -> None:
        """Everything about a study that has ended, and the sections of its report, with their figures.

        The last call before `close`; this one may take a second.

        Args:
            archive: the study, read-only (`automl.archive.Archive`).
            sections: what the report shows (`automl.report.section.Section`).
        """

    def close(self) -> None:
        """Free everything; called once, also after an error or an interruption."""


def thinned(points: Sequence[tuple[float, float]], goal: Objective | None = None) -> list[tuple[float, float]]:
    """Return at most `MOST_POINTS` (step, value) pairs: the first, the last, the best by `goal`, and an even part."""
    many = len(points)
    if many <= MOST_POINTS:
        return list(points)
    kept = {i * (many - 1) // (MOST_POINTS - 2) for i in range(MOST_POINTS - 1)}
    if goal is not None:
        finite = [i for i in range(many) if math.isfinite(points[i][1])]
        kept |= {max(finite, key=lambda i: goal.score({goal.metric: points[i][1]}))} if finite else set()
    return [points[i] for i in sorted(kept)]
