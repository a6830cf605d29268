"""Optuna's distributions as domains, and values there and back.

Options are taken by their place and the steps of a real range by number, so that a domain stays within what a
controller knows: options, integers, reals.
"""

from __future__ import annotations

from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial

from automl.core.choices import Choice
from automl.core.domains import Domain, Integers, Options, Reals, Value


def domain_of(asked: BaseDistribution) -> Domain:
    """Return the domain of a distribution."""
    if isinstance(asked, CategoricalDistribution):
        return Options(tuple(range(len(asked.choices))))
    if isinstance(asked, IntDistribution):
        return Integers(asked.low, asked.high, asked.step, asked.log)
    assert isinstance(asked, FloatDistribution)
    if asked.step is not None:
        return Integers(0, round((asked.high - asked.low) / asked.step))
    return Reals(asked.low, asked.high, asked.log)


def suggestion(asked: BaseDistribution, value: Value) -> Any:
    """Return what Optuna expects for a value of `domain_of`."""
    if isinstance(asked, CategoricalDistribution):
        return asked.choices[value]
    if isinstance(asked, FloatDistribution) and asked.step is not None:
        assert isinstance(value, int)
        return min(asked.low + value * asked.step, asked.high)
    return value


def value_of(asked: BaseDistribution, suggested: Any) -> Value:
    """Return the value of `domain_of` for what Optuna has stored; the inverse of `suggestion`."""
    if isinstance(asked, CategoricalDistribution):
        return int(asked.to_internal_repr(suggested))
    if isinstance(asked, FloatDistribution):
        return round((suggested - asked.low) / asked.step) if asked.step is not None else float(suggested)
    return int(suggested)


def answers_of(trial: FrozenTrial) -> dict[str, Choice]:
    """Return the trace of an Optuna trial, in the order of its suggestions."""
    return {
        name: Choice(value_of(asked, trial.params[name]), domain_of(asked))
        for name, asked in trial.distributions.items()
    }
