"""Factorisation machine of second order (Rendle 2010)."""

from __future__ import annotations

from torch import Tensor

from automl.trainers.embeddings.models.scorer import Scorer


def interactions(vectors: Tensor) -> Tensor:
    """Return the sum (B,) of the dot products of all pairs among the vectors (B, F, K), in linear time."""
    total = vectors.sum(1)
    return 0.5 * (total.square().sum(1) - vectors.square().sum((1, 2)))


class FactorisationMachine(Scorer):
    """First-order weights and the dot products of all pairs of fields."""

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        return interactions(vectors) + first.sum(1)
