"""Graphs: the vectors of the nodes of a graph are pooled, and a linear map makes outputs of that."""

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


class Graphs(Level):
    """Units are graphs; a batch is some graphs side by side."""

    name = "graph"
    usual = Usual(dropout=0.2, weight_decay=0.0, batch_size=64)

    def divide(self, raw: Raw, target: Target, splitting: Splitting) -> Divided:
        if not raw.by_graph:
            raise InvalidData(f"{raw.where} has no label for each graph.", "Give a list of graphs with one y each.")
        assert raw.y is not None
        known = target.known(raw.y)
        y, outputs = target.labels(raw, known)
        units = Units("graphs", known, y if y.dtype == np.int64 else None)
        return Divided(y, split(raw, units, splitting), outputs, raw.edge_index)

    def head(self, candidate: Gnn, ends: Ends) -> nn.Module:
        from automl.trainers.gnn.heads import POOLS, Pool

        assert candidate.pooling is not None
        return Pool(POOLS[candidate.pooling], ends.width, ends.outputs)

    def at_once(self, graph: Graph, loading: Loading) -> AtOnce:
        return some_graphs(graph, loading)

    def source(self, graph: Graph, ground: Ground, mask: Mask, loading: Loading, *, training: bool) -> Source:
        from automl.trainers.gnn import sources

        return sources.of_graphs(graph, ground, mask, loading.batch_size, training=training)
