"""A candidate as a torch module, and its weights as named arrays.

layer0.project, layer0.attend.vectors, layer0.bias, layer0.mlp.0.weight, ...: what a layer may hand on;
norm0.weight, ..., skip1.weight, readout.weight, ...: what stays with its network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from automl.core.errors import WeightsError
from automl.core.records import Weights
from automl.search_spaces.gnn.bank import Array
from automl.search_spaces.gnn.candidate import Gnn, Norm
from automl.search_spaces.gnn.size import Task, shapes
from automl.trainers.gnn.dropout import dropout
from automl.trainers.gnn.features import Features, dropped
from automl.trainers.gnn.layer import ACTIVATIONS, MessagePassing
from automl.trainers.gnn.sparse import product
from automl.trainers.gnn.wiring import Wiring

MOMENTUM = 0.5
"""Of the running statistics of batch norms. Those of a whole graph are nearly exact, so they may follow quickly; at
torch's 0.1 the variance of 1 they start from outweighs that of normalised features, a thousandth, for 60 epochs."""
NORMS: Mapping[Norm, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "batch": partial(nn.BatchNorm1d, momentum=MOMENTUM),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a network is besides its candidate: the ends that the data give it, and the trainer's recipe of a layer.

    Attributes:
        features: of a node.
        outputs: of the network.
        task: what is predicted.
        norm: of hidden layers, before their activation, where the candidate has none of its own.
        final_activation: whether logits have an activation.
        dropout: of inputs and of trained attention, where the candidate has none of its own.
    """

    features: int
    outputs: int
    task: Task
    norm: Norm
    final_activation: bool
    dropout: float = 0.0


class Network(nn.Module):
    """A graph neural network: from features of nodes to logits of nodes."""

    def __init__(self, candidate: Gnn, frame: Frame) -> None:
        super().__init__()
        self.shapes = shapes(candidate, frame.features, frame.task)
        self.rate = frame.dropout if candidate.dropout is None else candidate.dropout
        self.skip, self.steps, self.teleport = candidate.skip, candidate.steps, candidate.teleport or 0.0
        norm = frame.norm if candidate.norm is None else candidate.norm
        self.bends = [ACTIVATIONS[layer.activation] for layer in candidate.layers]
        if not frame.final_activation and self.shapes[-1].final:
            self.bends[-1] = ACTIVATIONS["linear"]
        for place, (layer, shape) in enumerate(zip(candidate.layers, self.shapes, strict=True)):
            self.add_module(f"layer{place}", MessagePassing(layer, shape))
            if norm != "none" and not shape.final:
                self.add_module(f"norm{place}", NORMS[norm](shape.outputs))
            if self.skip == "residual" and place and shape.inputs != shape.outputs:
                self.add_module(f"skip{place}", nn.Linear(shape.inputs, shape.outputs, bias=False))

    @property
    def depth(self) -> int:
        """How many times messages go along edges: in every layer, and in every step after the last."""
        return len(self.shapes) + self.steps

    @property
    def whole(self) -> bool:
        """Whether training needs all nodes of a batch in every layer, because there are batch norms."""
        return any(isinstance(part, nn.BatchNorm1d) for part in self.children())

    def forward(self, x: Features, wiring: Wiring | Sequence[Wiring]) -> Tensor:
        """Return (nodes, outputs) of the nodes that hear in the last layer; heads read them.

        Args:
            x: features of the nodes that the first layer hears.
            wiring: the edges, or those of every layer and step; a layer hears the first nodes of the layer before.
        """
        each = [wiring] * self.depth if isinstance(wiring, Wiring) else wiring
        hidden: list[Tensor] = []
        for place, edges in enumerate(each[: len(self.shapes)]):
            hidden.append(self._layer(place, self._input(place, x, hidden, edges), edges))
        return self._propagated(hidden[-1], each[len(self.shapes) :])

    def _input(self, place: int, x: Features, hidden: list[Tensor], edges: Wiring) -> Features:
        """Return what a layer reads, after dropout."""
        if not hidden:
            return dropped(x, self.rate, training=self.training)
        jumps = self.skip == "jumping" and place == len(self.shapes) - 1
        read = [made[: edges.heard] for made in (hidden if jumps else hidden[-1:])]
        return dropout(torch.cat(read, dim=1) if jumps else read[0], self.rate, training=self.training)

    def _layer(self, place: int, read: Features, edges: Wiring) -> Tensor:
        made: Tensor = self.get_submodule(f"layer{place}")(read, edges, self.rate)
        if self.skip == "residual" and place:
            own = read[: edges.nodes]  # type: ignore[index]
            made = made + (getattr(self, f"skip{place}")(own) if hasattr(self, f"skip{place}") else own)
        if hasattr(self, f"norm{place}"):
            made = getattr(self, f"norm{place}")(made)
        return self.bends[place](made)

    def _propagated(self, own: Tensor, steps: Sequence[Wiring]) -> Tensor:
        """Return personalised PageRank of outputs: z <- (1 - teleport) A z + teleport z_0, A as in GCN, step by step.

        Gasteiger et al. 2019, equation 4.
        """
        made = own
        for edges in steps:
            heard = product(edges.symmetric, made[: edges.heard].unsqueeze(1), edges.edges).squeeze(1)
            made = (1.0 - self.teleport) * heard + self.teleport * own[: edges.nodes]
        return made


def weights_of(network: nn.Module) -> dict[str, Array]:
    """Return copies of a network's parameters and running statistics."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()}


def load_known(network: nn.Module, weights: Weights) -> set[str]:
    """Load the arrays that belong to a network; return the names of those it lacks.

    Raises:
        WeightsError: if an array has another shape.
    """
    state = network.state_dict()
    for name in state.keys() & weights.keys():
        if state[name].shape != weights[name].shape:
            raise WeightsError(f"'{name}' has the shape {weights[name].shape}, the network {tuple(state[name].shape)}.")
        state[name].copy_(torch.from_numpy(weights[name]))
    return state.keys() - weights.keys()
