"""Budgets as people write them: shares, numbers, bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

from automl.core.errors import UsageError

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_NUMBER = re.compile(r"\s*(?P<number>\d+/\d+|(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)\s*(?P<unit>[kMG]?|[KMG]i)B?\s*")


def parse_budgets(given: Sequence[str | float]) -> dict[str, float]:
    """Return the budgets by the names they are shown under, in the given order.

    A budget is a share of the largest candidate's size (`1/8`, `0.125`) or the size itself (`4096`, `42kB`, `4MB`).

    Raises:
        UsageError: if one is no positive number, there is none, or two are the same.
    """
    budgets = {each.strip() if isinstance(each, str) else f"{each:g}": _parse(str(each)) for each in given}
    if not budgets or len(set(budgets.values())) < len(given):
        raise UsageError(
            f"Budgets must be different ones, at least one, got: {', '.join(map(str, given)) or 'none'}.",
            "Type for example: --set budgets=1/4,1/8,1/16",
        )
    return budgets


def _parse(text: str) -> float:
    match = _NUMBER.fullmatch(text)
    try:
        value = float(Fraction(match["number"])) * _UNITS[match["unit"]] if match else math.nan
    except ZeroDivisionError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise UsageError(
            f"'{text}' is not a budget.",
            "Write a share such as 1/8 or 0.125, or a size such as 4096, 42kB or 4MB.",
        )
    return value
