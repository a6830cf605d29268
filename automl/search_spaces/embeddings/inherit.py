"""Which weights of a plan another can use.

    the same plan                   everything: a further segment
    wide -> soft                    everything but state/
    wide, soft -> whole cells       the kept columns, alpha multiplied in; first/; net/; teacher/
    wide, soft -> elements          the largest |alpha e|; first/; net/; teacher/
    thresholds -> elements          the values before training of what survived, and nothing else (PEP's lottery ticket)
    plain -> plain                  blocks all of whose columns are there; first/; net/

net/ only where the model sees vectors of the same width. Columns of an aligned table and others are not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from automl.core.records import Weights
from automl.search_spaces.embeddings import layout
from automl.search_spaces.embeddings.elements import Array, largest, pack
from automl.search_spaces.embeddings.fields import Field
from automl.search_spaces.embeddings.frame import block_rows
from automl.search_spaces.embeddings.plan import Columns, Plan


@dataclass(frozen=True, slots=True)
class _Pair:
    """The columns of a block in child and parent; soft: whether the parent weights them with an alpha."""

    field: str
    block: int
    rows: int
    child: Columns
    parent: Columns
    soft: bool


def inherit(fields: Sequence[Field], child: Plan, parent: Plan, weights: Weights) -> Weights | None:
    """Return copies of what the child can use; None if that is nothing."""
    if replace(child, origin="") == replace(parent, origin=""):
        found = {name: array.copy() for name, array in weights.items()}
    elif child.aligned != parent.aligned:
        return None
    else:
        found = _from_another(list(_pairs(fields, child, parent)), child, parent, weights)
    return found if any(array.size for array in found.values()) else None


def _from_another(pairs: list[_Pair], child: Plan, parent: Plan, weights: Weights) -> dict[str, Array]:
    relaxed = parent.stage in ("wide", "soft")
    if parent.stage == "wide" and child.stage == "soft":
        return {name: array.copy() for name, array in weights.items() if not name.startswith(layout.STATE)}
    if child.stage != "plain":
        return {}
    if parent.stage == "thresholds":
        return _survivors(pairs, child, weights)
    around = _around(child, parent, weights)
    around |= {name: array for name, array in weights.items() if relaxed and name.startswith(layout.TEACHER)}
    if child.elements is not None:
        return {**(_elements(pairs, child, weights) if relaxed else {}), **around}
    return {**(_cells(pairs, weights) if parent.elements is None else {}), **around}


def _pairs(fields: Sequence[Field], child: Plan, parent: Plan) -> Iterator[_Pair]:
    """Yield the blocks of the fields that both plans cut alike."""
    for place, field in enumerate(fields):
        starts = child.starts[place]
        if starts == parent.starts[place]:
            rows = block_rows(starts, field.rows)
            for block, (own, others) in enumerate(zip(child.columns[place], parent.columns[place], strict=True)):
                yield _Pair(field.name, block, rows[block], own, others, parent.stage == "soft")


def _around(child: Plan, parent: Plan, weights: Weights) -> dict[str, Array]:
    """Return first-order weights, and the rest of the model where it fits."""
    prefixes = ("first/", layout.NET) if child.width == parent.width else ("first/",)
    return {name: array.copy() for name, array in weights.items() if name.startswith(prefixes)}


def _table(pair: _Pair, weights: Weights, name: Callable[[str, int], str] = layout.table) -> Array | None:
    """Return the child's columns (rows, kept) of a parent's table, alpha multiplied in; None if one is not there."""
    table = weights.get(name(pair.field, pair.block))
    if table is None or table.shape != (pair.rows, len(pair.parent)) or not set(pair.child) <= set(pair.parent):
        return None
    if pair.soft:
        alpha = weights.get(layout.alpha(pair.field, pair.block))
        if alpha is None or alpha.shape != (len(pair.parent),):
            return None
        table = table * alpha.astype(table.dtype)
    return np.ascontiguousarray(table[:, np.searchsorted(pair.parent, pair.child)])


def _cells(pairs: list[_Pair], weights: Weights) -> dict[str, Array]:
    tables = {layout.table(pair.field, pair.block): _table(pair, weights) for pair in pairs}
    return {name: table for name, table in tables.items() if table is not None}


def _elements(pairs: list[_Pair], child: Plan, weights: Weights) -> dict[str, Array]:
    """Return the largest values of all blocks together; nothing if a block is missing."""
    tables = _complete([_table(pair, weights) for pair in pairs], child)
    kept = largest(tables, child.elements or 0) if tables else []
    return _packed(pairs, tables, kept)


def _survivors(pairs: list[_Pair], child: Plan, weights: Weights) -> dict[str, Array]:
    """Return the values before training of those that are largest now; nothing if a block is missing."""
    if child.elements is None:
        return {}
    tables = _complete([_table(pair, weights) for pair in pairs], child)
    initial = _complete([_table(pair, weights, layout.initial) for pair in pairs], child)
    kept = largest(tables, child.elements) if tables and initial else []
    return _packed(pairs, initial, kept)


def _complete(tables: list[Array | None], child: Plan) -> list[Array]:
    found = [table for table in tables if table is not None]
    return found if len(found) == sum(map(len, child.columns)) else []


def _packed(pairs: list[_Pair], tables: list[Array], kept: list[Array]) -> dict[str, Array]:
    """Return values, places among all K columns, and counts of every block; nothing if no value is kept."""
    found: dict[str, Array] = {}
    if not any(mask.any() for mask in kept):
        return found
    for pair, table, mask in zip(pairs, tables, kept, strict=True):
        elements = pack(table, mask)
        found[layout.values(pair.field, pair.block)] = elements.values
        found[layout.places(pair.field, pair.block)] = np.array(pair.child, dtype=np.uint8)[elements.places]
        found[layout.counts(pair.field, pair.block)] = elements.counts
    return found
