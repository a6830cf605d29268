"""What a set of returns is worth. More is better in every objective."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def non_dominated(points: Array) -> Array:
    """Return the rows of points (n, objectives) that no other row dominates, equal ones once."""
    import moocore

    points = np.unique(points, axis=0)
    kept: Array = points[moocore.is_nondominated(points, maximise=True)]
    return kept


def hypervolume(points: Array, reference: Array) -> float:
    """Return the volume between the points and a reference point; points that do not exceed it add nothing."""
    import moocore

    above = points[(points > reference).all(axis=1)]
    return float(moocore.hypervolume(above, ref=reference, maximise=True)) if len(above) else 0.0


def expected_utility(points: Array, weights: Array) -> float:
    """Return the mean over weights (n, objectives) of the best weighted sum (Zintgraf et al. 2015)."""
    return float((weights @ points.T).max(axis=1).mean())


def sparsity(points: Array) -> float:
    """Return the mean squared gap between neighbours, summed over objectives; 0 for one point (Xu et al. 2020).

    One point alone scores best: never select by this.
    """
    if len(points) < 2:
        return 0.0
    gaps = np.diff(np.sort(points, axis=0), axis=0)
    return float((gaps**2).sum() / (len(points) - 1))


def inverted_distance(points: Array, front: Array) -> float:
    """Return IGD: the mean distance of the points of the true front to the nearest one found."""
    apart = np.linalg.norm(front[:, None, :] - points[None, :, :], axis=2)
    return float(apart.min(axis=1).mean())


def weight_grid(objectives: int, most: int) -> Array:
    """Return weights spread evenly, at most so many, but always those of single objectives (Das and Dennis 1998)."""
    parts = 1
    while math.comb(parts + objectives, objectives - 1) <= most:
        parts += 1
    grid = [np.array(row) for row in _compositions(parts, objectives)]
    return np.array(grid, dtype=np.float64) / parts


def _compositions(total: int, places: int) -> list[tuple[int, ...]]:
    if places == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in _compositions(total - first, places - 1)]
