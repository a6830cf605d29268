"""Full trainings with several seeds: how their numbers and their weights go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.records import Weights
from automl.core.trainer import Report

PREFIX = "repeat{}."
"""How the names of the networks of further seeds begin, among the weights of a full training."""
SEEDS_APART = 1_000_003
"""So far apart that no two trainings of a study share a seed by being neighbours."""


def spread(runs: Sequence[Mapping[str, float]], metric: str) -> dict[str, float]:
    """Return the mean of every metric over runs and, as `METRIC_sd`, the standard deviation of one."""
    means = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    deviation = np.std([run[metric] for run in runs], ddof=1) if len(runs) > 1 else 0.0
    return {**means, f"{metric}_sd": float(deviation)}


def merged(runs: Sequence[Weights]) -> dict[str, npt.NDArray[Any]]:
    """Return the weights of all networks, those of the first, which is handed over, under their own names."""
    kept = dict(runs[0])
    for place, weights in enumerate(runs[1:], start=1):
        kept.update({PREFIX.format(place) + name: array for name, array in weights.items()})
    return kept


def runs_in(weights: Weights) -> list[dict[str, npt.NDArray[Any]]]:
    """Return the weights of every seed's network; the one that is handed over first."""
    found = [{name: array for name, array in weights.items() if not name.startswith("repeat")}]
    while any(name.startswith(prefix := PREFIX.format(len(found))) for name in weights):
        found.append({name.removeprefix(prefix): a for name, a in weights.items() if name.startswith(prefix)})
    return found


def later(report: Report, steps: int) -> Report:
    """Return a report whose steps go on after so many."""
    return lambda step, metrics: report(steps + step, metrics)
