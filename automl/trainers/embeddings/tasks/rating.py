"""Explicit ratings: predict the number.

A small model learns from a trained large one besides, on rows that nobody rated: those of the batch, with their users
dealt anew. With s its scores, t those of the teacher, and y the ratings,

    loss of a row = (1 - share) (s - y)^2 + share (s' - t')^2, where s' and t' are of the row with another user

What is said of pairs that are not in the data keeps a model from fitting the noise of those that are; on the rows
themselves a teacher has fitted it, too. Hinton, Vinyals and Dean: Distilling the knowledge in a neural network. arXiv
1503.02531, 2015, for numbers.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks import MEASURES
from automl.trainers.embeddings.tasks.task import Lesson, Model, Task, predictions, squared_length


class Rating(Task):
    """Squared error. Predictions are not cut off at the ends of the scale: finished models do not do it, either.

    Args:
        user: place of the user's field; None if there is none, and rows stay as they are.
    """

    measures = MEASURES["rating"]
    pointwise = True
    teachable: ClassVar[bool] = True

    def __init__(self, user: int | None = None) -> None:
        self.user = user

    def bias(self, labels: Tensor) -> float:
        return float(labels.double().mean())

    def loss(self, recommender: Recommender, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        scores, vectors = recommender.looked_up(ids)
        return F.mse_loss(scores, labels), squared_length(vectors)

    def told(self, recommender: Recommender, ids: Tensor, labels: Tensor, lesson: Lesson) -> tuple[Tensor, Tensor]:
        unrated = self._dealt(ids)
        with torch.no_grad():
            wanted = lesson.teacher(unrated)
        scores, vectors = recommender.looked_up(torch.cat([ids, unrated]))  # at once: one gradient of the tables
        known, others = scores.tensor_split(2)
        loss = (1.0 - lesson.share) * F.mse_loss(known, labels) + lesson.share * F.mse_loss(others, wanted)
        return loss, squared_length(vectors[: len(ids)])

    def _dealt(self, ids: Tensor) -> Tensor:
        """Return rows (B, F) with their users in another order, drawn from torch's global generator of the CPU."""
        if self.user is None:
            return ids
        order = torch.randperm(len(ids)).to(ids.device)
        dealt = ids.clone()
        dealt[:, self.user] = ids[order, self.user]
        return dealt

    def bend(self, scores: Tensor) -> Tensor:
        return torch.full_like(scores, 2.0)

    def measure(self, model: Model, part: Part) -> dict[str, float]:
        errors = (predictions(model, part) - part.labels).double()
        mse = float(errors.square().mean())
        return {"mse": mse, "rmse": mse**0.5, "mae": float(errors.abs().mean())}
