"""Which weights to learn for next: at random, or where the policies found so far leave most room.

The values of the policies span a convex surface over the weights; its corners are where the best policy changes, and
the only places where a new policy can improve most (Cheng 1988). Optimistic linear support goes to the corner with the
largest possible gain, bounded by what was learned at other weights (Roijers 2016, section 3.3); GPI-LS to the one where
the best action of all tables promises most (Alegre et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MOST_CORNERS = 48
"""Corners that are looked at; of more, so many are drawn."""
_SAME = 1e-6


def random_weights(objectives: int, rng: np.random.Generator) -> Array:
    """Draw weights uniformly from those that add up to one."""
    return rng.dirichlet(np.ones(objectives))


def corners(values: Array) -> Array:
    """Return the corners (n, objectives) of the surface max_i values_i . w over all weights.

    Args:
        values: of the policies (policies, objectives).
    """
    from scipy.spatial import HalfspaceIntersection, QhullError

    objectives = values.shape[1]
    spread = max(1.0, float(np.ptp(values)))
    scaled = (values - values.mean(axis=0)) / spread
    lid = float(scaled.max()) + 2.0
    # unknowns: all weights but the last, and the height u; rows are a . x + b <= 0
    last = scaled[:, -1:]
    below = np.hstack([scaled[:, :-1] - last, -np.ones_like(last), last])
    n = objectives - 1
    positive = np.hstack([-np.eye(n), np.zeros((n, 2))])
    others = np.array([[*np.ones(n), 0.0, -1.0], [*np.zeros(n), 1.0, -lid]])
    inside = np.array([*np.full(n, 1 / objectives), float(scaled.max()) + 1.0])
    try:
        found = HalfspaceIntersection(np.vstack([below, positive, others]), inside).intersections
    except QhullError:
        return np.eye(objectives)
    found = found[found[:, -1] < lid - 0.5]
    weights = np.hstack([found[:, :-1], 1 - found[:, :-1].sum(axis=1, keepdims=True)])
    weights = np.clip(weights, 0.0, 1.0)
    return np.unique(np.round(weights / weights.sum(axis=1, keepdims=True), 9), axis=0)


def optimistic(weights: Array, tried: Array, reached: Array) -> float:
    """Return the largest value at some weights that is consistent with what was reached at others.

    Args:
        weights: (objectives,).
        tried: weights learned for (n, objectives).
        reached: the best value at each of them (n,).
    """
    from scipy.optimize import linprog

    solved = linprog(-weights, A_ub=tried, b_ub=reached, bounds=(None, None), method="highs")
    return float(-solved.fun) if solved.status == 0 else np.inf


def is_tried(weights: Array, tried: Sequence[Array]) -> bool:
    """Say whether weights are among those tried."""
    return any(np.abs(weights - other).max() < _SAME for other in tried)


def extreme_left(objectives: int, tried: Sequence[Array]) -> Array | None:
    """Return the weights of the first single objective that was not tried, None if all were."""
    return next((row for row in np.eye(objectives) if not is_tried(row, tried)), None)


def looked_at(found: Array, rng: np.random.Generator) -> Array:
    """Return the corners to look at: all, or a draw of them."""
    if len(found) <= MOST_CORNERS:
        return found
    return found[np.sort(rng.choice(len(found), MOST_CORNERS, replace=False))]


def next_by_ols(values: Array, tried: Sequence[Array], rng: np.random.Generator) -> Array:
    """Return the corner with the largest possible gain; random weights where none is left."""
    objectives = values.shape[1]
    extreme = extreme_left(objectives, tried)
    if extreme is not None:
        return extreme
    known = np.vstack(tried)
    reached = (known @ values.T).max(axis=1)
    best, gain = None, 1e-9
    for corner in looked_at(corners(values), rng):
        if is_tried(corner, tried):
            continue
        room = optimistic(corner, known, reached) - float((values @ corner).max())
        if room > gain:
            best, gain = corner, room
    return random_weights(objectives, rng) if best is None else best


def next_by_gpi(values: Array, starts: Array, tried: Sequence[Array], rng: np.random.Generator) -> Array:
    """Return the corner where the tables promise most beyond what was measured.

    Args:
        values: measured, of the policies (policies, objectives).
        starts: what the tables hold of the first observation (policies, actions, objectives).
        tried: weights learned for so far.
        rng: decides between equals.
    """
    objectives = values.shape[1]
    extreme = extreme_left(objectives, tried)
    if extreme is not None:
        return extreme
    found = looked_at(corners(values), rng)
    promised = (starts @ found.T).max(axis=(0, 1)) - (values @ found.T).max(axis=0)
    best = np.flatnonzero(promised >= promised.max() - 1e-12)
    chosen: Array = found[int(rng.choice(best))]
    return chosen
