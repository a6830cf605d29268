"""LightGCN: matrix factorisation whose vectors are averaged over the graph of who met what (arXiv 2002.02126)."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.core.errors import UsageError
from automl.trainers.embeddings.models.scorer import Scorer, Shape

LAYERS = 3


class Spread(torch.autograd.Function):
    """The product of a symmetric sparse matrix with a table; its own derivative, which torch would transpose for."""

    @staticmethod
    def forward(adjacency: Tensor, table: Tensor) -> Tensor:
        """Return the product (R, K)."""
        product: Tensor = torch.sparse.mm(adjacency, table)
        return product

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        """Keep the matrix for the derivative."""
        ctx.adjacency = inputs[0]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[None, Tensor]:
        """Return the product with the slopes, which can be differentiated again."""
        return None, _product(ctx.adjacency, slopes[0])


def _product(adjacency: Tensor, table: Tensor) -> Tensor:
    product: Tensor = Spread.apply(adjacency, table)  # type: ignore[no-untyped-call]
    return product


class LightGcn(Scorer):
    """u . i of the means of layers 0 to 3; each layer multiplies the table with D^-1/2 A D^-1/2.

    Attributes:
        pairs: (E, 2) int32 rows of users and items, counted in their fields; part of the model, for without them it is
            another one.
    """

    first_order: ClassVar[bool] = False
    pairwise: ClassVar[bool] = True
    propagates: ClassVar[bool] = True
    tasks: ClassVar[tuple[str, ...]] = ("topk", "rating", "ctr")
    spread: ClassVar[float] = 0.05
    pairs: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.pair = shape.pair("lightgcn")
        self.rows = shape.rows
        self._adjacency: Tensor | None = None
        self.register_buffer("pairs", torch.zeros(0, 2, dtype=torch.int32))

    def connect(self, pairs: npt.NDArray[np.integer] | None) -> None:
        """Take the graph (E, 2); a pair counts once, however often it is there."""
        if pairs is not None:
            unique = np.unique(np.asarray(pairs, dtype=np.int32).reshape(-1, 2), axis=0)
            self.pairs, self._adjacency = torch.from_numpy(unique), None

    def connected(self) -> bool:
        """Say whether it has got a graph."""
        return len(self.pairs) > 0

    def propagate(self, table: Tensor) -> Tensor:
        """Return the mean of all layers, (R, K).

        Raises:
            UsageError: if it has got no graph.
        """
        if self._adjacency is None or (self._adjacency.dtype, self._adjacency.device) != (table.dtype, table.device):
            self._adjacency = self._normalised(len(table)).to(table)
        total = layer = table
        for _ in range(LAYERS):
            layer = _product(self._adjacency, layer)
            total = total + layer
        return total / (LAYERS + 1)

    def _normalised(self, rows: int) -> Tensor:
        """Return D^-1/2 A D^-1/2, (R, R) sparse."""
        if not self.connected():
            raise UsageError("LightGCN needs the pairs of users and items to spread along.", "Give it data with pairs.")
        offsets = torch.tensor([sum(self.rows[:place]) for place in self.pair])
        user, item = (self.pairs.cpu().long() + offsets).T
        ends = torch.stack([torch.cat([user, item]), torch.cat([item, user])])
        degree = torch.bincount(ends[0], minlength=rows).float()
        values = (degree[ends[0]] * degree[ends[1]]).rsqrt()
        matrix = torch.sparse_coo_tensor(ends, values, (rows, rows), check_invariants=True).coalesce()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            return matrix.to_sparse_csr()  # its product is three times as fast

    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,) of vectors of the propagated table."""
        user, item = self.pair
        return (vectors[:, user] * vectors[:, item]).sum(1)

    def match(self, users: Tensor, items: Tensor, first_user: Tensor, first_item: Tensor) -> Tensor:
        """Return the scores (U, I) of all pairs by one matrix product."""
        return users @ items.T
