"""A finished network as users get it: it takes features and edges as PyTorch Geometric's layers do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from automl.core.records import Weights
from automl.search_spaces.gnn.candidate import Gnn
from automl.trainers.gnn.design import Design
from automl.trainers.gnn.features import normalized
from automl.trainers.gnn.network import Network
from automl.trainers.gnn.wiring import Wiring


class GraphModel(nn.Module):
    """A network with the normalisation of its training data in front.

    Attributes:
        network: takes features and wiring.
        task: what is predicted.
        normalize: whether rows of features are divided by their sums first.
    """

    def __init__(self, network: Network, task: str, *, normalize: bool) -> None:
        super().__init__()
        self.network, self.task, self.normalize = network, task, normalize

    @classmethod
    def of(cls, candidate: Gnn, weights: Weights, facts: Mapping[str, Any]) -> GraphModel:
        """Return the finished model of a candidate, in eval mode."""
        network = Design.of(facts).restored(candidate, weights)
        return cls(network, facts["task"], normalize=bool(facts["normalize_features"])).eval()

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        """Return outputs (nodes, outputs), or (graphs, outputs) of networks on graphs, or vectors to decode links.

        Args:
            x: (nodes, features) as in the training data, dense.
            edge_index: (2, edges) from and to; self loops are added.
            batch: graph of each node; without it all are of one graph.
        """
        read = normalized(x) if self.normalize else x
        h: Tensor = self.network(read, Wiring(edge_index, len(x)))
        return h
