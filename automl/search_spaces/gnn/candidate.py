"""The candidate: a graph neural network as six actions per layer, and what the wide space adds to them.

Zhou, Huang, Song, Chen and Hu: Auto-GNN: Neural architecture search of graph neural networks. Frontiers in Big
Data, 2022, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Attention: TypeAlias = Literal["const", "gcn", "gat", "sym-gat", "cos", "linear", "gene-linear"]
Aggregate: TypeAlias = Literal["sum", "mean", "max"]
Combine: TypeAlias = Literal["identity", "mlp"]
Activation: TypeAlias = Literal["sigmoid", "tanh", "relu", "linear", "softplus", "leaky_relu", "relu6", "elu"]
Skip: TypeAlias = Literal["none", "residual", "jumping"]
Pooling: TypeAlias = Literal["mean", "sum", "max"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One message-passing layer.

    Attributes:
        width: hidden dimension of one head; the last layer of a network has the width of its output instead.
        heads: attention heads; hidden layers concatenate them, the last one averages them.
        attention: how much a neighbour counts.
        aggregate: how the messages of the neighbours become one.
        combine: what is done with that: nothing, or an MLP of two layers.
        activation: the nonlinearity at the end; none on logits.
    """

    width: int
    heads: int
    attention: Attention
    aggregate: Aggregate
    combine: Combine
    activation: Activation


@dataclass(frozen=True, slots=True)
class Gnn:
    """A graph neural network.

    Attributes:
        layers: the layers, first to last.
        pooling: how node vectors become a graph's, for tasks on whole graphs; None for tasks on nodes and edges.
        skip: connections between layers; searched by the wide space only.
        dropout: of inputs and attention; None leaves it to the trainer, as do the next two.
        lr: learning rate.
        weight_decay: of all parameters.
    """

    layers: tuple[Layer, ...]
    pooling: Pooling | None = None
    skip: Skip = "none"
    dropout: float | None = None
    lr: float | None = None
    weight_decay: float | None = None
