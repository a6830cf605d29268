"""What a task is: a loss to train on, and how predictions are measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from automl.core.objectives import Direction
from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender

ROWS_AT_ONCE = 16_384


class Model(Protocol):
    """A recommender in training, or a finished one."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Return scores (B,) of rows (B, F)."""

    def rank(self, users: Tensor) -> Tensor:
        """Return the scores (U, items) of all rows of the item's field, PAD and OOV included."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a model learns from besides its rows.

    Attributes:
        teacher: a trained model, in eval mode.
        share: of the loss that is about the teacher's scores.
        sharpen: what these are multiplied by.
        chances: (users, items) of what a user chooses next, where they are kept; None has the teacher asked every time.
    """

    teacher: Recommender
    share: float
    sharpen: float
    chances: Tensor | None = None


class Task(ABC):
    """A task on one data set.

    Attributes:
        measures: what is measured, the objective first, with the direction in which it is better.
        pointwise: whether every score has a loss of its own, a mean over rows.
        teachable: whether it can be learned from another model's scores.
    """

    measures: Mapping[str, Direction]
    pointwise: ClassVar[bool] = False
    teachable: ClassVar[bool] = False

    @abstractmethod
    def bias(self, labels: Tensor) -> float:
        """Return the score that fits labels (N,) best if it is the same for all: where training starts."""

    @abstractmethod
    def loss(self, recommender: Recommender, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean loss of rows (B, F), and the mean squared length of the embeddings of a row."""

    def lesson(self, teacher: Recommender, *, share: float, sharpen: float) -> Lesson:
        """Return what a model learns from a teacher; teachable tasks have it.

        Raises:
            NotImplementedError: if the task is not teachable.
        """
        raise NotImplementedError

    def told(self, recommender: Recommender, ids: Tensor, lesson: Lesson) -> tuple[Tensor, Tensor]:
        """Return the same as `loss`, where a share of what is learned is what a teacher says; teachable tasks have it.

        Raises:
            NotImplementedError: if the task is not teachable.
        """
        raise NotImplementedError

    @abstractmethod
    def measure(self, model: Model, part: Part) -> dict[str, float]:
        """Return the measures on a part of the data."""

    def bend(self, scores: Tensor) -> Tensor:
        """Return the second derivative (B,) of the loss of each row in its score; pointwise tasks have one.

        Raises:
            NotImplementedError: if the task is not pointwise.
        """
        raise NotImplementedError

    @property
    def objective(self) -> str:
        """Return the measure that decides."""
        return next(iter(self.measures))

    @property
    def sign(self) -> float:
        """Return 1 if the objective is to be large, -1 if it is to be small."""
        return 1.0 if self.measures[self.objective] == "max" else -1.0


@torch.no_grad()
def predictions(model: Model, part: Part) -> Tensor:
    """Return the scores (N,) of a part of the data."""
    return torch.cat([model(ids) for ids in torch.split(part.ids, ROWS_AT_ONCE)])


def squared_length(vectors: Tensor) -> Tensor:
    """Return the squared length of all embeddings of a row of data, a mean over rows (B, F, K)."""
    return vectors.square().sum() / len(vectors)
