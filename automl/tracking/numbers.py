"""Numbers and times as people read them."""

from __future__ import annotations

import math
from typing import Any

FEWEST = 4
"""Decimals."""
ABSENT = "-"


def number(value: Any, decimals: int = FEWEST) -> str:
    """Return a number as people read it: 31,204 and 0.9842, small ones as 1.3e-03; `-` for None.

    Args:
        value: the number.
        decimals: after the point; of small ones three less.
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer() or abs(value) >= 1e4:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"
    return f"{value:.{decimals}f}" if abs(value) >= 0.01 else f"{value:.{decimals - 3}e}"


def duration(seconds: float | None) -> str:
    """Return a time as people read it: `8.2s`, `1m 32s`, `2h 05m`."""
    if seconds is None:
        return ABSENT
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"
