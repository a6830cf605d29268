"""A network on the embeddings of all fields."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from automl.trainers.embeddings.models.scorer import Rotation, Scorer, Shape, dense, fold


class Mlp(Scorer):
    """Hidden layers on the vectors of all fields, one after the other."""

    rotation: ClassVar[Rotation] = "foldable"
    first_order: ClassVar[bool] = False
    spread: ClassVar[float] = 0.05

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.deep = dense(shape.inputs, shape.hidden, live=shape.live, dropout=shape.dropout)

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        deep: Tensor = self.deep(vectors.flatten(1))
        return deep.squeeze(1)

    def rotate(self, q: Tensor) -> None:
        """Fold a rotation into the first layer."""
        fold(self.deep, q)
