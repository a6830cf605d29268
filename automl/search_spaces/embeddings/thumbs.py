"""Rules of thumb: dimensions for a budget without any training.

    uniform      the same dimension everywhere
    mde          dimensions grow with popularity

Ginart, Naumov, Mudigere, Yang and Zou: Mixed dimension embeddings with application to memory-efficient recommendation
systems. arXiv 1909.11810, 2019.
"""

from __future__ import annotations

import numpy as np

from automl.core.errors import UnknownName
from automl.search_spaces.embeddings.frame import Frame, popularity
from automl.search_spaces.embeddings.plan import Plan
from automl.search_spaces.embeddings.rules import largest_dim
from automl.search_spaces.embeddings.size import VALUE, allowed, too_small

THUMBS = ("uniform", "mde")
_NEVER_SEEN = 1e-12
"""Popularity of rows without an occurrence: below any that has one."""


def sized(frame: Frame, budget: float, thumb: str, *, temperature: float) -> Plan:
    """Return the plan of a rule of thumb within a budget, to be trained from scratch.

    Raises:
        InvalidCandidate: if nothing fits.
        UnknownName: if there is no such rule.
    """
    if thumb not in THUMBS:
        raise UnknownName("rule of thumb", thumb, THUMBS)
    most = allowed(frame, budget)
    if thumb == "uniform":
        dim = largest_dim(frame, most)
        return Plan(dim, frame.starts, frame.uniform(dim), origin=thumb)
    dims = _by_popularity(frame, most, temperature)
    return Plan(max(dims), frame.starts, frame.by_field(tuple(range(dim)) for dim in dims), origin=thumb)


def _by_popularity(frame: Frame, most: int, temperature: float) -> list[int]:
    """Return dims = round(scale x popularity^temperature), at least 1, at most K, with the largest scale that fits.

    A block reaches dimension d when the scale reaches (d - 1/2) / popularity^temperature, so columns are taken in the
    order of these scales. Where one column everywhere is too much already, the most popular blocks get theirs.
    """
    shares = [
        share for field, starts in zip(frame.fields, frame.starts, strict=True) for share in popularity(field, starts)
    ]
    weights = np.maximum(shares, _NEVER_SEEN) ** temperature
    dims = np.arange(1, frame.width + 1)
    scales = (dims - 0.5) / weights[:, None]
    block, column = (index.ravel() for index in np.indices(scales.shape))
    order = np.lexsort((block, scales.ravel(), column > 0))
    costs = VALUE * np.array([each.rows for each in frame.blocks])[block[order]]
    fitting = int(np.searchsorted(np.cumsum(costs), most, side="right"))
    if fitting == 0:
        raise too_small(frame, most, int(costs[0]), "a column of the most popular block")
    return [int(dim) for dim in np.bincount(block[order[:fitting]], minlength=len(weights))]
