"""Small changes of a configuration that keep what was trained with it usable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.core.choices import Answer, Trace, at_random
from automl.core.domains import Domain, Integers, Options, Reals, Value

_FACTORS = (0.8, 1.25)
"""Jaderberg et al. 2017, section 4.1: "perturb"; 1.2 there, its inverse here, so that steps up and down cancel."""


def explored(genome: Trace, resample: float, rng: np.random.Generator, *, names: bool) -> Answer:
    """Answer a little differently than a genome does; what it never met is answered at random.

    Numbers are multiplied by 0.8 or 1.25, numbers among options give way to a neighbour, and with probability
    `resample` either is drawn anew. Named alternatives stay as they are, or with `names` are drawn anew as often:
    another algorithm can rarely go on with what the old one has learned.

    Args:
        genome: the choices to change.
        resample: the probability of a new draw.
        rng: all that is random.
        names: whether named alternatives may change.
    """
    chance = at_random(rng)

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        known = genome.get(name)
        if known is None or known.value not in domain:
            return chance(name, domain, allowed)
        numeric = _is_numeric(domain)
        if rng.random() < resample and (numeric or names):
            return chance(name, domain, allowed)
        return _moved(known.value, domain, allowed, rng) if numeric else known.value

    return answer


def _is_numeric(domain: Domain) -> bool:
    if not isinstance(domain, Options):
        return True
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in domain.values)


def _moved(value: Value, domain: Domain, allowed: Sequence[Value] | None, rng: np.random.Generator) -> Value:
    """Return a number a little larger or smaller, within its domain and what is allowed."""
    up = bool(rng.integers(2))
    if isinstance(domain, Options):
        values = list(domain.values if allowed is None else allowed)
        if value not in values:
            return value  # the nearest that is allowed is taken
        return values[min(max(values.index(value) + (1 if up else -1), 0), len(values) - 1)]
    assert isinstance(value, int | float)
    scaled = value * _FACTORS[up]
    if isinstance(domain, Reals):
        return float(min(max(scaled, domain.low), domain.high))
    return _whole(int(value), scaled, domain, up=up)


def _whole(value: int, scaled: float, domain: Integers, *, up: bool) -> int:
    """Return the number of the domain nearest to `scaled` that is not the old one; the old one at an end."""
    place, last = (value - domain.low) // domain.step, (domain.high - domain.low) // domain.step
    target = round((scaled - domain.low) / domain.step)
    target = max(target, place + 1) if up else min(target, place - 1)
    return domain.low + domain.step * min(max(target, 0), last)
