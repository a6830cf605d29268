"""How much a search may spend: trials, evaluations, seconds, cost; the first that is used up ends it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from automl.core.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of a search; None leaves one open.

    Attributes:
        trials: closed trials.
        evaluations: finished evaluations.
        seconds: wall time, over all sessions of the study.
        cost: sum of `Outcome.cost`, in the trainer's unit.
    """

    trials: int | None = None
    evaluations: int | None = None
    seconds: float | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        for name, bound in self.bounds():
            if not bound > 0 or math.isnan(bound):
                raise UsageError(f"The budget '{name}' must be positive, got {bound}.")

    def bounds(self) -> list[tuple[str, float]]:
        """Return the bounds that are set, with their names."""
        named = (
            ("trials", self.trials),
            ("evaluations", self.evaluations),
            ("seconds", self.seconds),
            ("cost", self.cost),
        )
        return [(name, bound) for name, bound in named if bound is not None]


@dataclass(slots=True)
class Spent:
    """What a study has used so far, in the same four units as its budget."""

    trials: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    cost: float = 0.0

    def progress(self, budget: Budget) -> float:
        """Return the share of the budget that is used, between 0 and 1."""
        shares = [getattr(self, name) / bound for name, bound in budget.bounds()]
        return min(1.0, max(shares, default=0.0))


def parse_seconds(text: str) -> float:
    """Read a time: `90`, `90s`, `10m`, `1.5h`, `2d`.

    Raises:
        UsageError: if the text is no positive time.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    seconds = float(match.group(1)) * _UNITS[match.group(2)] if match else 0.0
    if seconds <= 0:
        raise UsageError(f"'{text}' is not a time.", "Write a positive number with s, m, h or d, for example 10m.")
    return seconds
