"""What all plans of a space have in common: the fields of the data, cut into blocks, and the largest dimension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from automl.search_spaces.embeddings.fields import Field
from automl.search_spaces.embeddings.plan import Columns

Form: TypeAlias = Literal["aligned", "cells", "elements"]
ROWS_OF_A_BLOCK = 16
"""Fewest rows of a block, unless it is its field's only one: the importance of a column is a mean over them."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of rows: its field's name, its number there (hottest first), and how many rows it has."""

    field: str
    number: int
    rows: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What all plans of a space have in common.

    Attributes:
        fields: the fields of the data.
        starts: the first row of every block of every field.
        width: the largest dimension, K.
        form: what is kept of a relaxed plan: whole cells of the aligned table, whole cells, or single values.
    """

    fields: tuple[Field, ...]
    starts: tuple[tuple[int, ...], ...]
    width: int
    form: Form

    @property
    def rows(self) -> int:
        """Return the rows of all fields together."""
        return sum(field.rows for field in self.fields)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks of all fields, in the order of their rows."""
        return tuple(
            Block(field.name, number, rows)
            for field, starts in zip(self.fields, self.starts, strict=True)
            for number, rows in enumerate(block_rows(starts, field.rows))
        )

    def by_field(self, kept: Iterator[Columns]) -> tuple[tuple[Columns, ...], ...]:
        """Return the columns of all blocks, one after the other, as a plan wants them: field by field."""
        return tuple(tuple(next(kept) for _ in starts) for starts in self.starts)

    def uniform(self, dim: int) -> tuple[tuple[Columns, ...], ...]:
        """Return the first `dim` columns for every block."""
        return tuple((tuple(range(dim)),) * len(starts) for starts in self.starts)


def cut(rows: int, most: int) -> tuple[int, ...]:
    """Return the first rows of `most` equal blocks of a field; of fewer, where they would become too small."""
    number = max(1, min(most, rows // ROWS_OF_A_BLOCK))
    return tuple(rows * block // number for block in range(number))


def block_rows(starts: tuple[int, ...], rows: int) -> tuple[int, ...]:
    """Return how many rows each block of a field has."""
    return tuple(end - start for start, end in pairwise((*starts, rows)))


def popularity(field: Field, starts: tuple[int, ...]) -> tuple[float, ...]:
    """Return what share of a field's occurrences one row of each block has, on average.

    Without numbers all rows are equally popular. Between two known points the share grows evenly.
    """
    known = (0.0, *(field.popularity or (1.0,)))
    ends = np.array([*starts, field.rows], dtype=float)
    shares = np.diff(np.interp(ends / field.rows, np.linspace(0.0, 1.0, len(known)), known))
    return tuple((shares / np.diff(ends)).tolist())
