"""Networks in plain torch, as users get them: the parts that generated source is made of.

Every function here is written to be read alone and copied: it needs torch and nothing of this package. Messages are
made edge by edge, which takes more memory than training does and can be traced. All shapes follow from those of the
input, so duplicate edges stay where they are and count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Edges(NamedTuple):
    """Who hears whom, every node also itself.

    Attributes:
        source, target: (edges,) nodes; messages go from source to target.
        once: (edges,) 1.0, and 0.0 for an edge that is there already.
        degree: (nodes,) how many different nodes a node hears, itself included.
    """

    source: Tensor
    target: Tensor
    once: Tensor
    degree: Tensor


def with_loops(edge_index: Tensor, x: Tensor) -> Edges:
    """Return the edges (2, edges) between nodes with features x, with a self loop at every node."""
    nodes = x.shape[0]
    own = torch.arange(nodes, device=edge_index.device)
    keys = torch.sort(torch.cat([edge_index[1], own]) * nodes + torch.cat([edge_index[0], own])).values
    once = torch.cat([torch.ones_like(keys[:1]), (keys[1:] != keys[:-1]).long()]).to(x.dtype)
    source, target = keys % nodes, torch.div(keys, nodes, rounding_mode="floor")
    return Edges(source, target, once, x.new_zeros(nodes).index_add(0, target, once))


def rows_to_one(x: Tensor) -> Tensor:
    """Return rows that sum to 1, as the recipes for citation graphs have it; empty ones stay empty."""
    total = x.sum(dim=1, keepdim=True)
    return x / torch.where(total == 0, torch.ones_like(total), total)


def const(h: Tensor, vectors: Tensor | None, edges: Edges) -> Tensor:
    """Every neighbour counts the same."""
    return edges.once.unsqueeze(1)


def gcn(h: Tensor, vectors: Tensor | None, edges: Edges) -> Tensor:
    """1 / sqrt(d_i d_j)."""
    root = edges.degree.rsqrt()
    return (edges.once * root[edges.target] * root[edges.source]).unsqueeze(1)


def gat(h: Tensor, vectors: Tensor, edges: Edges) -> Tensor:
    """leaky_relu(<a_c, h_i> + <a_n, h_j>)."""
    centre, neighbour = (h * vectors[0]).sum(dim=2), (h * vectors[1]).sum(dim=2)
    return F.leaky_relu(centre[edges.target] + neighbour[edges.source], 0.2)


def sym_gat(h: Tensor, vectors: Tensor, edges: Edges) -> Tensor:
    """gat_ij + gat_ji."""
    centre, neighbour = (h * vectors[0]).sum(dim=2), (h * vectors[1]).sum(dim=2)
    there = F.leaky_relu(centre[edges.target] + neighbour[edges.source], 0.2)
    return there + F.leaky_relu(neighbour[edges.target] + centre[edges.source], 0.2)


def cos(h: Tensor, vectors: Tensor, edges: Edges) -> Tensor:
    """<a_c * h_i, a_n * h_j>."""
    return ((h * vectors[0])[edges.target] * (h * vectors[1])[edges.source]).sum(dim=2)


def linear(h: Tensor, vectors: Tensor, edges: Edges) -> Tensor:
    """tanh(<a_n, h_j>)."""
    return torch.tanh((h * vectors[0]).sum(dim=2))[edges.source]


def gene_linear(h: Tensor, vectors: Tensor, edges: Edges) -> Tensor:
    """<a, tanh(a_c * h_i + a_n * h_j)>."""
    both = torch.tanh((h * vectors[0])[edges.target] + (h * vectors[1])[edges.source])
    return (both * vectors[2]).sum(dim=2)


def own(h: Tensor, vectors: Tensor | None, edges: Edges) -> Tensor:
    """1 for a node itself, 0 for others: nodes hear themselves alone."""
    return (edges.once * (edges.source == edges.target)).unsqueeze(1)


def softmax(scores: Tensor, edges: Edges) -> Tensor:
    """Return the softmax of scores (edges, heads) over the neighbours of each node."""
    scores = scores.masked_fill(edges.once.unsqueeze(1) == 0, float("-inf"))
    places = edges.target.unsqueeze(1).expand_as(scores)
    lowest = scores.new_full((edges.degree.shape[0], scores.shape[1]), float("-inf"))
    powers = (scores - lowest.scatter_reduce(0, places, scores, "amax")[edges.target]).exp()
    total = torch.zeros_like(lowest).index_add(0, edges.target, powers)
    return powers / total[edges.target]


def add_up(scores: Tensor, h: Tensor, edges: Edges) -> Tensor:
    """Return the sum of e_ij h_j over the neighbours j of each node i (nodes, heads, width)."""
    return torch.zeros_like(h).index_add(0, edges.target, scores.unsqueeze(2) * h[edges.source])


def average(scores: Tensor, h: Tensor, edges: Edges) -> Tensor:
    """Return that sum divided by the number of neighbours."""
    return add_up(scores, h, edges) / edges.degree.view(-1, 1, 1)


def largest(scores: Tensor, h: Tensor, edges: Edges) -> Tensor:
    """Return the largest e_ij h_j of the neighbours j of each node i, column by column."""
    messages = (scores.unsqueeze(2) * h[edges.source]).masked_fill(edges.once.view(-1, 1, 1) == 0, float("-inf"))
    places = edges.target.view(-1, 1, 1).expand_as(messages)
    return torch.full_like(h, float("-inf")).scatter_reduce(0, places, messages, "amax")


def propagated(own: Tensor, steps: int, teleport: float, edges: Edges) -> Tensor:
    """Return outputs (nodes, width) after some steps z <- (1 - teleport) A z + teleport z_0, A as in GCN."""
    made, scores = own, gcn(own, None, edges)
    for _ in range(steps):
        heard = add_up(scores, made.unsqueeze(1), edges).squeeze(1)
        made = (1.0 - teleport) * heard + teleport * own
    return made


class Attend(nn.Module):
    """The trained vectors of an attention function, if it has any."""

    def __init__(self, vectors: int, heads: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.zeros(vectors, heads, width)) if vectors else None


class MessagePassing(nn.Module):
    """h = x W for each head; m_i gathers e_ij h_j over the neighbours j of i; heads joined; an MLP if there is one.

    Args:
        inputs: features of a node.
        heads: of attention.
        width: of a head.
        score: e_ij.
        vectors: trained vectors of each head that e_ij has; with any, a softmax over neighbours follows.
        gather: sum, mean or maximum.
        averaged: whether heads are averaged instead of concatenated.
        bend: the activation within the MLP; None for no MLP.
    """

    def __init__(
        self,
        inputs: int,
        heads: int,
        width: int,
        score: Callable[..., Tensor],
        vectors: int,
        gather: Callable[[Tensor, Tensor, Edges], Tensor],
        *,
        averaged: bool = False,
        bend: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        outputs = width if averaged else heads * width
        self.heads, self.score, self.gather, self.averaged, self.bend = heads, score, gather, averaged, bend
        self.project = nn.Parameter(torch.zeros(inputs, heads * width))
        self.attend = Attend(vectors, heads, width)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.mlp = nn.ModuleList([nn.Linear(outputs, outputs) for _ in range(2)]) if bend else None

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Return (nodes, outputs) of features (nodes, inputs)."""
        h = (x @ self.project).reshape(x.shape[0], self.heads, -1)
        scores = self.score(h, self.attend.vectors, edges)
        if self.attend.vectors is not None:
            scores = softmax(scores, edges)
        gathered = self.gather(scores, h, edges)
        joined = (gathered.mean(dim=1) if self.averaged else gathered.flatten(1)) + self.bias
        if self.mlp is None or self.bend is None:
            return joined
        made: Tensor = self.mlp[1](self.bend(self.mlp[0](joined)))
        return made
