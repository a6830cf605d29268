"""What is predicted of a unit: the contract of the kinds of labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from automl.core.objectives import Direction
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Mask

if TYPE_CHECKING:
    from torch import Tensor

Labels = npt.NDArray[Any]


class Target(ABC):
    """A kind of label, the loss it is trained with, and the metrics it is judged by.

    Attributes:
        metrics: what `measure` returns, with the direction in which each is better; the first chooses the epoch, the
            second decides between equals.
        deviation: what the loss is measured in, where labels are numbers; see `scale`.
    """

    metrics: ClassVar[Mapping[str, Direction]]

    def __init__(self, deviation: Sequence[float] = ()) -> None:
        self.deviation = tuple(deviation)

    @abstractmethod
    def labels(self, raw: Raw, used: Mask) -> tuple[Labels, int]:
        """Return the labels of all units, and how many outputs they need.

        Args:
            raw: the graph; it has labels.
            used: (units,) which of them matter; others may be anything, and become 0.

        Raises:
            InvalidData: if they are no labels of this kind.
        """

    @abstractmethod
    def known(self, y: Labels) -> Mask:
        """Return which units have a label at all, of labels as they were given."""

    def scale(self, y: Labels) -> tuple[list[float], list[float]]:
        """Return what outputs are multiplied by and what is added, by the labels of training units; empty: nothing."""
        return [], []

    @abstractmethod
    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the loss of training, a scalar, of outputs (units, outputs) and labels."""

    @abstractmethod
    def measure(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        """Return the metrics of a part, of outputs (units, outputs) and labels."""


def better(target: Target, found: Mapping[str, float], than: Mapping[str, float]) -> bool:
    """Tell whether metrics are better than others by the first metric or, where that is equal, the second."""
    for name, direction in list(target.metrics.items())[:2]:
        if found[name] != than[name]:
            return (found[name] > than[name]) == (direction == "max")
    return False


def finite(y: Labels) -> Mask:
    """Return which rows of labels hold numbers only."""
    if y.dtype.kind != "f":
        return np.ones(len(y), bool)
    found: Mask = np.logical_and.reduce(np.isfinite(y.reshape(len(y), -1)), axis=1)
    return found
