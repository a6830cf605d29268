"""One message-passing layer: project, attend, aggregate, combine. Zhou et al. 2022, section 3.1."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.search_spaces.gnn.candidate import Activation, Layer
from automl.search_spaces.gnn.size import Shape
from automl.trainers.gnn.attention import Attend
from automl.trainers.gnn.chunked import row_max
from automl.trainers.gnn.dropout import dropout
from automl.trainers.gnn.features import Features, times
from automl.trainers.gnn.sparse import product
from automl.trainers.gnn.wiring import Wiring


def identity(x: Tensor) -> Tensor:
    """Return x: the activation `linear`."""
    return x


ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": identity,
    "softplus": F.softplus,
    "leaky_relu": F.leaky_relu,
    "relu6": F.relu6,
    "elu": F.elu,
}


class MessagePassing(nn.Module):
    """h = x W for each head; m_i = aggregate of e_ij h_j over the neighbours j of i; heads joined; combined.

    `mean` divides the sum by the number of neighbours also where attention has been normalised to sum to 1 already, as
    in the published layer. Dropout falls on trained attention only, as in GAT; GCN has none on its edges.
    With the attention `own` nothing is aggregated.

    Attributes:
        project: W (inputs, heads x width).
        attend: the attention function.
        bias: added to the joined heads.
        mlp: two linear maps with the layer's activation between them, or None where combining is the identity.
    """

    def __init__(self, layer: Layer, shape: Shape) -> None:
        super().__init__()
        self.heads, self.averaged, self.aggregate = shape.heads, shape.averaged, layer.aggregate
        self.alone = layer.attention == "own"
        across = shape.heads * shape.width
        reach = math.sqrt(6.0 / (shape.inputs + across))
        self.project = nn.Parameter(torch.empty(shape.inputs, across).uniform_(-reach, reach))
        self.attend = Attend(layer.attention, shape.heads, shape.width)
        self.bias = nn.Parameter(torch.zeros(shape.outputs))
        self.bend = ACTIVATIONS[layer.activation]
        self.mlp = _mlp(shape.outputs) if layer.combine == "mlp" else None

    def forward(self, x: Features, wiring: Wiring, rate: float) -> Tensor:
        """Return (nodes, outputs) before norm and activation.

        Args:
            x: (heard, inputs), after dropout.
            wiring: the edges.
            rate: of dropout on attention.
        """
        h = times(x, self.project).unflatten(1, (self.heads, -1))  # type: ignore[no-untyped-call]
        heard = h[: wiring.nodes] if self.alone else self._heard(h, wiring, rate)
        joined = heard.mean(dim=1) if self.averaged else heard.flatten(1)
        return self._combined(joined + self.bias)

    def _heard(self, h: Tensor, wiring: Wiring, rate: float) -> Tensor:
        """Return what nodes make of the messages of their neighbours, (nodes, heads, width)."""
        scores = self.attend(h, wiring)
        if self.attend.trained:
            return self._gathered(dropout(scores, rate, training=self.training), h, wiring)
        # All heads weigh neighbours alike: then they are columns of one matrix.
        return self._gathered(scores, h.flatten(1).unsqueeze(1), wiring).reshape(-1, *h.shape[1:])

    def _gathered(self, scores: Tensor, h: Tensor, wiring: Wiring) -> Tensor:
        if self.aggregate == "max":
            return row_max(scores, h, wiring.edges)
        summed = product(scores, h, wiring.edges)
        return summed / wiring.degree.view(-1, 1, 1) if self.aggregate == "mean" else summed

    def _combined(self, h: Tensor) -> Tensor:
        if self.mlp is None:
            return h
        combined: Tensor = self.mlp[1](self.bend(self.mlp[0](h)))
        return combined


def _mlp(width: int) -> nn.ModuleList:
    """Return two linear maps, started like the projections."""
    maps = [nn.Linear(width, width), nn.Linear(width, width)]
    for part in maps:
        nn.init.xavier_uniform_(part.weight)
        nn.init.zeros_(part.bias)
    return nn.ModuleList(maps)
