"""One training with one seed, and what several of them come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.records import Json, Weights

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A training.

    Attributes:
        metrics: by name.
        front: what the policies return (points, objectives), those that no other dominates.
        paused: the learner, if it can pause.
        taken: steps of the environment.
        curve: the hypervolume on the way, as (steps, value), where it was measured there.
    """

    metrics: dict[str, float]
    front: Array
    paused: Weights
    taken: int
    curve: Sequence[tuple[int, float]] = ()


def means(runs: Sequence[Run]) -> dict[str, float]:
    """Return the mean of every metric."""
    return {name: float(np.mean([run.metrics[name] for run in runs])) for name in runs[0].metrics}


def values(runs: Sequence[Run], metric: str) -> Array:
    """Return a metric of every run."""
    return np.array([run.metrics[metric] for run in runs])


def extras(runs: Sequence[Run]) -> dict[str, Json]:
    """Return what is kept of every seed: the front, best first objective last, and all metrics."""
    return {"fronts": [run.front.tolist() for run in runs], "values": [dict(run.metrics) for run in runs]}


def side_by_side(tuned: Run, default: Run) -> dict[str, Json]:
    """Return the fronts and the curves of two runs with the same seed, for the report."""
    pair = {"tuned": tuned, "default": default}
    return {
        "fronts": {name: run.front.tolist() for name, run in pair.items()},
        "curves": {"hypervolume": {name: [list(point) for point in run.curve] for name, run in pair.items()}},
    }
