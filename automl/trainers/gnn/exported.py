"""A finished network as users get it: it takes features and edges as PyTorch Geometric's layers do."""

from __future__ import annotations

from torch import Tensor, nn

from automl.trainers.gnn.features import normalized
from automl.trainers.gnn.network import Network
from automl.trainers.gnn.wiring import Wiring


class GraphModel(nn.Module):
    """A network with the normalisation of its training data in front.

    Attributes:
        network: takes features and wiring.
        normalize: whether rows of features are divided by their sums first.
    """

    def __init__(self, network: Network, *, normalize: bool) -> None:
        super().__init__()
        self.network = network
        self.normalize = normalize

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        """Return logits (nodes, outputs).

        Args:
            x: (nodes, features) as in the training data, dense.
            edge_index: (2, edges) from and to; self loops are added.
            batch: graph of each node; makes no difference to networks on nodes.
        """
        read = normalized(x) if self.normalize else x
        logits: Tensor = self.network(read, Wiring(edge_index, len(x)))
        return logits
