"""Nodes and edges as tensors on the device, made once per process, and graphs taken from them. No labels are here."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from automl.trainers.gnn.features import Features, SparseRows, place
from automl.trainers.gnn.graph import Graph
from automl.trainers.gnn.sampler import Sampler
from automl.trainers.gnn.spans import spans
from automl.trainers.gnn.sparse import Pattern
from automl.trainers.gnn.wiring import Wiring


class Ground:
    """All nodes and edges of a trainer's data.

    Attributes:
        x: features of all nodes.
        edge_index: (2, edges), those of each graph together.
        device: where they are.
    """

    def __init__(self, graph: Graph, device: torch.device, *, normalize: bool) -> None:
        self.device = device
        self.nodes = graph.nodes
        self.x: Features = place(graph.x.normalized() if normalize else graph.x, device)
        sizes = torch.from_numpy(graph.sizes).to(device)
        self._starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        edges = torch.from_numpy(graph.edge_index).to(device)
        graphs = self.graph_of(edges[0].contiguous())
        order = torch.argsort(graphs, stable=True)
        self.edge_index = edges[:, order]
        count = torch.bincount(graphs, minlength=len(graph.sizes))
        self._edge_starts = torch.cat([count.new_zeros(1), count.cumsum(0)])

    @cached_property
    def wiring(self) -> Wiring:
        """The edges of everything."""
        return Wiring(self.edge_index, self.nodes)

    @cached_property
    def sampler(self) -> Sampler:
        """What draws neighbours."""
        return Sampler(self.wiring)

    def graph_of(self, nodes: Tensor) -> Tensor:
        """Return the graph of each of some nodes (nodes,)."""
        return torch.searchsorted(self._starts, nodes, right=True) - 1

    def graphs(self, chosen: Tensor) -> tuple[Features, Wiring, Tensor, Tensor]:
        """Put some graphs (graphs,) side by side.

        Returns:
            The features of their nodes, their edges, the graph of each node counted within `chosen` (nodes,), and the
            nodes as counted in all data (nodes,).
        """
        nodes, member = spans(self._starts, chosen)
        places, of_edge = spans(self._edge_starts, chosen)
        sizes = torch.bincount(member, minlength=len(chosen))
        shift = torch.cumsum(sizes, 0) - sizes - self._starts[chosen]
        edges = self.edge_index[:, places] + shift[of_edge]
        return rows(self.x, nodes), Wiring(edges, len(nodes)), member, nodes


def rows(x: Features, nodes: Tensor) -> Features:
    """Return the features of some nodes (nodes,)."""
    if not isinstance(x, SparseRows):
        return x.index_select(0, nodes)
    places, member = spans(x.pattern.offsets, nodes)
    pattern = Pattern(member, x.pattern.cols[places], (len(nodes), x.pattern.shape[1]))
    return SparseRows(x.values[places], pattern)
