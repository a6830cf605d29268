"""The candidate: a graph neural network as six actions per layer, and what the wide space adds to them.

Zhou, Huang, Song, Chen and Hu: Auto-GNN: Neural architecture search of graph neural networks. Frontiers in Big
Data, 2022, section 3.1. What is propagated after the last layer, and the attention `own`, are of the wide space:
Gasteiger, Bojchevski and Günnemann: Predict then propagate: Graph neural networks meet personalized PageRank. 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Attention: TypeAlias = Literal["own", "const", "gcn", "gat", "sym-gat", "cos", "linear", "gene-linear"]
Aggregate: TypeAlias = Literal["sum", "mean", "max"]
Combine: TypeAlias = Literal["identity", "mlp"]
Activation: TypeAlias = Literal["sigmoid", "tanh", "relu", "linear", "softplus", "leaky_relu", "relu6", "elu"]
Skip: TypeAlias = Literal["none", "residual", "jumping"]
Pooling: TypeAlias = Literal["mean", "sum", "max"]
Norm: TypeAlias = Literal["none", "batch", "layer"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One message-passing layer.

    Attributes:
        width: hidden dimension of one head; the last layer of a network has the width of its output instead.
        heads: attention heads; hidden layers concatenate them, the last one averages them.
        attention: how much a neighbour counts; with "own" a node hears itself alone, as in a network without edges.
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
        norm: of hidden layers, before their activation; None leaves it to the trainer.
        steps: of personalised PageRank, by which the outputs of the last layer go along the edges; 0 for none.
        teleport: what a node keeps of its own output at each of them; None without any.
    """

    layers: tuple[Layer, ...]
    pooling: Pooling | None = None
    skip: Skip = "none"
    dropout: float | None = None
    lr: float | None = None
    weight_decay: float | None = None
    norm: Norm | None = None
    steps: int = 0
    teleport: float | None = None
