"""Pareto dominance over scores, where larger is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    """Say whether `a` is at least as good everywhere and better somewhere."""
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(x > y for x, y in zip(a, b, strict=True))


def front_indices(scores: Sequence[Sequence[float]]) -> list[int]:
    """Return the indices of the scores that no other dominates; of equal scores only the first.

    Args:
        scores: n scores of the same length m. Cost: O(n·f·m) for a front of f.
    """
    order = sorted(range(len(scores)), key=lambda i: (tuple(-x for x in scores[i]), i))
    front: list[int] = []
    for i in order:
        if not any(all(x >= y for x, y in zip(scores[j], scores[i], strict=True)) for j in front):
            front.append(i)
    return sorted(front)


def ranks(scores: Sequence[Sequence[float]]) -> list[int]:
    """Return the non-domination rank of each score, 0 for the front (Deb et al. 2002, NSGA-II)."""
    rank = [0] * len(scores)
    left = list(range(len(scores)))
    level = 0
    while left:
        undominated = [i for i in left if not any(dominates(scores[j], scores[i]) for j in left)]
        for i in undominated:
            rank[i] = level
        left = [i for i in left if i not in set(undominated)]
        level += 1
    return rank


def crowding(scores: Sequence[Sequence[float]]) -> list[float]:
    """Return the crowding distance of each score within its set (Deb et al. 2002), infinite at the ends."""
    if not scores:
        return []
    table = np.asarray(scores, dtype=float)
    distance = np.zeros(len(table))
    for column in table.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        distance[order[0]] = distance[order[-1]] = np.inf
        if span > 0 and len(table) > 2:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return [float(d) for d in distance]
