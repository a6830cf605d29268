"""Replay memories of the library, as arrays and back, also into one of another size.

A memory is a ring of rows; one with priorities has a tree of their sums, whose nodes are saved as they are: added up
anew, they would differ in the last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.records import Weights

Array = npt.NDArray[Any]

_ROWS = ("obs", "next_obs", "actions", "rewards", "dones")


def dump(memory: Any) -> Weights:
    """Return the rows in use, the place of the next one, the size; of a tree the nodes above these rows."""
    tree = getattr(memory, "tree", None)
    kept: dict[str, Array] = {name: getattr(memory, name)[: memory.size].copy() for name in _ROWS}
    kept["place"] = np.array([memory.ptr, memory.max_size], np.int64)
    if tree is not None:
        kept["least"] = np.array(memory.min_priority)
        for level, nodes in enumerate(reversed(tree.nodes)):
            kept[f"tree{level}"] = nodes[: _above(memory.size, level)].copy()
    return kept


def load(memory: Any, kept: Weights) -> None:
    """Fill a new memory; one that is too small keeps the latest rows, one of another size sums priorities anew."""
    order = _order(len(kept["rewards"]), int(kept["place"][0]), int(kept["place"][1]), memory.max_size)
    for name in _ROWS:
        getattr(memory, name)[: len(order)] = kept[name][order]
    memory.size = len(order)
    same = int(kept["place"][1]) == memory.max_size
    memory.ptr = int(kept["place"][0]) if same else len(order) % memory.max_size
    if not hasattr(memory, "tree"):
        return
    if "least" in kept:
        memory.min_priority = float(kept["least"])
    if same and "tree0" in kept:
        for level, nodes in enumerate(reversed(memory.tree.nodes)):
            nodes[: _above(memory.size, level)] = kept[f"tree{level}"]
    elif len(order):
        priorities = kept["tree0"][order] if "tree0" in kept else np.full(len(order), memory.min_priority)
        memory.tree.batch_set(np.arange(len(order)), priorities)


def _above(rows: int, level: int) -> int:
    """Return how many nodes of a level, counted from the leaves, lie above some rows."""
    return -(-rows // (1 << level))


def _order(rows: int, place: int, size: int, new_size: int) -> Array:
    """Return which rows go into the new memory, in their order there."""
    if size == new_size:
        return np.arange(rows)
    oldest = place if rows == size else 0
    found: Array = (oldest + np.arange(rows)) % max(rows, 1)
    return found[-new_size:]
