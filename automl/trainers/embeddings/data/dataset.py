"""A data set as the trainer reads it: integers, labels, and which part each row belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Task: TypeAlias = Literal["rating", "ctr", "topk"]
"""Explicit ratings (regression), clicks (binary), or implicit feedback (rank all items for a user)."""
PARTS = ("train", "search", "stop", "test")
"""What a row is for: to train on; to learn alpha on, and in plain trainings to train on; to stop early and to select
on; to be touched once at the end."""
PAD = 0
"""The row of every field that stands for no value."""


@dataclass(frozen=True, eq=False)
class Column:
    """A field of the data, encoded. Row 0 is PAD, the last row is OOV, between them the values by falling frequency.

    Attributes:
        name: name of the field.
        values: what the rows between PAD and OOV stand for, as texts; for a hashed field the numbers of its buckets.
        counts: (rows,) occurrences in the parts `train` and `search`.
        kind: "token", "hash" (values are hashed into buckets) or "number" (values are bins).
        edges: ascending inner edges of the bins of a number; empty otherwise.
        buckets: into how many buckets the values of a hashed field fall; those that training never met have no row. 0
            otherwise.
    """

    name: str
    values: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    kind: Literal["token", "hash", "number"] = "token"
    edges: tuple[float, ...] = ()
    buckets: int = 0

    @property
    def rows(self) -> int:
        """Return the rows of the table of the field, with PAD and OOV."""
        return len(self.values) + 2


@dataclass(frozen=True, eq=False)
class Dataset:
    """Encoded data.

    Attributes:
        task: what is predicted.
        columns: the fields, F of them.
        ids: (N, F) int32, the row of each field's table.
        labels: (N,) float32: ratings, clicks in {0, 1}, or ones for implicit feedback.
        parts: (N,) uint8, place in `PARTS`.
        user: place of the field that names the user in `columns`; None if there is none.
        item: place of the field that names the item; None if there is none.
        name: what to call the data.
        remarks: what was dropped or inferred, as sentences.
    """

    task: Task
    columns: tuple[Column, ...]
    ids: npt.NDArray[np.int32]
    labels: npt.NDArray[np.float32]
    parts: npt.NDArray[np.uint8]
    user: int | None = None
    item: int | None = None
    name: str = ""
    remarks: tuple[str, ...] = ()

    def part(self, *names: str) -> npt.NDArray[np.int64]:
        """Return the numbers of the rows that belong to one of these parts, ascending."""
        return np.flatnonzero(np.isin(self.parts, [PARTS.index(name) for name in names]))
