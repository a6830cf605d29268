"""Single values of a table: which are the largest, and how they are kept without the others.

The kept values stand row by row; `places` has the column of each, `counts` how many each row has, both in a byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import WeightsError

Array: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]
MOST_COLUMNS = 255
"""A row's number of values must fit into a byte."""


@dataclass(frozen=True, eq=False)
class Elements:
    """The kept values of a block.

    Attributes:
        values: (kept,) row by row, columns ascending.
        places: (kept,) uint8, the column of each.
        counts: (rows,) uint8, how many values each row keeps.
    """

    values: Array
    places: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.uint8]


def pack(table: Array, kept: Mask) -> Elements:
    """Return the kept values of a table (rows, K), K up to 255."""
    return Elements(table[kept], np.nonzero(kept)[1].astype(np.uint8), kept.sum(axis=1).astype(np.uint8))


def unpack(elements: Elements, width: int) -> tuple[Array, Mask]:
    """Return a table (rows, `width`), zero where nothing is kept, and what is kept.

    Raises:
        WeightsError: if values, places and counts do not belong together.
    """
    values, places, counts = elements.values, elements.places.astype(np.int64), elements.counts.astype(np.int64)
    if not counts.sum() == len(values) == len(places) or (places >= width).any():
        raise WeightsError(f"{len(values)} values at {len(places)} places, counted as {counts.sum()}, are no elements.")
    rows = np.repeat(np.arange(len(counts)), counts)
    table, kept = np.zeros((len(counts), width), dtype=values.dtype), np.zeros((len(counts), width), dtype=bool)
    kept[rows, places] = True
    if kept.sum() != len(values):
        raise WeightsError("A row keeps two values of one column.")
    table[rows, places] = values
    return table, kept


def largest(tables: Sequence[Array], most: int) -> list[Mask]:
    """Return where the `most` largest magnitudes of all tables together are; zeros and NaN are never among them.

    Equal ones are taken in the order of tables, rows and columns.
    """
    sizes = np.nan_to_num(np.concatenate([np.abs(table).ravel() for table in tables]), copy=False, nan=0.0)
    kept: Mask = sizes > 0
    if kept.sum() > most:
        edge = np.partition(sizes, len(sizes) - most)[len(sizes) - most] if most else np.inf
        kept = sizes > edge
        kept[np.flatnonzero(sizes == edge)[: most - kept.sum()]] = True
    ends = np.cumsum([table.size for table in tables])[:-1]
    return [part.reshape(table.shape) for part, table in zip(np.split(kept, ends), tables, strict=True)]
