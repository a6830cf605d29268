"""Matrix factorisation: the dot product of user and item, with biases (Koren, Bell and Volinsky 2009)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from automl.trainers.embeddings.models.scorer import Scorer, Shape


class MatrixFactorisation(Scorer):
    """u . i + b_u + b_i."""

    pairwise: ClassVar[bool] = True
    tasks: ClassVar[tuple[str, ...]] = ("rating", "ctr", "topk")
    spread: ClassVar[float] = 0.05

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.pair = shape.pair("mf")

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        user, item = self.pair
        return (vectors[:, user] * vectors[:, item]).sum(1) + first[:, user] + first[:, item]

    def match(self, users: Tensor, items: Tensor, first_user: Tensor, first_item: Tensor) -> Tensor:
        """Return the scores (U, I) of all pairs by one matrix product."""
        return torch.addmm(first_item, users, items.T).add_(first_user.unsqueeze(1))
