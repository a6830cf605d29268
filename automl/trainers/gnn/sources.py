"""Where batches come from: all nodes at once, some graphs at once, nodes with sampled neighbours, pairs of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from automl.trainers.gnn.batch import Always, Batch, Source
from automl.trainers.gnn.graph import Graph, Mask
from automl.trainers.gnn.ground import Ground, rows
from automl.trainers.gnn.reach import reach
from automl.trainers.gnn.tasks.level import Loading

FIXED = 0
"""Seed of the neighbours that are sampled for validation and test, the same in every epoch and every search."""


def whole(graph: Graph, ground: Ground, mask: Mask) -> Source:
    """Return as one batch all that networks read for the outputs of the nodes of a mask."""
    return _Reached(ground, _places(mask, ground), _labels(graph, ground, mask))


class _Reached:
    """Some nodes and what their outputs depend on, found once for each number of layers."""

    def __init__(self, ground: Ground, nodes: Tensor, y: Tensor) -> None:
        self.ground, self.nodes, self.y = ground, nodes, y
        self._made: dict[tuple[int, bool], Batch] = {}

    def batches(self, layers: int, *, whole: bool = False) -> Sequence[Batch]:
        if (layers, whole) not in self._made:
            part = reach(self.ground.wiring, self.nodes, layers, whole=whole)
            asked = torch.arange(len(self.nodes), device=self.ground.device)
            self._made[layers, whole] = Batch(rows(self.ground.x, part.nodes), part.wirings, asked, self.y)
        return [self._made[layers, whole]]


def of_graphs(graph: Graph, ground: Ground, mask: Mask, batch_size: int, *, training: bool) -> Source:
    """Return batches of so many graphs; to train on, other ones together in every epoch.

    The mask is one of graphs, or of nodes, all of whose graphs have nodes of this part only.
    """
    drawn = _Graphs(graph, ground, mask, batch_size)
    if training and drawn.count > batch_size:
        return drawn
    return Always(list(drawn.in_order(torch.arange(drawn.count, device=ground.device))), drawn.y)


class _Graphs:
    """The graphs of a part, in a new order every epoch."""

    def __init__(self, graph: Graph, ground: Ground, mask: Mask, batch_size: int) -> None:
        self.ground, self.batch_size, self.by_graph = ground, batch_size, graph.task == "graph"
        self.y = _labels(graph, ground, mask)
        units = _places(mask, ground)
        self.place = torch.full((len(mask),), -1, device=ground.device)  # of a unit among the labels of the part
        self.place[units] = torch.arange(len(units), device=ground.device)
        self.graphs = units if self.by_graph else torch.unique(ground.graph_of(units))
        self.count = len(self.graphs)

    def batches(self, layers: int, *, whole: bool = False) -> Iterator[Batch]:
        return self.in_order(torch.randperm(self.count).to(self.ground.device))

    def in_order(self, order: Tensor) -> Iterator[Batch]:
        for places in torch.split(order, self.batch_size):
            chosen = self.graphs[places]
            x, wiring, member, nodes = self.ground.graphs(chosen)
            if self.by_graph:
                yield Batch(x, wiring, member, self.y[self.place[chosen]])
            else:
                labelled = self.place[nodes] >= 0
                yield Batch(x, wiring, labelled.nonzero().squeeze(1), self.y[self.place[nodes[labelled]]])


def sampled(graph: Graph, ground: Ground, mask: Mask, loading: Loading, *, training: bool) -> Source:
    """Return batches of a few nodes of a mask with sampled neighbours, as many steps outward as there are layers."""
    return _Sampled(graph, ground, mask, loading, training=training)


class _Sampled:
    def __init__(self, graph: Graph, ground: Ground, mask: Mask, loading: Loading, *, training: bool) -> None:
        self.ground, self.loading, self.training = ground, loading, training
        self.y, self.units = _labels(graph, ground, mask), _places(mask, ground)
        self.sampler = ground.sampler

    def batches(self, layers: int, *, whole: bool = False) -> Iterator[Batch]:
        generator = None if self.training else torch.Generator().manual_seed(FIXED)
        count = len(self.units)
        order = torch.randperm(count) if self.training else torch.arange(count)
        for places in torch.split(order.to(self.ground.device), self.loading.batch_size):
            nodes, wiring = self.sampler.around(self.units[places], fanouts(self.loading.fanout, layers), generator)
            asked = torch.arange(len(places), device=self.ground.device)
            yield Batch(rows(self.ground.x, nodes), wiring, asked, self.y[places])


def fanouts(given: Sequence[int], layers: int) -> list[int]:
    """Return the most neighbours for each layer, the last layer first."""
    return [given[min(step, len(given) - 1)] for step in range(layers)]


def pairs(graph: Graph, ground: Ground, mask: Mask, *, training: bool) -> Source:
    """Return all nodes, and the pairs of a mask; to train on, with as many drawn pairs that are not linked."""
    assert graph.pairs is not None
    y = _labels(graph, ground, mask)
    asked = torch.from_numpy(graph.pairs[:, mask]).to(ground.device)
    return _Drawn(ground, asked, y) if training else Always([Batch(ground.x, ground.wiring, asked, y)], y)


class _Drawn:
    """Linked pairs, and other ones drawn for every epoch. What is linked in other parts is not known here."""

    def __init__(self, ground: Ground, linked: Tensor, y: Tensor) -> None:
        self.ground, self.linked, self.y = ground, linked, y
        self.keys = torch.sort(self._keys(linked)).values

    def _keys(self, pairs: Tensor) -> Tensor:
        return pairs.amin(dim=0) * self.ground.nodes + pairs.amax(dim=0)

    def batches(self, layers: int, *, whole: bool = False) -> Iterator[Batch]:
        drawn = torch.randint(self.ground.nodes, self.linked.shape).to(self.linked)
        keys = self._keys(drawn)
        near = self.keys[torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)]
        others = drawn[:, (near != keys) & (drawn[0] != drawn[1])]
        y = torch.cat([self.y, self.y.new_zeros(others.shape[1])])
        yield Batch(self.ground.x, self.ground.wiring, torch.cat([self.linked, others], dim=1), y)


def _places(mask: Mask, ground: Ground) -> Tensor:
    return torch.from_numpy(mask.nonzero()[0]).to(ground.device)


def _labels(graph: Graph, ground: Ground, mask: Mask) -> Tensor:
    """Return the labels of a mask's units: the only place where labels become tensors."""
    return torch.from_numpy(graph.y[mask]).to(ground.device)
