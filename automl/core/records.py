"""The records that travel through a study, frozen, and refusing nonsense.

    Proposal --(runner, trainer)--> Outcome | Failure  =  Result  --(controller closes)--> Trial

A proposal asks for one *evaluation*: one measurement of one candidate. A *trial* is a path of evaluations: one point
for Bayesian search, a ladder of efforts for multi-fidelity, one episode of gates for circuits, one annealing walk of
thousands. It is judged by its best evaluation among those of its highest effort; where that was repeated with other
seeds, by the mean over the repetitions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.choices import Choice

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
Weights: TypeAlias = Mapping[str, npt.NDArray[Any]]
Metrics: TypeAlias = Mapping[str, float]
FailureKind: TypeAlias = Literal["raised", "not_finite", "timeout", "died", "out_of_memory", "invalid", "stopped"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a controller wants measured.

    Attributes:
        trial: number of the trial this evaluation belongs to, counted from 0.
        step: place of the evaluation in its trial, counted from 0.
        candidate: a frozen description that the space can dump; never a tensor.
        effort: how much training; 1 is the trainer's normal measurement, 0.5 half of it.
        parent: id of the evaluation whose weights to inherit; None starts afresh.
        choices: the trace of the program that built the candidate.
        repeats: id of the first evaluation of this trial that measured the same candidate with the same effort, if
            this one repeats it with another seed; the seed depends on (study, trial, step) and needs no mention.
        tentative: True for a measurement that only says whether the trial is worth going on with. A trial with nothing
            else to show was stopped early, and ranks behind all that were not.
    """

    trial: int
    step: int
    candidate: Any
    effort: float = 1.0
    parent: int | None = None
    choices: Mapping[str, Choice] = field(default_factory=dict)
    repeats: int | None = None
    tentative: bool = False

    def __post_init__(self) -> None:
        if self.trial < 0 or self.step < 0:
            raise ValueError(f"trials and steps count from 0, got trial {self.trial}, step {self.step}")
        if not (self.effort > 0 and math.isfinite(self.effort)):
            raise ValueError(f"effort must be positive and finite, got {self.effort}")
        if self.repeats is not None and self.step == 0:
            raise ValueError("the first evaluation of a trial repeats nothing")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trainer measured.

    Attributes:
        metrics: named numbers; the objectives are among them.
        weights: arrays that a later evaluation may inherit, or None.
        extras: anything else worth keeping, as JSON (relaxed architecture weights, a Pareto front).
        cost: what the evaluation consumed, in the trainer's own unit (training MACs for `cnn`), 0 if not counted.
    """

    metrics: Metrics
    weights: Weights | None = None
    extras: Mapping[str, Json] = field(default_factory=dict)
    cost: float = 0.0

    def __post_init__(self) -> None:
        for name, value in self.metrics.items():
            if type(value) is not float and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
                raise TypeError(f"metric '{name}' must be a number, got {value!r}")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an evaluation has no outcome. What was `stopped` has failed at nothing: a watch saw that it led nowhere."""

    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """One finished evaluation: an outcome, or the failure in its place.

    Attributes:
        id: number of the evaluation in its study, in the order of asking.
        proposal: what was asked.
        outcome: what was measured, or None.
        error: why nothing was measured, or None.
        seconds: wall time of the evaluation.
        curve: intermediate metrics as (step, metrics) pairs, in the order they were reported.
        copied: id of the identical evaluation this result was copied from, or None if it was measured.
    """

    id: int
    proposal: Proposal
    outcome: Outcome | None = None
    error: Failure | None = None
    seconds: float = 0.0
    curve: tuple[tuple[int, Metrics], ...] = ()
    copied: int | None = None

    def __post_init__(self) -> None:
        if (self.outcome is None) == (self.error is None):
            raise ValueError("a result has either an outcome or an error, exactly one of the two")

    @property
    def metrics(self) -> Metrics:
        """The measured metrics; empty where the evaluation failed."""
        return self.outcome.metrics if self.outcome else {}

    @property
    def measurement(self) -> int:
        """The evaluation whose measurement this is a part of: the one it repeats, or itself."""
        return self.id if self.proposal.repeats is None else self.proposal.repeats


def mean_metrics(results: Sequence[Result]) -> Metrics:
    """Return the mean of the metrics over results; of those that not all of them have, nothing."""
    if len(results) == 1:
        return results[0].metrics
    shared = [name for name in results[0].metrics if all(name in r.metrics for r in results)] if results else []
    return {name: sum(float(r.metrics[name]) for r in results) / len(results) for name in shared}


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial: the path of its results, as trackers and reports see it.

    Attributes:
        number: the trial's number.
        results: its evaluations, in order of their steps.
        place: where in `results` the evaluation stands that it is judged by (`Objectives.merit`); None if all failed.
            Of an evaluation and its repetitions it is the one that arrived last.
        candidate: JSON of the candidate of `judged` (of the last result where all failed).
        started: Unix time of the first ask.
        finished: Unix time of the last tell.
        open: True while the controller has not closed it; it stays so where the budget cut it short.
        others: where the others stand that measured the same as `judged` with other seeds, and succeeded.
    """

    number: int
    results: tuple[Result, ...]
    place: int | None
    candidate: Json
    started: float
    finished: float
    open: bool = False
    others: tuple[int, ...] = ()

    @property
    def judged(self) -> Result | None:
        """The evaluation the trial is judged by: the best of its highest effort."""
        return None if self.place is None else self.results[self.place]

    @property
    def repetitions(self) -> tuple[Result, ...]:
        """The evaluations whose mean the trial is judged by: `judged`, and those like it; empty if all failed."""
        if self.place is None:
            return ()
        return tuple(self.results[place] for place in (self.place, *self.others))

    @property
    def metrics(self) -> Metrics:
        """The metrics the trial is judged by, means over `repetitions`; empty where every evaluation failed."""
        return mean_metrics(self.repetitions)

    @property
    def tentative(self) -> bool:
        """Whether its controller gave it up early: everything it is judged by was `Proposal.tentative`."""
        return self.place is not None and all(result.proposal.tentative for result in self.repetitions)

    @property
    def stopped(self) -> bool:
        """Whether it has nothing to show because a watch ended it (`Controller.watch`)."""
        last = self.results[-1].error if self.place is None else None
        return last is not None and last.kind == "stopped"

    @property
    def stopped_early(self) -> bool:
        """Whether it was not measured to its end: by its controller (`tentative`) or by a watch (`stopped`)."""
        return self.tentative or self.stopped

    def course(self, metric: str) -> list[tuple[float, float]]:
        """Return a metric over the evaluations of the trial, one after the other, as (step, value) pairs.

        An evaluation that reported nothing is one point, unless it is the only one: its value says it already.
        """
        points: list[tuple[float, float]] = []
        offset = 0.0
        for result in self.results:
            curve = [(offset + step, float(m[metric])) for step, m in result.curve if metric in m]
            if not curve and len(self.results) > 1 and metric in result.metrics:
                curve = [(offset + 1, float(result.metrics[metric]))]
            points += curve
            offset += max((step for step, _ in result.curve), default=0) or len(curve)
        return points

    @property
    def choices(self) -> Mapping[str, Choice]:
        """The choices of all its steps; of a repeated name the latest."""
        merged: dict[str, Choice] = {}
        for result in self.results:
            merged.update(result.proposal.choices)
        return merged
