"""What makes outputs of the vectors of nodes: they are picked, pooled, or decoded in pairs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from automl.search_spaces.gnn.candidate import Pooling


def pool_sum(h: Tensor, member: Tensor, count: int) -> Tensor:
    """Return the sum over the nodes of each graph (graphs, width)."""
    return h.new_zeros(count, h.shape[1]).index_add(0, member, h)


def pool_mean(h: Tensor, member: Tensor, count: int) -> Tensor:
    """Return the mean over the nodes of each graph (graphs, width); 0 for a graph without nodes."""
    sizes = h.new_zeros(count).index_add(0, member, torch.ones_like(h[:, 0]))
    return pool_sum(h, member, count) / sizes.clamp(min=1).unsqueeze(1)


def pool_max(h: Tensor, member: Tensor, count: int) -> Tensor:
    """Return the maximum over the nodes of each graph (graphs, width); 0 for a graph without nodes."""
    places = member.unsqueeze(1).expand_as(h)
    return h.new_zeros(count, h.shape[1]).scatter_reduce(0, places, h, "amax", include_self=False)


POOLS: dict[Pooling, Callable[[Tensor, Tensor, int], Tensor]] = {"mean": pool_mean, "sum": pool_sum, "max": pool_max}


class Pick(nn.Module):
    """The vectors of nodes are the outputs."""

    def forward(self, h: Tensor, asked: Tensor, count: int) -> Tensor:
        """Return outputs (units, outputs) of vectors (nodes, outputs) at places (units,)."""
        return h[asked]


class Pool(nn.Module):
    """The vectors of each graph become one, of which a linear map makes outputs."""

    def __init__(self, pool: Callable[[Tensor, Tensor, int], Tensor], width: int, outputs: int) -> None:
        super().__init__()
        self.pool = pool
        self.linear = nn.Linear(width, outputs)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, h: Tensor, asked: Tensor, count: int) -> Tensor:
        """Return outputs (graphs, outputs) of vectors (nodes, width) and the graph of each node (nodes,)."""
        outputs: Tensor = self.linear(self.pool(h, asked, count))
        return outputs


class Decode(nn.Module):
    """Whether two nodes are linked: the inner product of their vectors, or an MLP on their elementwise product.

    Both are symmetric: a pair has the same output either way round.
    """

    def __init__(self, decoder: str, width: int) -> None:
        super().__init__()
        maps = [nn.Linear(width, width), nn.Linear(width, 1)] if decoder == "mlp" else []
        for part in maps:
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
        self.mlp = nn.ModuleList(maps) if maps else None

    def forward(self, h: Tensor, asked: Tensor, count: int) -> Tensor:
        """Return outputs (pairs,) of vectors (nodes, width) and the ends of pairs (2, pairs)."""
        both = h[asked[0]] * h[asked[1]]
        if self.mlp is None:
            return both.sum(dim=1)
        made: Tensor = self.mlp[1](torch.relu(self.mlp[0](both)))
        return made.squeeze(1)


class Scale(nn.Module):
    """Outputs in the units of the labels: times their deviation, plus their mean."""

    deviation: Tensor
    mean: Tensor

    def __init__(self, deviation: list[float], mean: list[float]) -> None:
        super().__init__()
        self.register_buffer("deviation", torch.tensor(deviation), persistent=False)
        self.register_buffer("mean", torch.tensor(mean), persistent=False)

    def forward(self, outputs: Tensor) -> Tensor:
        """Return outputs (units, numbers) on the scale of the labels."""
        return outputs * self.deviation + self.mean
