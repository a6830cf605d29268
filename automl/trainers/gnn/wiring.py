"""A graph as layers see it: who hears whom, every node also itself."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from automl.trainers.gnn.sparse import Pattern


class Wiring:
    """The edges that one layer needs, a self loop at every node included, each once.

    The nodes that hear are the first of those that are heard. Of a whole graph, both are all nodes.

    Attributes:
        edges: row i holds the neighbours j whose messages node i receives.
        degrees: neighbours of a node in the whole graph, itself included, of all nodes that are heard: (heard,) float.
    """

    def __init__(self, edge_index: Tensor, nodes: int) -> None:
        """Take edges (2, E): messages go from `edge_index[0]` to `edge_index[1]`."""
        own = torch.arange(nodes, device=edge_index.device)
        source, target = torch.cat([edge_index, own.expand(2, -1)], dim=1)
        self.edges = _pattern(torch.unique(target * nodes + source), nodes)
        self.degrees = torch.bincount(self.edges.rows, minlength=nodes).to(torch.get_default_dtype())

    @classmethod
    def _of(cls, edges: Pattern, degrees: Tensor) -> Wiring:
        made = cls.__new__(cls)
        made.edges, made.degrees = edges, degrees
        return made

    @property
    def nodes(self) -> int:
        """The number of nodes that hear."""
        return self.edges.shape[0]

    @property
    def heard(self) -> int:
        """The number of nodes that are heard."""
        return self.edges.shape[1]

    @property
    def degree(self) -> Tensor:
        """Neighbours of the nodes that hear, (nodes,)."""
        return self.degrees[: self.nodes]

    @cached_property
    def ones(self) -> Tensor:
        """1 for every edge, (edges, 1)."""
        return torch.ones(len(self.edges), 1, device=self.degrees.device)

    @cached_property
    def loops(self) -> Tensor:
        """1 for every edge from a node to itself, else 0, (edges, 1)."""
        return (self.edges.rows == self.edges.cols).to(self.degrees).unsqueeze(1)

    @cached_property
    def symmetric(self) -> Tensor:
        """1 / sqrt(d_i d_j) for every edge, (edges, 1)."""
        root = self.degrees.rsqrt()
        return (root[self.edges.rows] * root[self.edges.cols]).unsqueeze(1)

    def renumbered(self, order: Tensor) -> Wiring:
        """Return the same graph with node `order[i]` as node i."""
        place = torch.empty_like(order)
        place[order] = torch.arange(len(order), device=order.device)
        each = place[self.edges.rows] * len(order) + place[self.edges.cols]
        return Wiring._of(_pattern(each.sort().values, len(order)), self.degrees[order])

    def first(self, nodes: int, heard: int) -> Wiring:
        """Return the edges into the first nodes, which come from the first `heard` alone."""
        if (nodes, heard) == self.edges.shape:
            return self
        inside = self.edges.offsets[nodes]
        edges = Pattern(self.edges.rows[:inside], self.edges.cols[:inside], (nodes, heard))
        return Wiring._of(edges, self.degrees[:heard])


def _pattern(each: Tensor, nodes: int) -> Pattern:
    """Return the pattern of edges as sorted numbers `target * nodes + source`."""
    return Pattern(torch.div(each, nodes, rounding_mode="floor"), each % nodes, (nodes, nodes))
