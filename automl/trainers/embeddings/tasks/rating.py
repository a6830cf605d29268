"""Explicit ratings: predict the number."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks import MEASURES
from automl.trainers.embeddings.tasks.task import Model, Task, predictions, squared_length


class Rating(Task):
    """Squared error. Predictions are not cut off at the ends of the scale: finished models do not do it, either."""

    measures = MEASURES["rating"]
    pointwise = True

    def bias(self, labels: Tensor) -> float:
        return float(labels.double().mean())

    def loss(self, recommender: Recommender, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        scores, vectors = recommender.looked_up(ids)
        return F.mse_loss(scores, labels), squared_length(vectors)

    def bend(self, scores: Tensor) -> Tensor:
        return torch.full_like(scores, 2.0)

    def measure(self, model: Model, part: Part) -> dict[str, float]:
        errors = (predictions(model, part) - part.labels).double()
        mse = float(errors.square().mean())
        return {"mse": mse, "rmse": mse**0.5, "mae": float(errors.abs().mean())}
