"""Traces as rows of codes, one column per question, and rows as vectors between which distances can be taken.

A code is the place of an answer between 0 and 1 where answers are numbers, the index of the answer where they are
names, and NaN where the question was not asked. As a vector a number keeps its place and a name gets an axis of its
own, so two different names lie one apart, whichever they are. A question that was not asked lies one apart from every
answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.choices import Trace, group_of
from automl.core.domains import Domain, Integers, Options, Reals, Value

Array: TypeAlias = npt.NDArray[np.float64]
Groups: TypeAlias = npt.NDArray[np.intp]
_MOST_GROUPS = 24
"""With more questions than this, those of one class share a length scale."""


@dataclass(frozen=True, slots=True)
class Column:
    """One question.

    Attributes:
        domain: what it is asked from.
        size: how many different answers there are; 0 where they lie everywhere between two reals.
        number: whether answers are places on a line.
    """

    domain: Domain
    size: int
    number: bool

    @property
    def width(self) -> int:
        """How many axes it has: its place and whether it was asked, or one per answer and one for not asked."""
        return 2 if self.number else self.size + 1

    @property
    def spread(self) -> float:
        """Mean squared distance of two answers at random."""
        if not self.number:
            return 1.0 - 1.0 / self.size
        return (self.size + 1) / (6.0 * (self.size - 1)) if self.size else 1.0 / 6.0

    @property
    def least(self) -> float:
        """How far apart two places are; 0 where they lie everywhere."""
        return 1.0 / (self.size - 1) if self.size else 0.0

    def code(self, value: Value) -> float:
        """Return the code of an answer; to a question asked otherwise than at first there is none."""
        if value not in self.domain:
            return math.nan
        if isinstance(self.domain, Options):
            place = next(i for i, other in enumerate(self.domain.values) if _same(other, value))
            return place / (self.size - 1) if self.number else float(place)
        low, high, at = _scaled(self.domain, float(value))  # type: ignore[arg-type]
        return (at - low) / (high - low)

    def value(self, code: float) -> Value:
        """Return the answer that is nearest to a code."""
        if isinstance(self.domain, Options):
            return self.domain.values[round(code * (self.size - 1)) if self.number else int(code)]
        low, high, _ = _scaled(self.domain, float(self.domain.low))
        at = low + code * (high - low)
        number = math.exp(at) if self.domain.log else at
        if isinstance(self.domain, Reals):
            return float(min(max(number, self.domain.low), self.domain.high))
        last = self.domain.low + (self.size - 1) * self.domain.step
        near = self.domain.low + round((number - self.domain.low) / self.domain.step) * self.domain.step
        return int(min(max(near, self.domain.low), last))

    def snapped(self, codes: Array) -> Array:
        """Return the codes of the answers nearest to places on the line."""
        inside = np.clip(codes, 0.0, 1.0)
        if not self.size or (isinstance(self.domain, Integers) and self.domain.log):
            return inside
        return np.round(inside * (self.size - 1)) / (self.size - 1)


def column(domain: Domain) -> Column | None:
    """Return the column of a domain; None where there is but one answer."""
    if isinstance(domain, Reals):
        return Column(domain, 0, number=True) if domain.high > domain.low else None
    size = len(domain.values) if isinstance(domain, Options) else (domain.high - domain.low) // domain.step + 1
    number = not isinstance(domain, Options) or _ordered(domain.values)
    return Column(domain, size, number) if size > 1 else None


def _ordered(values: Sequence[Value]) -> bool:
    """Say whether options are numbers in order, and enough of them for an order to mean something."""
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or len(numbers) < 3:
        return False
    return numbers == sorted(numbers) or numbers == sorted(numbers, reverse=True)


def _same(one: Value, other: Value) -> bool:
    return one == other and type(one) is type(other)


def _scaled(domain: Integers | Reals, value: float) -> tuple[float, float, float]:
    """Return both ends and a value on the scale of the domain."""
    low, high = float(domain.low), float(domain.high)
    if isinstance(domain, Integers):
        high = float(domain.low + (domain.high - domain.low) // domain.step * domain.step)
    if domain.log:
        return math.log(low), math.log(high), math.log(value)
    return low, high, value


class Columns:
    """Every question met so far, in the order of meeting.

    Attributes:
        known: the columns by name.
    """

    def __init__(self) -> None:
        self.known: dict[str, Column] = {}

    def add(self, name: str, domain: Domain) -> None:
        """Take up a question, unless it leaves nothing to decide."""
        if name not in self.known and (made := column(domain)) is not None:
            self.known[name] = made

    def meet(self, trace: Trace) -> None:
        """Take up the questions of a trace."""
        for name, choice in trace.items():
            self.add(name, choice.domain)

    def row(self, answers: Mapping[str, Value]) -> Array:
        """Return the codes of answers by name."""
        return np.array(
            [c.code(answers[name]) if name in answers else math.nan for name, c in self.known.items()], dtype=float
        )

    def answers(self, row: Array) -> dict[str, Value]:
        """Return the answers of a row."""
        pairs = zip(self.known.items(), row, strict=True)
        return {name: c.value(float(code)) for (name, c), code in pairs if not math.isnan(code)}

    def vectors(self, rows: Array) -> Array:
        """Return rows as vectors: (n, columns) to (n, axes)."""
        blocks: list[Array] = []
        for codes, each in zip(rows.T, self.known.values(), strict=True):
            absent = np.isnan(codes)
            if each.number:
                blocks += [np.where(absent, 0.5, codes)[:, None], absent[:, None].astype(float)]
            else:
                places = np.where(absent, each.size, codes).astype(int)
                blocks.append(np.eye(each.width)[places] * math.sqrt(0.5))
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(rows), 0))

    def groups(self) -> tuple[Groups, Array]:
        """Return the group of each axis, and how far apart two answers at random lie in each group (mean square)."""
        label = str if len(self.known) <= _MOST_GROUPS else group_of
        numbers: dict[str, int] = {}
        axes: list[int] = []
        spread: list[float] = []
        for name, each in self.known.items():
            number = numbers.setdefault(label(name), len(numbers))
            axes += [number] * each.width
            spread += [0.0] * (len(numbers) - len(spread))
            spread[number] += each.spread
        return np.array(axes, dtype=np.intp), np.array(spread)
