"""How large a plan's embedding tables are, and what a budget allows.

    whole cells     4 bytes per value
    elements        5 bytes per value, which are its number and its column, and 1 per row, how many values it has

First-order weights and the rest of the model are not counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl.core.errors import InvalidCandidate
from automl.search_spaces.embeddings.fields import Field
from automl.search_spaces.embeddings.frame import Frame, block_rows
from automl.search_spaces.embeddings.plan import Plan

VALUE, PLACE, COUNT = 4, 1, 1
"""Bytes of a value, of its column, and of the number of values in a row."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Size:
    """Values that a plan's tables keep, and the bytes they take."""

    values: int
    bytes: int


def size(plan: Plan, fields: Sequence[Field]) -> Size:
    """Count the tables of a plan; of elements, as many as it may keep."""
    if plan.elements is not None:
        rows = sum(field.rows for field in fields)
        return Size(plan.elements, element_bytes(plan.elements, rows))
    values = sum(
        rows * len(kept)
        for field, starts, columns in zip(fields, plan.starts, plan.columns, strict=True)
        for rows, kept in zip(block_rows(starts, field.rows), columns, strict=True)
    )
    return Size(values, VALUE * values)


def element_bytes(values: int, rows: int) -> int:
    """Return the bytes of so many single values of tables of so many rows."""
    return (VALUE + PLACE) * values + COUNT * rows


def whole(frame: Frame) -> int:
    """Return the bytes of the relaxed plan's tables: all rows, all columns."""
    return VALUE * frame.rows * frame.width


def allowed(frame: Frame, budget: float) -> int:
    """Return the bytes that a budget allows: a share of the relaxed plan's up to 1, else bytes.

    Raises:
        InvalidCandidate: if it is no budget.
    """
    if not (budget > 0 and math.isfinite(budget)):
        raise InvalidCandidate(
            f"A budget of {budget:g} is none.", "Give a share of the largest plan, such as 1/8, or bytes, such as 42kB."
        )
    return math.floor(budget * whole(frame) * (1.0 + _ROUNDING) if budget <= 1 else budget)


def too_small(frame: Frame, given: int, least: int, what: str) -> InvalidCandidate:
    """Return the error for a budget of `given` bytes, where `what` needs `least`."""
    share = math.ceil(1e6 * least / whole(frame)) / 1e6
    return InvalidCandidate(
        f"A budget of {given:,} bytes is too small: {what} takes {least:,} bytes.",
        f"Give {least:,} bytes or more, which is a share of {share:g} of the largest plan.",
    )
