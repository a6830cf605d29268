"""What one step of training reads: some nodes and edges, which units are asked for, and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from automl.trainers.gnn.features import Features
from automl.trainers.gnn.wiring import Wiring


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Nodes with their edges, and what is asked about them.

    Attributes:
        x: features (nodes, features).
        wiring: the edges between these nodes, or those that every layer needs.
        asked: what the head of the network reads: places of nodes (units,), the graph of each node (nodes,), or the two
            ends of pairs (2, units).
        y: labels (units, ...).
    """

    x: Features
    wiring: Wiring | Sequence[Wiring]
    asked: Tensor
    y: Tensor


class Source(Protocol):
    """Where the batches of a part come from."""

    @property
    def y(self) -> Tensor:
        """Return the labels of the part (units, ...), which are all the labels that it has."""

    def batches(self, layers: int, *, whole: bool = False) -> Iterable[Batch]:
        """Return the batches of one epoch for a network of so many layers.

        With `whole`, hidden layers are computed for all nodes of a batch, because batch norms want their statistics.
        What is random about those to train on is drawn from torch's generator.
        """


class Always:
    """The same batches in every epoch."""

    def __init__(self, batches: Sequence[Batch], y: Tensor) -> None:
        self._batches, self.y = batches, y

    def batches(self, layers: int, *, whole: bool = False) -> Sequence[Batch]:
        return self._batches
