"""A trial as MLflow writes it: parameters, metrics with steps and times, and which trials get a run. Imports MLflow."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlflow.entities import Metric, Param

from automl.core.objectives import Objectives, Score
from automl.core.records import Json, Trial
from automl.core.tracker import thinned

LONGEST_KEY, LONGEST_VALUE = 250, 6000  # mlflow.utils.validation


def key(name: str) -> str:
    """Return a name as MLflow accepts it: letters, digits, and `_ - . : / space`, a plain relative path."""
    plain = posixpath.normpath(re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)).lstrip("/.")
    return (plain or "_")[:LONGEST_KEY]


def params(values: Mapping[str, Any]) -> list[Param]:
    """Return nested settings or choices as flat parameters."""
    return [Param(key(name), str(value)[:LONGEST_VALUE]) for name, value in _flat(values)]


def _flat(values: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, Json]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def metrics(trial: Trial, objectives: Objectives) -> list[Metric]:
    """Return the course of a trial, evaluation after evaluation, and what it is judged by at the last step.

    Of each metric that was reported, and of the objectives, there are so many points that a page can draw them. Times
    are spread evenly over the trial and depend on nothing else: what is written twice is written once.
    """
    goals = {goal.metric: goal for goal in objectives.goals}
    reported = {name: None for result in trial.results for _, numbers in result.curve for name in numbers}
    courses = {name: thinned(trial.course(name), goals.get(name)) for name in [*reported, *goals]}
    points = sorted(((round(step), name, v) for name in courses for step, v in courses[name]), key=lambda p: p[0])
    offset = max((step for step, _, _ in points), default=0)
    if trial.repetitions != trial.results[-1:] and points:
        offset += 1  # MLflow shows the last value of a metric as that of the run
    points = [p for p in points if not (p[0] == offset and p[1] in trial.metrics)]  # the result says it
    span = trial.finished - trial.started
    series = [
        Metric(key(name), value, milliseconds(trial.started + span * i / (len(points) + 1)), step)
        for i, (step, name, value) in enumerate(points)
        if math.isfinite(value)
    ]
    end = milliseconds(trial.finished)
    return series + [Metric(key(name), float(value), end, offset) for name, value in trial.metrics.items()]


def milliseconds(seconds: float) -> int:
    """Return a Unix time as MLflow keeps it."""
    return round(1000 * seconds)


def chunks(points: list[Metric], parameters: list[Param]) -> Iterator[tuple[list[Metric], list[Param]]]:
    """Split what is to be logged into batches that MLflow accepts: 900 metrics and 100 parameters each."""
    for start in range(0, max(len(points), 9 * len(parameters), 1), 900):
        some = start // 900 * 100
        yield points[start : start + 900], parameters[some : some + 100]


class Merit:
    """Says of each closed trial, in their order, whether it is worth a run of its own."""

    def __init__(self, objectives: Objectives, children: int) -> None:
        self._objectives = objectives
        self._children = children
        self._front: list[Score] = []
        self.best: dict[str, float] = {}

    def admit(self, trial: Trial) -> bool:
        """Take up a trial; True for the first ones, for failures, and where it entered the front.

        With one objective, entering the front is an improvement. What was stopped early never enters it.
        """
        return any((trial.number < self._children, trial.judged is None, self._enters(trial)))

    def _enters(self, trial: Trial) -> bool:
        goals = self._objectives.goals
        if trial.tentative:
            return False
        if not all(goal.metric in trial.metrics for goal in goals) or not self._objectives.feasible(trial.metrics):
            return False
        for goal in goals:
            value = float(trial.metrics[goal.metric])
            choose = max if goal.direction == "max" else min
            self.best[goal.metric] = choose(value, self.best.get(goal.metric, value))
        score = self._objectives.score(trial.metrics)
        if any(_covers(other, score) for other in self._front):
            return False
        self._front = [other for other in self._front if not _covers(score, other)] + [score]
        return True


def _covers(a: Score, b: Score) -> bool:
    return all(x >= y for x, y in zip(a, b, strict=True))


def finals(summary: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    """Return the metrics of the models that were trained in full, best first per start: `final/kept/test_accuracy`."""
    seen = set()
    for entry in summary.get("final") or ():
        for name, value in ((entry or {}).get("metrics") or {}).items():
            place = f"final/{entry.get('start', 'kept')}/{name}"
            if place not in seen and isinstance(value, int | float) and math.isfinite(value):
                seen.add(place)
                yield place, float(value)
