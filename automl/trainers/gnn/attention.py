"""The attention functions: how much a neighbour counts. Seven are published; with the eighth no neighbour does.

h_i is what a layer makes of node i for one head, a vector of the head's width; a_c, a_n and a are trained vectors of
that width, * multiplies elementwise. Those that have such vectors are normalised by a softmax over the neighbours of i,
itself included. Zhou et al. 2022, table 1, where W_c and W_n stand before h; here they are a_c and a_n, as in GAT,
because h has been through a matrix already.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.search_spaces.gnn.candidate import Attention
from automl.search_spaces.gnn.size import VECTORS
from automl.trainers.gnn.chunked import tanh_scores
from automl.trainers.gnn.sparse import edge_sums, products, row_softmax
from automl.trainers.gnn.wiring import Wiring

Function: TypeAlias = Callable[[Tensor, Tensor, Wiring], Tensor]
"""From h (heard, heads, width), vectors (vectors, heads, width) and the edges to a score for every edge and head:
(edges, heads), or (edges, 1) where all heads have the same."""

SLOPE = 0.2
"""Of leaky_relu below zero, as in GAT."""


def const(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """Every neighbour counts the same: e_ij = 1."""
    return wiring.ones


def gcn(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """The fewer neighbours either has, the more it counts: e_ij = 1 / sqrt(d_i d_j). Kipf and Welling 2017."""
    return wiring.symmetric


def gat(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """e_ij = leaky_relu(<a_c, h_i> + <a_n, h_j>). Veličković et al. 2018, equation 3."""
    centre, neighbour = _dots(h, vectors)
    return F.leaky_relu(edge_sums(centre[: wiring.nodes], neighbour, wiring.edges), SLOPE)


def sym_gat(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """e_ij = gat_ij + gat_ji, whether there is an edge back or not."""
    centre, neighbour = _dots(h, vectors)
    there = F.leaky_relu(edge_sums(centre[: wiring.nodes], neighbour, wiring.edges), SLOPE)
    return there + F.leaky_relu(edge_sums(neighbour[: wiring.nodes], centre, wiring.edges), SLOPE)


def cos(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """e_ij = <a_c * h_i, a_n * h_j>: an inner product that, despite its name, is not divided by lengths."""
    return products(h[: wiring.nodes] * vectors[0], h * vectors[1], wiring.edges)


def linear(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """e_ij = tanh(<a_n, h_j>): the neighbour alone decides."""
    (neighbour,) = _dots(h, vectors)
    return edge_sums(torch.zeros_like(neighbour[: wiring.nodes]), torch.tanh(neighbour), wiring.edges)


def gene_linear(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """e_ij = <a, tanh(a_c * h_i + a_n * h_j)>."""
    return tanh_scores(h[: wiring.nodes] * vectors[0], h * vectors[1], vectors[2], wiring.edges)


def own(h: Tensor, vectors: Tensor, wiring: Wiring) -> Tensor:
    """A node hears itself alone: e_ij = 1 if i = j, else 0. Layers take h_i and do not ask."""
    return wiring.loops


FUNCTIONS: dict[Attention, Function] = {
    "const": const,
    "gcn": gcn,
    "gat": gat,
    "sym-gat": sym_gat,
    "cos": cos,
    "linear": linear,
    "gene-linear": gene_linear,
    "own": own,
}


class Attend(nn.Module):
    """An attention function with its vectors.

    Attributes:
        vectors: (vectors, heads, width), each with Glorot's uniform start; None where the function has none.
        trained: whether it has any; if not, all heads have the same scores and nothing is normalised.
    """

    def __init__(self, attention: Attention, heads: int, width: int) -> None:
        super().__init__()
        self.function = FUNCTIONS[attention]
        count = VECTORS[attention]
        self.trained = count > 0
        reach = math.sqrt(6.0 / (heads + width))
        start = torch.empty(count, heads, width).uniform_(-reach, reach)
        self.vectors = nn.Parameter(start) if self.trained else None

    def forward(self, h: Tensor, wiring: Wiring) -> Tensor:
        """Return how much every edge counts, of h (heard, heads, width), shaped as a `Function` does."""
        if self.vectors is None:
            return self.function(h, h.new_empty(0), wiring)
        return row_softmax(self.function(h, self.vectors, wiring), wiring.edges)


def _dots(h: Tensor, vectors: Tensor) -> tuple[Tensor, ...]:
    """Return <vector, h_i> of every node and head, (nodes, heads) for each of the vectors.

    As one product with a block diagonal matrix, which is mostly zeros and still faster than a product per head.
    """
    count, heads, _ = vectors.shape
    blocks = torch.diag_embed(vectors.movedim(2, 0))  # (width, vectors, heads, heads)
    matrix = blocks.permute(2, 0, 1, 3).reshape(-1, count * heads)
    return torch.split(h.flatten(1) @ matrix, heads, dim=1)
