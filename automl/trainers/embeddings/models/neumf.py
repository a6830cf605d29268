"""Neural matrix factorisation on shared embeddings (He et al., arXiv 1708.05031, equation 11)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from automl.trainers.embeddings.models.scorer import Rotation, Scorer, Shape, dense


class NeuralMatrixFactorisation(Scorer):
    """A weighted product of user and item, and a network on both.

    The weights h of the product stand for single columns, so a rotation cannot be undone. They start at one: the model
    starts as a dot product plus a network.
    """

    rotation: ClassVar[Rotation] = "none"
    first_order: ClassVar[bool] = False
    pairwise: ClassVar[bool] = True
    tasks: ClassVar[tuple[str, ...]] = ("rating", "ctr", "topk")
    spread: ClassVar[float] = 0.05

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.pair = shape.pair("neumf")
        self.product = nn.Parameter(torch.ones(shape.width))
        live = shape.live * 2 / len(shape.rows)
        self.deep = dense(2 * shape.width, shape.hidden, live=live, dropout=shape.dropout)

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        user, item = (vectors[:, place] for place in self.pair)
        deep: Tensor = self.deep(torch.cat([user, item], 1))
        return (user * item) @ self.product + deep.squeeze(1)
