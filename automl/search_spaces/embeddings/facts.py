"""Fields as a trainer states them, `[[name, rows, [popularity...]], ...]`, read and refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from automl.core.errors import UsageError
from automl.search_spaces.embeddings.fields import POPULARITY_POINTS, Field

_ROUNDING = 1e-6
_HINT = "A field is [name, rows] or [name, rows, popularity]; the trainer's data say them."


def example() -> tuple[Field, ...]:
    """Return two fields to try the space without data: users and items, the i-th of them as popular as 1/i."""
    return tuple(Field(name, rows, _zipf(rows)) for name, rows in (("user", 300), ("item", 200)))


def _zipf(rows: int) -> tuple[float, ...]:
    shares = [1.0 / rank for rank in range(1, rows + 1)]
    ends = (rows * point // POPULARITY_POINTS for point in range(1, POPULARITY_POINTS + 1))
    return (*(sum(shares[:end]) / sum(shares) for end in ends),)


def read_fields(given: Sequence[Any] | None) -> tuple[Field, ...]:
    """Return the fields that a trainer states; an example where none are stated.

    Raises:
        UsageError: if they are no fields, or have no or equal names.
    """
    fields = example() if given is None else tuple(_read(each) for each in given)
    names = [field.name for field in fields]
    if not names:
        raise UsageError("The data have no field whose embeddings could be sized.", _HINT)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Several fields have the name '{twice[0]}'.", "Rename the columns of the data.")
    return fields


def _read(given: Any) -> Field:
    try:
        name, rows, *rest = (given.name, given.rows, given.popularity) if isinstance(given, Field) else given
        (popularity,) = rest or ((),)
        points = tuple(float(point) for point in popularity)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{given!r} is no field: {error}.", _HINT) from error
    if not isinstance(name, str) or not name or "/" in name:
        raise UsageError(f"{name!r} cannot name a field.", "Names are not empty and have no '/': rename the column.")
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 2:
        raise UsageError(f"The field '{name}' has rows={rows!r}, and at least PAD and OOV are two.", _HINT)
    _refuse_bad_popularity(name, points)
    return Field(name, rows, points)


def _refuse_bad_popularity(name: str, points: tuple[float, ...]) -> None:
    falling = any(after < before - _ROUNDING for before, after in pairwise((0.0, *points)))
    if not all(map(math.isfinite, points)) or falling or (points and abs(points[-1] - 1.0) > _ROUNDING):
        raise UsageError(
            f"The popularity of field '{name}' does not rise from 0 to 1.",
            f"Number i is the share of occurrences that the first i/{POPULARITY_POINTS} of its rows have.",
        )
