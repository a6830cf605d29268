"""The sets a program may ask from: options, integers, reals.

Each choice of a search space is asked from one of these three. They are what Optuna calls distributions; a
name keeps one domain for a whole study, so every domain can be written down once and shown in any dashboard.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

Value: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Options:
    """A finite, ordered set of named alternatives."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values or len(set(map(repr, self.values))) != len(self.values):
            raise ValueError(f"options must be distinct and at least one, got {self.values!r}")

    def __contains__(self, value: object) -> bool:
        return any(value == v and type(value) is type(v) for v in self.values)

    def sample(self, rng: np.random.Generator) -> Value:
        """Draw uniformly."""
        return self.values[int(rng.integers(len(self.values)))]

    def nearest(self, value: Value, allowed: Sequence[Value]) -> Value:
        """Return the allowed option whose position is closest to that of `value`."""
        place = self.values.index(value)
        return min(allowed, key=lambda other: abs(self.values.index(other) - place))


@dataclass(frozen=True, slots=True)
class Integers:
    """Whole numbers from `low` to `high`, both included, on a linear or logarithmic scale."""

    low: int
    high: int
    step: int = 1
    log: bool = False

    def __post_init__(self) -> None:
        if self.low > self.high or self.step < 1 or (self.log and self.low < 1):
            raise ValueError(f"not a range of integers: {self!r}")

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def sample(self, rng: np.random.Generator) -> Value:
        """Draw uniformly on the scale of the range."""
        if self.log:
            drawn = math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
            return int(min(max(round(drawn), self.low), self.high))
        return self.low + self.step * int(rng.integers((self.high - self.low) // self.step + 1))

    def nearest(self, value: Value, allowed: Sequence[Value]) -> Value:
        """Return the allowed number closest to `value`."""
        return min(allowed, key=lambda other: abs(_number(other) - _number(value)))


@dataclass(frozen=True, slots=True)
class Reals:
    """Real numbers from `low` to `high` on a linear or logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.log and self.low <= 0):
            raise ValueError(f"not a range of reals: {self!r}")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, float) and self.low <= value <= self.high

    def sample(self, rng: np.random.Generator) -> Value:
        """Draw uniformly on the scale of the range."""
        if self.log:
            drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
            return min(max(drawn, self.low), self.high)
        return float(rng.uniform(self.low, self.high))

    def nearest(self, value: Value, allowed: Sequence[Value]) -> Value:
        """Return the allowed number closest to `value`."""
        return min(allowed, key=lambda other: abs(_number(other) - _number(value)))


Domain: TypeAlias = Options | Integers | Reals


def as_domain(given: Domain | range | Sequence[Value]) -> Domain:
    """Read a domain from what a program may write: a domain, a `range`, or a sequence of options."""
    if isinstance(given, Options | Integers | Reals):
        return given
    if isinstance(given, range):
        return Integers(given.start, given[-1], given.step)
    return _options(*given)


@lru_cache(maxsize=4096, typed=True)
def _options(*values: Value) -> Options:
    """Make each set of options once: a program asks from the same few over and over."""
    return Options(values)


def dump_domain(domain: Domain) -> dict[str, Any]:
    """Write a domain as JSON."""
    if isinstance(domain, Options):
        return {"options": list(domain.values)}
    if isinstance(domain, Integers):
        return {"integers": [domain.low, domain.high, domain.step], "log": domain.log}
    return {"reals": [domain.low, domain.high], "log": domain.log}


def load_domain(json: dict[str, Any]) -> Domain:
    """Read a domain back from JSON."""
    if "options" in json:
        return Options(tuple(json["options"]))
    if "integers" in json:
        low, high, step = json["integers"]
        return Integers(low, high, step, json["log"])
    low, high = json["reals"]
    return Reals(low, high, json["log"])


def _number(value: Value) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise TypeError(f"expected a number, got {value!r}")
