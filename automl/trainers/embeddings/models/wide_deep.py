"""Wide & Deep: first-order weights and a network (Cheng et al., arXiv 1606.07792), without crossed features."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from automl.trainers.embeddings.models.mlp import Mlp


class WideDeep(Mlp):
    """The network plus the first-order weights of all fields."""

    first_order: ClassVar[bool] = True

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        return super().forward(vectors, first) + first.sum(1)
