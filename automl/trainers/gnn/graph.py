"""What the trainer reads: graphs with features, labels and who is trained on, selected by and tested on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.search_spaces.gnn.size import Task

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SPARSE = 0.15
"""Share of values that are not zero, below which storing and multiplying only those is faster."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Features of nodes: all of them, or row by row those that are not zero.

    Attributes:
        shape: nodes and features.
        dense: (nodes, features), or None.
        offsets: (nodes + 1,) where each row begins among `indices` and `values`.
        indices: feature of each stored value.
        values: the stored values.
    """

    shape: tuple[int, int]
    dense: Floats | None = None
    offsets: Integers | None = None
    indices: Any = None
    values: Any = None

    def nodes(self) -> Integers:
        """Return the node of each stored value."""
        assert self.offsets is not None
        return np.repeat(np.arange(self.shape[0]), np.diff(self.offsets))

    def normalized(self) -> Rows:
        """Return rows that sum to 1; empty ones stay empty."""
        if self.dense is not None:
            total = self.dense.sum(axis=1, keepdims=True)
            total[total == 0] = 1
            return Rows(self.shape, dense=self.dense / total)
        total = np.zeros(self.shape[0], np.float32)
        np.add.at(total, self.nodes(), self.values)
        total[total == 0] = 1
        return Rows(self.shape, None, self.offsets, self.indices, self.values / total[self.nodes()])

    def smallest(self) -> float:
        """Return the smallest value."""
        found = self.values if self.dense is None else self.dense
        return float(found.min()) if found.size else 0.0

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return the arrays there are, for a hash."""
        return [array for array in (self.dense, self.offsets, self.indices, self.values) if array is not None]


def rows_of(x: Floats) -> Rows:
    """Return a matrix of features as rows, without its zeros if it has many."""
    if np.count_nonzero(x) >= SPARSE * x.size:
        return Rows((len(x), x.shape[1]), dense=x)
    node, index = np.nonzero(x)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(node, minlength=len(x)))])
    return Rows((len(x), x.shape[1]), None, offsets, index, x[node, index])


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """What is trained on, checked: one graph, or several side by side, and the units that are predicted.

    Units are nodes, graphs or links, as the task has it.

    Attributes:
        where: what it was read from, for messages.
        x: features of its nodes.
        edge_index: (2, edges) from and to, along which messages go; layers add self loops and leave out duplicates.
        y: labels of the units (units, ...); a unit that is in no part may have any.
        train, validation, test: (units,) who belongs to which part; parts do not overlap.
        outputs: of a network: classes, labels or numbers.
        task: what the units are.
        predict: what is predicted of them: "classes", "labels", "numbers" or "links".
        names: of the classes; empty if unknown.
        sizes: nodes of each graph.
        pairs: (2, units) the ends of links and of pairs that are none; None where units are no links.
        deviation, mean: of labels that are numbers, of training units.
    """

    where: str
    x: Rows
    edge_index: Integers
    y: npt.NDArray[Any]
    train: Mask
    validation: Mask
    test: Mask
    outputs: int
    task: Task = "node"
    predict: str = "classes"
    names: tuple[str, ...] = ()
    sizes: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    pairs: Integers | None = None
    deviation: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return self.x.shape[0]

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return all arrays, for a hash."""
        pairs = [] if self.pairs is None else [self.pairs]
        parts = (self.train, self.validation, self.test)
        return [*self.x.arrays(), self.edge_index, self.y, *parts, self.sizes, *pairs]
