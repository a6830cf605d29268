"""DeepFM: a factorisation machine and a network on the same embeddings (Guo et al., arXiv 1703.04247)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from automl.trainers.embeddings.models.fm import interactions
from automl.trainers.embeddings.models.scorer import Rotation, Scorer, Shape, dense, fold


class DeepFm(Scorer):
    """The factorisation machine plus hidden layers on the vectors of all fields, one after the other."""

    rotation: ClassVar[Rotation] = "foldable"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.deep = dense(shape.inputs, shape.hidden, live=shape.live, dropout=shape.dropout)

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        deep: Tensor = self.deep(vectors.flatten(1))
        return interactions(vectors) + first.sum(1) + deep.squeeze(1)

    def rotate(self, q: Tensor) -> None:
        """Fold a rotation into the first hidden layer; the pairs do not notice it."""
        fold(self.deep, q)
