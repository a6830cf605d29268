"""What is predicted of an image: the contract of the kinds of labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from automl.core.objectives import Direction

if TYPE_CHECKING:
    from torch import Tensor

    from automl.trainers.cnn.data.records import Images

Labels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Target(ABC):
    """A kind of label, the loss it is trained with, and the metrics it is judged by.

    Attributes:
        metrics: what `measure` returns, with the direction in which each is better; the first chooses the epoch.
        mean, deviation: of the labels of training images, one for each output; empty where labels have no scale.
    """

    metrics: ClassVar[Mapping[str, Direction]]

    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @classmethod
    @abstractmethod
    def check(cls, train: Images, others: Sequence[Images], names: tuple[str, ...], where: str) -> int:
        """Return how many outputs a network needs, when all labels are of this kind.

        Args:
            train: images to train on, before any are kept apart.
            others: those that came apart.
            names: what classes are called, empty if unknown.
            where: file or name, for messages.

        Raises:
            InvalidData: if they are no labels of this kind, or there is nothing to learn.
        """

    @classmethod
    @abstractmethod
    def strata(cls, images: Images) -> npt.NDArray[np.int64]:
        """Return numbers from 0 (N,): images of one number are divided in proportion."""

    @classmethod
    def scale(cls, images: Images) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return `mean` and `deviation` by the images that are trained on."""
        return (), ()

    def scaled(self, labels: Labels) -> Labels:
        """Return labels as the loss takes them."""
        return labels

    @abstractmethod
    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of training, a scalar, of outputs (N, outputs) and scaled labels."""

    @abstractmethod
    def measure(self, outputs: Tensor, labels: Tensor) -> dict[str, float]:
        """Return the metrics of a part, of outputs (N, outputs) and scaled labels, in the units of the labels."""


def better(target: type[Target], found: Mapping[str, float], than: Mapping[str, float]) -> bool:
    """Tell whether metrics on validation images are better than others, by the first metric of the target."""
    name, direction = next(iter(target.metrics.items()))
    ahead = found[f"val_{name}"] - than[f"val_{name}"]
    return ahead > 0 if direction == "max" else ahead < 0


def named(part: str, found: Mapping[str, float]) -> dict[str, float]:
    """Return metrics under the names they have on a part of the data: `val_accuracy`."""
    return {f"{part}_{name}": value for name, value in found.items()}
