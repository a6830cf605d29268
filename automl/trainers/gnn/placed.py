"""A graph as tensors on the device, made once per process."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from automl.core.errors import UsageError
from automl.trainers.gnn.features import Features, place
from automl.trainers.gnn.graph import Graph, Mask
from automl.trainers.gnn.recipe import Device
from automl.trainers.gnn.wiring import Wiring


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some nodes (n,) and their labels (n,)."""

    nodes: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """What training sees: every node and edge, and the labels of two parts. Labels of test nodes are not here."""

    x: Features
    wiring: Wiring
    train: Part
    validation: Part
    device: torch.device


def put(graph: Graph, device: torch.device, *, normalize: bool) -> Placed:
    """Put a graph on a device, without the labels of its test nodes."""
    x = place(graph.x.normalized() if normalize else graph.x, device)
    wiring = Wiring(torch.from_numpy(graph.edge_index).to(device), graph.nodes)
    return Placed(x, wiring, part(graph, graph.train, device), part(graph, graph.validation, device), device)


def part(graph: Graph, mask: Mask, device: torch.device) -> Part:
    """Put the nodes of a mask and their labels on a device."""
    nodes = torch.from_numpy(mask.nonzero()[0])
    return Part(nodes.to(device), torch.from_numpy(graph.y[mask]).to(device))
