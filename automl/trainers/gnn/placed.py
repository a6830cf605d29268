"""What training sees, on the device: every node and edge, and the labels of two parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from automl.trainers.gnn.batch import Source
from automl.trainers.gnn.graph import Graph
from automl.trainers.gnn.ground import Ground
from automl.trainers.gnn.tasks import Task
from automl.trainers.gnn.tasks.level import Loading


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The parts that training may read. Labels of test units are not here."""

    ground: Ground
    train: Source
    validation: Source

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.ground.device


def put(graph: Graph, task: Task, loading: Loading, device: torch.device, *, normalize: bool) -> Placed:
    """Put a graph on a device, without the labels of its test units."""
    ground = Ground(graph, device, normalize=normalize)
    train = task.level.source(graph, ground, graph.train, loading, training=True)
    return Placed(ground, train, task.level.source(graph, ground, graph.validation, loading, training=False))


def put_test(graph: Graph, task: Task, loading: Loading, ground: Ground) -> Source:
    """Put the labels of the test units beside a graph."""
    return task.level.source(graph, ground, graph.test, loading, training=False)
