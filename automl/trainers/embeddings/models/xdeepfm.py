"""xDeepFM: compressed interactions beside a network (Lian et al., arXiv 1803.05170)."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.trainers.embeddings.models.scorer import Rotation, Scorer, Shape, dense

MAPS = (32, 32)
"""Feature maps of each interaction layer."""


class CompressedInteractions(nn.Module):
    """The compressed interaction network, equations 6 to 8, with the identity as activation.

    X^k_h = sum over i, j of W^k_hij (X^(k-1)_i * X^0_j), column by column
    """

    def __init__(self, fields: int) -> None:
        super().__init__()
        before = (fields, *MAPS[:-1])
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(maps, entering * fields) / (entering * fields) ** 0.5)
            for maps, entering in zip(MAPS, before, strict=True)
        )
        self.output = nn.Linear(sum(MAPS), 1, bias=False)
        nn.init.xavier_normal_(self.output.weight)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return scores (B,) of vectors (B, F, K)."""
        columns = vectors.transpose(1, 2).contiguous()  # (B, K, F): a layer is then one matrix product
        maps, pooled = columns, []
        for weight in self.weights:
            products = maps.unsqueeze(3) * columns.unsqueeze(2)
            maps = F.linear(products.flatten(2), weight)
            pooled.append(maps.sum(1))
        scores: Tensor = self.output(torch.cat(pooled, 1))
        return scores.squeeze(1)


class XDeepFm(Scorer):
    """First-order weights, compressed interactions and a network. The interactions are of single columns."""

    rotation: ClassVar[Rotation] = "none"
    spread: ClassVar[float] = 0.05

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.cin = CompressedInteractions(self.fields)
        self.deep = dense(shape.inputs, shape.hidden, live=shape.live, dropout=shape.dropout)

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,)."""
        deep: Tensor = self.deep(vectors.flatten(1))
        interactions: Tensor = self.cin(vectors)
        return interactions + deep.squeeze(1) + first.sum(1)
