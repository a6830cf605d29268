"""How good a result is next to others, with one objective or several, within limits or beyond them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl.core.objectives import Limit, Objectives, Score
from automl.core.pareto import crowding, front_indices, ranks
from automl.core.records import Metrics


@dataclass(frozen=True, slots=True)
class Merit:
    """What selection looks at.

    Attributes:
        score: one number per objective, larger is better.
        violation: by how much limits are exceeded in all; 0 within them.
    """

    score: Score
    violation: float


def merit(objectives: Objectives, metrics: Metrics) -> Merit:
    """Return the merit of measured metrics."""
    beyond = sum(max(0.0, excess(limit, metrics)) for limit in objectives.limits)
    return Merit(objectives.score(metrics), beyond)


def excess(limit: Limit, metrics: Metrics) -> float:
    """Return by what part of its bound a limit is exceeded: negative within it, infinite if not measured."""
    if limit.metric not in metrics:
        return math.inf
    over = float(metrics[limit.metric]) - limit.bound
    return (over if limit.sense == "<=" else -over) / (abs(limit.bound) or 1.0)


def best_first(merits: Sequence[Merit]) -> list[int]:
    """Return the indices from best to worst; of equals the earlier comes first.

    The order of NSGA-II with constraints (Deb et al. 2002, sections III-C and VI): within limits before
    beyond them; within, by non-domination rank and then by crowding distance; beyond, by violation. For one
    objective it is the order of the score.
    """
    order = sorted(range(len(merits)), key=lambda i: (merits[i].violation, -merits[i].score[0]))
    if not merits or len(merits[0].score) == 1:
        return order
    inside = [i for i in range(len(merits)) if merits[i].violation == 0.0]
    levels = ranks([merits[i].score for i in inside])
    ordered: list[int] = []
    for level in range(max(levels, default=-1) + 1):
        members = [i for i, rank in zip(inside, levels, strict=True) if rank == level]
        spread = crowding([merits[i].score for i in members])
        ordered += [i for _, i in sorted(zip(spread, members, strict=True), key=lambda pair: -pair[0])]
    return ordered + [i for i in order if merits[i].violation > 0.0]


def front(merits: Sequence[Merit], most: int) -> list[int]:
    """Return the indices of the best: undominated and within limits, the least crowded if more than `most`.

    For one objective that is the single best. If all are beyond the limits it is the one nearest to them.
    """
    inside = [i for i in range(len(merits)) if merits[i].violation == 0.0]
    if not inside:
        return best_first(merits)[:1]
    members = [inside[i] for i in front_indices([merits[i].score for i in inside])]
    kept = best_first([merits[i] for i in members])[:most]
    return sorted(members[i] for i in kept)
