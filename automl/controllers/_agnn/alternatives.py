"""A domain as a finite list of alternatives, so that a softmax can answer any question.

Options and short ranges of integers are taken value by value. Reals and long ranges are cut into parts that are equally
likely when the domain is sampled: a policy picks the part, chance the value within it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from automl.core.domains import Domain, Integers, Options, Reals, Value

PARTS = 16
"""Into how many parts a long domain is cut."""
_EXACT = 32
"""Up to how many integers are told apart."""


class Alternatives:
    """What a policy chooses between when a domain is asked from.

    Attributes:
        size: how many alternatives there are.
    """

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self._places = _places(domain)
        self._starts = () if self._places else _starts(domain)
        self.size = len(self._places or self._starts)
        self._values = list(_values(domain)) if self._places else []
        self._all = tuple(range(self.size))

    def index(self, value: Value) -> int:
        """Return the alternative that a value of the domain belongs to."""
        if self._places:
            return self._places[repr(value)]
        return max(0, bisect_right(self._starts, float(value)) - 1)  # type: ignore[arg-type]

    def open(self, allowed: Sequence[Value] | None) -> tuple[int, ...]:
        """Return the alternatives that hold an allowed value; all of them where nothing is forbidden."""
        if allowed is None:
            return self._all
        return tuple(sorted({self.index(value) for value in allowed}))

    def draw(self, index: int, allowed: Sequence[Value] | None, rng: np.random.Generator) -> Value:
        """Return a value of an open alternative; of a part that holds several, one at random."""
        if self._places:
            return self._values[index]
        if allowed is not None:
            fitting = [value for value in allowed if self.index(value) == index]
            return fitting[int(rng.integers(len(fitting)))]
        return self._within(index, rng)

    def _within(self, index: int, rng: np.random.Generator) -> Value:
        start, last = self._starts[index], index == self.size - 1
        if isinstance(self.domain, Reals):
            return Reals(start, self.domain.high if last else self._starts[index + 1], self.domain.log).sample(rng)
        assert isinstance(self.domain, Integers)
        low, step = self.domain.low, self.domain.step
        end = _highest(self.domain) if last else int(self._starts[index + 1]) - step
        drawn = Integers(int(start), end, 1, self.domain.log).sample(rng)
        return low + (int(drawn) - low) // step * step  # type: ignore[arg-type]


@lru_cache(maxsize=4096)
def alternatives(domain: Domain) -> Alternatives:
    """Return the alternatives of a domain, made once."""
    return Alternatives(domain)


def _highest(domain: Integers) -> int:
    return domain.high - (domain.high - domain.low) % domain.step


def _values(domain: Domain) -> Sequence[Value]:
    if isinstance(domain, Options):
        return domain.values
    assert isinstance(domain, Integers)
    return range(domain.low, domain.high + 1, domain.step)


def _places(domain: Domain) -> dict[str, int]:
    """Return the place of each value; nothing for a domain that is cut into parts."""
    if isinstance(domain, Reals):
        return {}
    values = _values(domain)
    if isinstance(domain, Integers) and len(values) > _EXACT:
        return {}
    return {repr(value): place for place, value in enumerate(values)}


def _starts(domain: Domain) -> tuple[float, ...]:
    """Return where the parts begin: at the quantiles of the domain, on its grid where it has one."""
    assert isinstance(domain, Reals | Integers)
    shares = np.arange(PARTS) / PARTS
    if domain.log:
        low, high = math.log(domain.low), math.log(domain.high)
        cuts = np.exp(low + shares * (high - low))
    else:
        cuts = domain.low + shares * (domain.high - domain.low)
    if isinstance(domain, Integers):
        cuts = domain.low + np.floor((cuts - domain.low) / domain.step + 0.5) * domain.step
    cuts[0] = domain.low
    return tuple(float(cut) for cut in np.unique(cuts))
