"""What a tracker keeps of a trial that waits to be written, of a long path, and what it says of a store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from automl.core.objectives import Objective
from automl.core.records import Result, Trial

MOST_POINTS = 200
"""Points of one metric that a tracker writes for a trial, however long its path is."""


def without_weights(trial: Trial) -> Trial:
    """Return the trial without arrays, so that one which waits to be written holds little memory."""
    return replace(trial, results=tuple(map(_light, trial.results)))


def _light(result: Result) -> Result:
    if result.outcome is None or result.outcome.weights is None:
        return result
    return replace(result, outcome=replace(result.outcome, weights=None))


def thinned(points: Sequence[tuple[float, float]], goal: Objective | None = None) -> list[tuple[float, float]]:
    """Return at most `MOST_POINTS` (step, value) pairs: the first, the last, the best by `goal`, and an even part."""
    many = len(points)
    if many <= MOST_POINTS:
        return list(points)
    kept = {i * (many - 1) // (MOST_POINTS - 2) for i in range(MOST_POINTS - 1)}
    if goal is not None:
        finite = [i for i in range(many) if math.isfinite(points[i][1])]
        kept |= {max(finite, key=lambda i: goal.score({goal.metric: points[i][1]}))} if finite else set()
    return [points[i] for i in sorted(kept)]


def public_url(url: str) -> str:
    """Return the address of a store without the password it may hold."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else url
