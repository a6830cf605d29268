"""Where to look next: the improvement that is expected, and a local search for the row that has most of it.

Jones, Schonlau and Welch: Efficient Global Optimization of Expensive Black-Box Functions. 1998. The logarithm is taken,
as in Ament et al.: Unexpected Improvements to Expected Improvement. NeurIPS 2023: far from everything that is good
improvements differ by orders of magnitude, and a search still has to tell them apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from automl.controllers._surrogate.columns import Array, Column, Columns

LEADERS = 4
"""How many of the best so far the search begins at, besides strangers."""
_ROUNDS, _PARENTS, _CHILDREN, _STRANGERS = 5, 6, 12, 48
"""Rounds, rows that are gone on from in each, neighbours of each of these; rows at random at the beginning."""
_WIDEST, _NARROWEST = math.log(0.5), math.log(1e-3)
"""Log of the standard deviation of a step along a line."""
_FAR = -5.0
"""From so many deviations below the best on, the improvement is taken from its asymptote."""
Mask = npt.NDArray[np.bool_]
_erfc = np.frompyfunc(math.erfc, 1, 1)


def log_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """Return the log of the expected improvement over `best` of normal beliefs."""
    z = (mean - best) / deviation
    close = np.maximum(z, _FAR)
    below = 0.5 * np.asarray(_erfc(-close / math.sqrt(2.0)), dtype=float)
    near = np.log(np.exp(-0.5 * close**2) / math.sqrt(2.0 * math.pi) + close * below)
    far = -0.5 * z**2 - 0.5 * math.log(2.0 * math.pi) - 2.0 * np.log(np.maximum(-z, 1.0))
    found: Array = np.log(deviation) + np.where(z > _FAR, near, far)
    return found


def hopeful(
    columns: Columns, known: Array, leaders: Array, hope: Callable[[Array], Array], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return new rows from the most hopeful to the least, and how much is hoped of each.

    Args:
        columns: the questions.
        known: rows that were measured, and are left out; a stranger is asked what one of them was asked.
        leaders: rows to begin at, besides strangers.
        hope: returns how much is hoped of rows.
        rng: draws everything.
    """
    met = {row.tobytes() for row in known}
    rows = _new(strangers(columns, known, rng), met)
    hopes = hope(rows)
    parents = np.concatenate([leaders, rows[np.argsort(-hopes, kind="stable")[: _PARENTS - len(leaders)]]])
    for _ in range(_ROUNDS):
        children = _new(shaped(columns, neighbours(columns, parents, rng), parents, known), met)
        rows, hopes = np.concatenate([rows, children]), np.concatenate([hopes, hope(children)])
        order = np.argsort(-hopes, kind="stable")[:_STRANGERS]
        rows, hopes = rows[order], hopes[order]
        parents = rows[:_PARENTS] if len(rows) else leaders
    return rows, hopes


def _new(rows: Array, met: set[bytes]) -> Array:
    """Return the rows that were not met before, and meet them."""
    fresh: list[int] = []
    for place, row in enumerate(rows):
        key = row.tobytes()
        if key not in met:
            met.add(key)
            fresh.append(place)
    return rows[fresh]


def beside(columns: Columns, known: Array, leaders: Array, rng: np.random.Generator) -> Array:
    """Return new neighbours of the leaders, in the order of a lot: what a search would do that has no model."""
    children = shaped(columns, neighbours(columns, leaders, rng), leaders, known)
    fresh = _new(children, {row.tobytes() for row in known})
    return fresh[rng.permutation(len(fresh))]


def strangers(columns: Columns, known: Array, rng: np.random.Generator) -> Array:
    """Return rows that are asked what known ones were, and answer at random."""
    rows = known[rng.integers(len(known), size=_STRANGERS)].copy()
    for place, column in enumerate(columns.known.values()):
        drawn = column.snapped(rng.random(len(rows))) if column.number else rng.integers(column.size, size=len(rows))
        rows[:, place] = np.where(np.isnan(rows[:, place]), np.nan, drawn)
    return rows


def neighbours(columns: Columns, parents: Array, rng: np.random.Generator) -> Array:
    """Return children of rows: by turns one answer changed, all numbers changed a little, some answers changed."""
    rows = np.repeat(parents, _CHILDREN, axis=0)
    asked = ~np.isnan(rows)
    turn = np.tile(np.arange(_CHILDREN) % 3, len(parents))[:, None]
    few = rng.random(rows.shape) < 1.5 / np.maximum(asked.sum(axis=1), 1)[:, None]
    changed = asked & (_one(asked, rng) | (few & (turn == 2)))
    steps = np.exp(rng.uniform(_NARROWEST, _WIDEST, (len(rows), 1))) * rng.standard_normal(rows.shape)
    for place, column in enumerate(columns.known.values()):
        codes, moved = rows[:, place], changed[:, place]
        if column.number:
            together = asked[:, place] & (turn[:, 0] == 1) & ~moved
            new = _moved(column, codes, steps[:, place], np.where(together, 0.0, column.least))
            rows[:, place] = np.where(moved | together, new, codes)
        else:
            other = (codes + rng.integers(1, column.size, len(rows))) % column.size
            rows[:, place] = np.where(moved, other, codes)
    return rows


def shaped(columns: Columns, rows: Array, parents: Array, known: Array) -> Array:
    """Return children that ask what their answers are likely to bring with them.

    Which answer leads to which question is the program's secret. A child asks what the known row asked that agrees most
    with it on answers that can be counted, above all on those in which the child is not its parent; what is new to the
    child is answered as there.
    """
    if not np.isnan(known).any():
        return rows
    counted = [place for place, column in enumerate(columns.known.values()) if column.size]
    mine, theirs = rows[:, counted], known[:, counted]
    equal = (mine[:, None] == theirs[None]).astype(float)
    changed = mine != np.repeat(parents, _CHILDREN, axis=0)[:, counted]
    changed &= ~np.isnan(mine)
    model = known[(equal * (1.0 + len(counted) * changed[:, None])).sum(axis=2).argmax(axis=1)]
    filled = np.where(np.isnan(rows), model, rows)
    return np.where(np.isnan(model), np.nan, filled)


def _one(asked: Mask, rng: np.random.Generator) -> Mask:
    """Return one place of each row, among those that were asked."""
    lots = np.where(asked, rng.random(asked.shape), -1.0)
    return np.asarray(np.arange(asked.shape[1]) == lots.argmax(axis=1)[:, None])


def _moved(column: Column, codes: Array, steps: Array, least: Array) -> Array:
    """Move along a line, so far at least; what would leave it is turned back at the end."""
    steps = np.where(np.abs(steps) < least, np.where(steps < 0.0, -least, least), steps)
    turned = np.abs(codes + steps)
    return column.snapped(np.where(turned > 1.0, 2.0 - turned, turned))
