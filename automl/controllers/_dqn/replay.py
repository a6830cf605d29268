"""The memory of transitions: a ring of columns, with observations packed to bits where they are binary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.controllers._dqn.transitions import Columns

_OBSERVED = ("before", "after")


class Replay:
    """The latest transitions, `capacity` at most.

    A space of circuits shows zeros and ones, which take a bit each; the first observation with another number turns
    the memory to float32 for good.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._columns: Columns = {}
        self._next = 0
        self._size = 0
        self._inputs = 0
        self._binary = True

    def __len__(self) -> int:
        return self._size

    def add(self, rows: Columns) -> None:
        """Add transitions; the oldest give way."""
        self._adopt(rows)
        count = len(rows["move"])
        places = (self._next + np.arange(count)) % self.capacity
        for name, column in self._packed(rows).items():
            self._columns[name][places] = column
        self._next = (self._next + count) % self.capacity
        self._size = min(self._size + count, self.capacity)

    def draw(self, rng: np.random.Generator, count: int) -> Columns:
        """Return so many transitions, drawn uniformly; none twice where there are enough."""
        return self.rows(rng.choice(self._size, count, replace=count > self._size))

    def rows(self, places: npt.NDArray[np.int64]) -> Columns:
        """Return the transitions at these places."""
        rows = {name: column[places] for name, column in self._columns.items()}
        if self._binary:
            rows |= {name: np.unpackbits(rows[name], axis=1, count=self._inputs) for name in _OBSERVED}
        return rows

    def _adopt(self, rows: Columns) -> None:
        """Make room for rows of this kind, and give up bits where they do not suffice."""
        binary = all(((rows[name] == 0) | (rows[name] == 1)).all() for name in _OBSERVED)
        self._inputs = rows["before"].shape[1]
        if self._binary and not binary:
            for name in _OBSERVED if self._columns else ():
                wide = np.unpackbits(self._columns[name], axis=1, count=self._inputs)
                self._columns[name] = wide.astype(np.float32)
            self._binary = False
        needed = min(self.capacity, self._size + len(rows["move"]))
        room = len(self._columns["move"]) if self._columns else 0
        if needed > room:
            self._grow(min(self.capacity, max(needed, 2 * room)), self._packed(rows))

    def _grow(self, room: int, rows: Columns) -> None:
        """Give every column so many places; the ring is never turned, since it is not full while it grows."""
        for name, column in rows.items():
            wide = np.zeros((room, *column.shape[1:]), dtype=column.dtype)
            if name in self._columns:
                wide[: self._size] = self._columns[name][: self._size]
            self._columns[name] = wide

    def _packed(self, rows: Columns) -> Columns:
        if not self._binary:
            return rows
        return rows | {name: np.packbits(rows[name].astype(bool), axis=1) for name in _OBSERVED}

    def state_dict(self) -> dict[str, Any]:
        """Return the transitions and where the ring is."""
        return {
            "columns": {name: column[: self._size].copy() for name, column in self._columns.items()},
            "next": self._next,
            "inputs": self._inputs,
            "binary": self._binary,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._columns = {name: np.array(column) for name, column in state["columns"].items()}
        self._size = len(self._columns["move"]) if self._columns else 0
        self._next, self._inputs, self._binary = state["next"], state["inputs"], state["binary"]
