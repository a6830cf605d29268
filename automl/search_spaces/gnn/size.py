"""How large a graph neural network is: the widths between its layers, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from automl.search_spaces.gnn.candidate import Attention, Gnn, Layer

Task: TypeAlias = Literal["node", "graph", "link"]

VECTORS: dict[Attention, int] = {
    "const": 0,
    "gcn": 0,
    "gat": 2,
    "sym-gat": 2,
    "cos": 2,
    "linear": 1,
    "gene-linear": 3,
    "own": 0,
}
"""How many vectors of the width of a head an attention function has for each head."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The widths at one layer.

    Attributes:
        inputs: features of a node that enter.
        heads: of its width each.
        width: of one head.
        final: whether it ends the network: no norm follows, and no activation unless the trainer wants one.
        averaged: whether heads are averaged, as at the end of a network on nodes; else they are concatenated.
    """

    inputs: int
    heads: int
    width: int
    final: bool
    averaged: bool

    @property
    def outputs(self) -> int:
        """Features of a node that leave."""
        return self.width if self.averaged else self.heads * self.width


def shapes(candidate: Gnn, features: int, task: Task) -> list[Shape]:
    """Return the widths at every layer of a network on nodes of so many features.

    With jumping connections the last layer reads the outputs of all layers before it, side by side.
    """
    found: list[Shape] = []
    last = len(candidate.layers) - 1
    for place, layer in enumerate(candidate.layers):
        inputs = found[-1].outputs if found else features
        if candidate.skip == "jumping" and place == last and found:
            inputs = sum(shape.outputs for shape in found)
        final = place == last and task != "graph"
        found.append(Shape(inputs, layer.heads, layer.width, final, averaged=final and task == "node"))
    return found


def size(candidate: Gnn, features: int, outputs: int, task: Task) -> int:
    """Count the trainable parameters, those of norms of hidden layers included unless the network has none.

    Args:
        candidate: the network.
        features: of a node.
        outputs: of the network; on graphs a linear readout has them, on links there are none.
        task: what is predicted.
    """
    every = shapes(candidate, features, task)
    params = sum(_layer(layer, shape) for layer, shape in zip(candidate.layers, every, strict=True))
    if candidate.norm != "none":
        params += sum(2 * shape.outputs for shape in every if not shape.final)
    if candidate.skip == "residual":
        params += sum(s.inputs * s.outputs for s in every[1:] if s.inputs != s.outputs)
    if task == "graph":
        params += (every[-1].outputs + 1) * outputs
    return params


def _layer(layer: Layer, shape: Shape) -> int:
    across = shape.heads * shape.width
    params = shape.inputs * across + VECTORS[layer.attention] * across + shape.outputs
    if layer.combine == "mlp":
        params += 2 * (shape.outputs + 1) * shape.outputs
    return params
