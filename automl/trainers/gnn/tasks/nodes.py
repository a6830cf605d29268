"""Nodes: of one graph, all at once or a few with sampled neighbours; of several graphs, those of some graphs at once.

One graph is transductive: all nodes and edges are there in training, labels are not. Of several graphs those to train
on are alone in training, so nothing is known of the others, not even to batch norms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.split import Splitting, Units, split
from automl.trainers.gnn.graph import Graph, Mask
from automl.trainers.gnn.memory import AtOnce
from automl.trainers.gnn.tasks.level import Divided, Ends, Level, Loading, Usual, some_graphs
from automl.trainers.gnn.tasks.target import Target

if TYPE_CHECKING:
    from torch import nn

    from automl.search_spaces.gnn.candidate import Gnn
    from automl.trainers.gnn.batch import Source
    from automl.trainers.gnn.ground import Ground


class Nodes(Level):
    """Units are nodes; the last layer of a network makes its outputs."""

    name = "node"
    usual = Usual(dropout=0.6, weight_decay=5e-4, batch_size=512)

    def divide(self, raw: Raw, target: Target, splitting: Splitting) -> Divided:
        if raw.y is None:
            raise InvalidData(f"{raw.where} has no y.", "Give labels, or predict links: --set predict=links")
        given = [mask for mask in (raw.train, raw.validation, raw.test) if mask is not None and len(mask) == len(raw.y)]
        known = np.logical_or.reduce(given) if raw.train is not None and given else target.known(raw.y)
        y, outputs = target.labels(raw, known)
        groups = None if raw.sizes is None else np.repeat(np.arange(len(raw.sizes)), raw.sizes)
        units = Units("nodes", known, y if y.dtype == np.int64 else None, groups)
        return Divided(y, split(raw, units, splitting), outputs, raw.edge_index)

    def head(self, candidate: Gnn, ends: Ends) -> nn.Module:
        from automl.trainers.gnn.heads import Pick

        return Pick()

    def source(self, graph: Graph, ground: Ground, mask: Mask, loading: Loading, *, training: bool) -> Source:
        from automl.trainers.gnn import sources

        if apart(graph):
            return sources.of_graphs(graph, ground, mask, loading.batch_size, training=training)
        if self.samples(graph, loading):
            return sources.sampled(graph, ground, mask, loading, training=training)
        return sources.whole(graph, ground, mask)

    def at_once(self, graph: Graph, loading: Loading) -> AtOnce:
        if apart(graph):
            return some_graphs(graph, loading)
        if graph.nodes <= loading.sample_above:
            hint = f"Sample neighbours: --set sample_above={graph.nodes // 2}."
            return AtOnce(graph.nodes, graph.edge_index.shape[1], hint)
        edges = loading.batch_size * loading.fanout[0] * (1 + loading.fanout[-1])
        return AtOnce(min(graph.nodes, edges), edges, "Type a smaller batch_size or fanout.")

    def samples(self, graph: Graph, loading: Loading) -> bool:
        return graph.nodes > loading.sample_above and not apart(graph)

    def normalizes(self, graph: Graph) -> bool:
        return len(graph.sizes) == 1 and graph.x.smallest() >= 0


def apart(graph: Graph) -> bool:
    """Tell whether no graph has nodes in two parts, of several graphs."""
    if len(graph.sizes) == 1:
        return False
    member = np.repeat(np.arange(len(graph.sizes)), graph.sizes)
    parts = [np.unique(member[mask]) for mask in (graph.train, graph.validation, graph.test)]
    return len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
