"""Optuna's pruners, which end an evaluation that is behind others by its intermediate values.

A pruner reads a study. Here it reads one that is made for it, of what was known when the evaluation began: so its
decisions depend on nothing that happens meanwhile, and it can travel to another process.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import optuna
from optuna.trial import TrialState

from automl.controllers._private_study import quiet
from automl.controllers._samplers import parsed
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Metrics, Result

PRUNERS = {
    "hyperband": "HyperbandPruner",
    "median": "MedianPruner",
    "patient": "PatientPruner",
    "percentile": "PercentilePruner",
    "sha": "SuccessiveHalvingPruner",
    "threshold": "ThresholdPruner",
    "wilcoxon": "WilcoxonPruner",
}
_USUAL: Mapping[str, Mapping[str, Any]] = {
    "patient": {"wrapped_pruner": None, "patience": 3},
    "percentile": {"percentile": 25.0},
}
"""For settings that Optuna leaves to the user."""
_WRITERS = ("sha", "hyperband")
"""Pruners that compare what they themselves have written down about trials."""
Curve: TypeAlias = Sequence[tuple[int, Metrics]]
Points: TypeAlias = tuple[tuple[int, float], ...]
_NAME = "automl"
"""Of every study that a pruner reads: Hyperband draws a trial's bracket by the name of the study."""
_log = logging.getLogger("automl")


class Past(NamedTuple):
    """A trial that has ended, as a pruner sees it: its value if it was measured to the end, and what it reported."""

    number: int
    value: float | None
    points: Points
    notes: Mapping[str, Any]
    """What the pruner itself has written down about the trial."""


class Pruning:
    """What a pruner learns from, and the watches it keeps.

    Args:
        text: the pruner and its settings, such as `percentile percentile=25 n_warmup_steps=2`.
        objectives: the first goal is what evaluations are compared by.

    Raises:
        UsageError: if there is no such pruner, it takes no such settings, or there are several goals.
    """

    def __init__(self, text: str, objectives: Objectives) -> None:
        if len(objectives.goals) > 1:
            raise Incompatible("Pruners compare one value, and there are several objectives.", "Leave out pruner.")
        self.text = text
        self._goal = objectives.goals[0]
        self._past: list[Past] = []
        self._writes = any(name in text for name in _WRITERS)
        self._warned = False
        pruner_of(text)

    def watch(self, number: int) -> PrunerWatch:
        """Return who decides about a trial, by what is known now."""
        return PrunerWatch(self.text, self._goal.metric, self._goal.direction, number, tuple(self._past))

    def tell(self, result: Result) -> None:
        """Take up a result."""
        metric = self._goal.metric
        value = float(result.metrics[metric]) if metric in result.metrics else None
        failed = result.error is not None and result.error.kind != "stopped"
        points = () if failed else points_of(result.curve, metric)
        number = result.proposal.trial
        notes = self.watch(number).notes(points) if points and self._writes else {}
        self._past.append(Past(number, value, points, notes))
        if value is not None and not points and not self._warned and result.copied is None:
            self._warned = True
            _log.warning("The pruner has nothing to judge by: %s is not reported while an evaluation goes on.", metric)

    def course(self, result: Result) -> Points:
        """Return the score of a trial that was stopped, by step; nothing of any other."""
        if result.error is None or result.error.kind != "stopped":
            return ()
        points = points_of(result.curve, self._goal.metric)
        return tuple((step, self._goal.score({self._goal.metric: value})) for step, value in points)

    def dump(self) -> list[Any]:
        """Return everything as JSON."""
        return [[past.number, past.value, [list(p) for p in past.points], dict(past.notes)] for past in self._past]

    def load(self, state: Sequence[Any]) -> None:
        """Take up a state of `dump`."""
        self._past = [
            Past(number, value, tuple((int(step), at) for step, at in points), notes)
            for number, value, points, notes in state
        ]


class PrunerWatch:
    """Decides about one trial: plain data, from which the pruner's study is made when the first report arrives."""

    def __init__(self, text: str, metric: str, direction: str, number: int, past: tuple[Past, ...]) -> None:
        self._about = text, metric, direction, number, past
        self._study: Any = None
        self._trial: Any = None
        self._heard = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return PrunerWatch, self._about

    def __str__(self) -> str:
        return f"the pruner '{self._about[0]}'"

    def __call__(self, curve: Curve) -> bool:
        news, self._heard = curve[self._heard :], len(curve)
        verdicts = [self._hear(step, value) for step, value in points_of(news, self._about[1])]
        return any(verdicts)

    def notes(self, points: Points) -> dict[str, Any]:
        """Return what the pruner writes down about a trial with these reports."""
        for step, value in points:
            self._hear(step, value)
        return dict(self._study.get_trials(deepcopy=False)[-1].system_attrs)

    def _hear(self, step: int, value: float) -> bool:
        with quiet():
            if self._study is None:
                self._begin()
            if step not in self._study.get_trials(deepcopy=False)[-1].intermediate_values:
                self._trial.report(value, step)
            return bool(self._trial.should_prune())

    def _begin(self) -> None:
        """Make the study: trials that are still on their way, and of which nothing is known, keep their numbers."""
        text, _, direction, number, past = self._about
        known = {trial.number: trial for trial in past}
        self._study = optuna.create_study(study_name=_NAME, direction=f"{direction}imize", pruner=pruner_of(text))
        for place in range(number):
            self._study.add_trial(_frozen(known.get(place)))
        self._trial = self._study.ask()


def points_of(curve: Curve, metric: str) -> Points:
    """Return the finite values of a metric by step."""
    return tuple((step, float(m[metric])) for step, m in curve if math.isfinite(m.get(metric, math.nan)))


def _frozen(past: Past | None) -> Any:
    if past is None or (past.value is None and not past.points):
        return optuna.trial.create_trial(state=TrialState.FAIL)
    state = TrialState.PRUNED if past.value is None else TrialState.COMPLETE
    value = past.points[-1][1] if past.value is None else past.value
    return optuna.trial.create_trial(
        state=state, value=value, intermediate_values=dict(past.points), system_attrs=dict(past.notes)
    )


def pruner_of(text: str) -> Any:
    """Return a pruner by its name and settings.

    Raises:
        UnknownName: if there is none of that name.
        UsageError: if it does not take these settings.
    """
    name, settings = parsed(text, "pruner")
    if name not in PRUNERS:
        hint = "Its settings follow its name: --set 'pruner=median n_warmup_steps=2'."
        raise UnknownName("pruner", name, PRUNERS, hint)
    settings = {**_USUAL.get(name, {}), **settings}
    if settings.get("wrapped_pruner") is not None:
        settings["wrapped_pruner"] = pruner_of(settings["wrapped_pruner"])
    try:
        with quiet():
            return getattr(optuna.pruners, PRUNERS[name])(**settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The pruner '{text}' cannot be made: {error}") from error
