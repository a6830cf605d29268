"""What the outputs of some nodes depend on: their neighbours, the neighbours of these, and so on, layer by layer.

On Cora 140 nodes are trained on. The last layer of two is computed for them alone, the first for the 644 nodes they
hear, and features are read of 1,953 nodes of 2,708. That leaves out what nobody looks at, and changes no number.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from automl.trainers.gnn.wiring import Wiring


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """A part of a graph that is enough for the outputs of some nodes, these first.

    Attributes:
        nodes: those that the first layer hears, the wanted ones first.
        wirings: the edges that every layer needs, in terms of places in `nodes`.
    """

    nodes: Tensor
    wirings: tuple[Wiring, ...]


def reach(wiring: Wiring, nodes: Tensor, layers: int, *, whole: bool) -> Reach:
    """Return what a network of so many layers needs for the outputs of some nodes, in their order.

    Args:
        wiring: the graph.
        nodes: (n,) ascending, each once.
        layers: at least 1.
        whole: whether hidden layers are computed for all nodes, because a batch norm wants their statistics.
    """
    hops = _hops(wiring, nodes, layers)
    order = torch.argsort(hops, stable=True)
    within = [int((hops <= hop).sum()) for hop in range(layers + 1)]
    if whole:
        hear, heard = ([count] + [wiring.nodes] * (layers - 1) for count in within[:2])
    else:
        hear, heard = within[:-1], within[1:]
    graph = wiring.renumbered(order)
    each = tuple(graph.first(hear[hop], heard[hop]) for hop in reversed(range(layers)))
    return Reach(order[: each[0].heard], each)


def _hops(wiring: Wiring, nodes: Tensor, most: int) -> Tensor:
    """Return in how many steps nodes are heard by some nodes; one step more than the most where they are not."""
    hops = torch.full((wiring.nodes,), most + 1, device=nodes.device)
    hops[nodes] = 0
    for hop in range(1, most + 1):
        heard = wiring.edges.cols[(hops < hop)[wiring.edges.rows]]
        hops[heard] = hops[heard].clamp(max=hop)
    return hops
