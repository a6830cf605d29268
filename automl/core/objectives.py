"""What a search is for: objectives with a direction, and limits it must respect.

    "max:val_accuracy"      an objective
    "min:params"            another
    "params<=50000"         a limit: trials beyond it are neither best nor on the front

Inside the engine larger is always better: `score` flips what is minimised.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from automl.core.errors import UsageError
from automl.core.pareto import front_indices
from automl.core.records import Metrics, Result, Trial, mean_metrics

T = TypeVar("T")
Direction: TypeAlias = Literal["max", "min"]
Score: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Objective:
    """One metric and the direction in which it is better. `Objective("max:val_accuracy")` reads the text form."""

    metric: str
    direction: Direction

    def __init__(self, text: str) -> None:
        direction, _, metric = text.partition(":")
        if direction not in ("max", "min") or not re.fullmatch(r"[\w./-]+", metric):
            raise UsageError(
                f"'{text}' is not an objective.", "Write max:METRIC or min:METRIC, for example max:val_accuracy."
            )
        object.__setattr__(self, "metric", metric)
        object.__setattr__(self, "direction", direction)

    def __str__(self) -> str:
        return f"{self.direction}:{self.metric}"

    def score(self, metrics: Metrics) -> float:
        """Return the metric with its sign such that larger is better."""
        value = float(metrics[self.metric])
        return value if self.direction == "max" else -value


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a metric: `Limit("params<=50000")`."""

    metric: str
    sense: Literal["<=", ">="]
    bound: float

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"\s*([\w./-]+)\s*(<=|>=)\s*([-+\w.]+)\s*", text)
        try:
            bound = float(match.group(3)) if match else math.nan
        except ValueError:
            bound = math.nan
        if match is None or math.isnan(bound):
            raise UsageError(f"'{text}' is not a limit.", "Write METRIC<=NUMBER or METRIC>=NUMBER.")
        object.__setattr__(self, "metric", match.group(1))
        object.__setattr__(self, "sense", match.group(2))
        object.__setattr__(self, "bound", bound)

    def __str__(self) -> str:
        return f"{self.metric}{self.sense}{self.bound:g}"

    def holds(self, metrics: Metrics) -> bool:
        """Say whether the metrics respect the limit; a missing metric does not."""
        value = metrics.get(self.metric, math.nan)
        return value <= self.bound if self.sense == "<=" else value >= self.bound


@dataclass(frozen=True, slots=True)
class Objectives:
    """All objectives and limits of a study."""

    goals: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        names = [goal.metric for goal in self.goals]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"A study needs objectives on distinct metrics, got: {', '.join(names) or 'none'}.")

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Objectives:
        """Read `max:metric`, `min:metric`, `metric<=number` and `metric>=number`."""
        goals: list[Objective] = []
        limits: list[Limit] = []
        for text in texts:
            if "<=" in text or ">=" in text:
                limits.append(Limit(text))
            else:
                goals.append(Objective(text))
        return cls(tuple(goals), tuple(limits))

    def __str__(self) -> str:
        return ", ".join(map(str, (*self.goals, *self.limits)))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics that objectives and limits speak of."""
        named = [goal.metric for goal in self.goals] + [limit.metric for limit in self.limits]
        return tuple(dict.fromkeys(named))

    def score(self, metrics: Metrics) -> Score:
        """Return one number per objective, larger is better."""
        return tuple(goal.score(metrics) for goal in self.goals)

    def feasible(self, metrics: Metrics) -> bool:
        """Say whether every limit holds."""
        return not self.limits or all(limit.holds(metrics) for limit in self.limits)

    def merit(self, result: Result, *repetitions: Result) -> tuple[float, ...]:
        """Return what a trial's evaluations are compared by; the trial is judged by the one of the largest merit.

        Success, then not tentative, then effort, then the limits, then the first objective, then the step: a ladder of
        efforts is judged at its end, a path of equal efforts by the best on the way, of two equals the later counts.

        Args:
            result: an evaluation.
            repetitions: the others of the same that succeeded, as it did; then the means over all of them count.
        """
        proposal = result.proposal
        if result.outcome is None:
            return (0.0, 0.0, 0.0, 0.0, -math.inf, proposal.step)
        metrics = mean_metrics((result, *repetitions)) if repetitions else result.metrics
        tentative = proposal.tentative and all(other.proposal.tentative for other in repetitions)
        feasible = float(self.feasible(metrics))
        return (1.0, float(not tentative), proposal.effort, feasible, self.goals[0].score(metrics), proposal.step)

    def front(self, trials: Iterable[Trial]) -> list[Trial]:
        """Return the feasible trials that no other dominates, best first objective first.

        Those that were stopped early count only where all were.
        """
        rated = [trial for trial in trials if trial.judged and self.feasible(trial.metrics)]
        rated = [trial for trial in rated if not trial.tentative] or rated
        scores = [self.score(trial.metrics) for trial in rated]
        return [rated[i] for i in sorted(front_indices(scores), key=lambda i: (-scores[i][0], rated[i].number))]

    def rank(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials that succeeded, best first.

        Feasible before infeasible, what was measured to the end before what was stopped early, then by the first
        objective.
        """

        def place(trial: Trial) -> tuple[float, ...]:
            metrics = trial.metrics
            score = self.goals[0].score(metrics)
            return (not self.feasible(metrics), trial.tentative, -score, trial.number)

        return sorted((trial for trial in trials if trial.judged), key=place)
