"""A graph as layers see it: who hears whom, every node also itself."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from automl.trainers.gnn.sparse import Pattern


class Wiring:
    """The edges of a graph, a self loop at every node included, each once.

    Attributes:
        nodes: their number.
        edges: row i holds the neighbours j whose messages node i receives.
        degree: neighbours of a node, itself included, (nodes,) float.
    """

    def __init__(self, edge_index: Tensor, nodes: int) -> None:
        """Take edges (2, E): messages go from `edge_index[0]` to `edge_index[1]`."""
        own = torch.arange(nodes, device=edge_index.device)
        source, target = torch.cat([edge_index, own.expand(2, -1)], dim=1)
        each = torch.unique(target * nodes + source)  # sorted by target, duplicates gone
        self.nodes = nodes
        self.edges = Pattern(torch.div(each, nodes, rounding_mode="floor"), each % nodes, (nodes, nodes))
        self.degree = torch.bincount(self.edges.rows, minlength=nodes).to(torch.get_default_dtype())

    @cached_property
    def ones(self) -> Tensor:
        """1 for every edge, (edges, 1)."""
        return torch.ones(len(self.edges), 1, device=self.degree.device)

    @cached_property
    def symmetric(self) -> Tensor:
        """1 / sqrt(d_i d_j) for every edge, (edges, 1)."""
        root = self.degree.rsqrt()
        return (root[self.edges.rows] * root[self.edges.cols]).unsqueeze(1)
