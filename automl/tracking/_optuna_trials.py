"""A closed trial as Optuna sees it: parameters, values, attributes, intermediate values. Imports Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import FrozenTrial, TrialState

from automl.core.choices import Choice
from automl.core.domains import Domain, Integers, Options, Reals, Value, dump_domain
from automl.core.objectives import Limit, Objective, Objectives
from automl.core.records import Metrics, Trial
from automl.core.tracker import thinned

OWN = (
    "trial",
    "candidate",
    "parent",
    "effort",
    "evaluation",
    "evaluations",
    "open",
    "cost",
    "failure",
    "copied",
    "choices",
    "repetitions",
)
"""Attributes this projection writes itself; a metric of such a name is written as `metric/NAME`."""
LONGEST = 2000
"""Characters of a failure's message."""
VIOLATED = 1.0
"""Constraint value of a limit whose metric was not measured; JSON has no infinity."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a trial: its value, and the number that Optuna's database keeps in its place."""

    value: Value
    internal: float
    distribution: BaseDistribution
    text: str


@dataclass(frozen=True, slots=True)
class Projected:
    """Everything Optuna stores about one trial."""

    number: int
    values: tuple[float, ...] | None
    parameters: Mapping[str, Parameter]
    attributes: Mapping[str, Any]
    constraints: Mapping[str, Any]
    points: Mapping[int, float]
    started: datetime
    finished: datetime
    pruned: bool = False

    @property
    def state(self) -> TrialState:
        """COMPLETE where the trial has values, PRUNED where it was stopped early, else FAIL."""
        if self.pruned:
            return TrialState.PRUNED
        return TrialState.FAIL if self.values is None else TrialState.COMPLETE

    def freeze(self) -> FrozenTrial:
        """Return the trial in Optuna's own form."""
        return FrozenTrial(
            number=self.number,
            trial_id=-1,
            state=self.state,
            value=None,
            values=self.values,
            datetime_start=self.started,
            datetime_complete=self.finished,
            params={name: p.value for name, p in self.parameters.items()},
            distributions={name: p.distribution for name, p in self.parameters.items()},
            user_attrs=dict(self.attributes),
            system_attrs=dict(self.constraints),
            intermediate_values=dict(self.points),
        )


class Projection:
    """Projects the trials of one study; remembers the distribution of each name."""

    def __init__(self, objectives: Objectives) -> None:
        self._objectives = objectives
        self._known: dict[str, _Name] = {}

    def project(self, trial: Trial) -> Projected:
        """Return what Optuna stores about a trial."""
        parameters, others = self._parameters(trial.choices)
        attributes = _attributes(trial)
        if others:
            attributes["choices"] = others
        return Projected(
            number=trial.number,
            values=self._values(_last(trial) if trial.stopped else trial.metrics),
            parameters=parameters,
            attributes=attributes,
            constraints=_constraints(self._objectives.limits, trial.metrics),
            points=_points(trial, self._objectives.goals[0]),
            started=datetime.fromtimestamp(trial.started),
            finished=datetime.fromtimestamp(trial.finished),
            pruned=trial.stopped_early,
        )

    def _values(self, metrics: Metrics) -> tuple[float, ...] | None:
        values = tuple(float(metrics.get(goal.metric, math.nan)) for goal in self._objectives.goals)
        return None if any(map(math.isnan, values)) else values

    def _parameters(self, choices: Mapping[str, Choice]) -> tuple[dict[str, Parameter], dict[str, Any]]:
        """Split choices into parameters and those asked from a second domain, which Optuna would refuse."""
        parameters, others = {}, {}
        for name, choice in choices.items():
            known = self._known.get(name)
            if known is None:
                known = self._known[name] = _Name(choice.domain)
            elif not known.fits(choice.domain):
                others[name] = {"value": choice.value, **dump_domain(choice.domain)}
                continue
            parameters[name] = known.parameter(choice)
        return parameters, others


class _Name:
    """The distribution of one name, made once: building and writing one costs more than a trial may."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.distribution = distribution(domain)
        self.text = distribution_to_json(self.distribution)
        categorical = isinstance(self.distribution, CategoricalDistribution)
        options = self.distribution.choices if categorical else ()
        self.places = {(type(value), value): place for place, value in enumerate(options)}

    def fits(self, domain: Domain) -> bool:
        """Say whether Optuna accepts a choice from this domain under the name."""
        return domain == self.domain and repr(domain) == repr(self.domain)  # 0 == False

    def parameter(self, choice: Choice) -> Parameter:
        value = choice.value
        internal = self.places[type(value), value] if self.places else value
        return Parameter(value, float(internal), self.distribution, self.text)  # type: ignore[arg-type]


def distribution(domain: Domain) -> BaseDistribution:
    """Return a domain as Optuna writes it.

    Optuna knows no logarithmic integers with a step; they become categories.
    """
    if isinstance(domain, Options):
        return CategoricalDistribution(domain.values)
    if isinstance(domain, Reals):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    if domain.log and domain.step > 1:
        return CategoricalDistribution(tuple(range(domain.low, domain.high + 1, domain.step)))
    return _integers(domain)


def _integers(domain: Integers) -> IntDistribution:
    high = domain.high - (domain.high - domain.low) % domain.step  # Optuna warns about a rest
    return IntDistribution(domain.low, high, log=domain.log, step=domain.step)


def _attributes(trial: Trial) -> dict[str, Any]:
    """Return the metrics and where the trial comes from."""
    attributes: dict[str, Any] = {
        f"metric/{name}" if name in OWN else name: float(value) for name, value in trial.metrics.items()
    }
    first, last = trial.results[0], trial.judged or trial.results[-1]
    attributes["trial"] = trial.number
    attributes["candidate"] = trial.candidate
    attributes["evaluations"] = len(trial.results)
    attributes["evaluation"] = last.id
    attributes["effort"] = last.proposal.effort
    attributes["cost"] = sum(result.outcome.cost for result in trial.results if result.outcome)
    if first.proposal.parent is not None:
        attributes["parent"] = first.proposal.parent
    if last.copied is not None:
        attributes["copied"] = last.copied
    if len(trial.repetitions) > 1:
        attributes["repetitions"] = len(trial.repetitions)
    if trial.open:
        attributes["open"] = True
    failures = [f"{result.error.kind}: {result.error.message}" for result in trial.results if result.error]
    if failures:
        attributes["failure"] = failures[-1][:LONGEST]
    return attributes


def _constraints(limits: tuple[Limit, ...], metrics: Metrics) -> dict[str, Any]:
    """Return the limits as Optuna's constraints: zero or less where they hold.

    Optuna 5 keeps each under its own name; its dashboard (0.21) still reads the list of version 4: both are
    written.
    """
    if not limits or not metrics:
        return {}
    excess = [_excess(limit, metrics) for limit in limits]
    named = {f"constraints:{limit}": value for limit, value in zip(limits, excess, strict=True)}
    return {"constraints": excess, **named}


def _excess(limit: Limit, metrics: Metrics) -> float:
    value = float(metrics.get(limit.metric, math.nan))
    over = value - limit.bound if limit.sense == "<=" else limit.bound - value
    return over if math.isfinite(over) else (0.0 if limit.holds(metrics) else VIOLATED)


def _last(trial: Trial) -> Metrics:
    """Return what a trial that was stopped reported last, which Optuna takes for its value."""
    curve = trial.results[-1].curve
    return curve[-1][1] if curve else {}


def _points(trial: Trial, goal: Objective) -> dict[int, float]:
    """Return the course of an objective, with so many points that dashboards can draw it."""
    return {round(step): value for step, value in thinned(trial.course(goal.metric), goal)}
