"""Tasks: what the units are (a `Level`) times what is predicted of them (a `Target`). Importing this loads no torch.

The contracts are in `level` (how units are divided, what a batch is, the head) and `target` (which labels, the loss,
the metrics with their directions). Kinds of units: `nodes`, `graphs`, `links`. Kinds of labels: `classes`, `labels`,
`numbers`, and `Linked` in `links`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from automl.core.errors import InvalidData
from automl.search_spaces.gnn.size import Task as Unit
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Graph
from automl.trainers.gnn.tasks.classes import Classes, column, whole
from automl.trainers.gnn.tasks.graphs import Graphs
from automl.trainers.gnn.tasks.labels import ManyLabels
from automl.trainers.gnn.tasks.level import Level
from automl.trainers.gnn.tasks.links import Linked, Links
from automl.trainers.gnn.tasks.nodes import Nodes
from automl.trainers.gnn.tasks.numbers import Numbers
from automl.trainers.gnn.tasks.target import Target, finite

Predict: TypeAlias = Literal["auto", "classes", "labels", "numbers", "links"]

LEVELS: Mapping[Unit, type[Level]] = {"node": Nodes, "graph": Graphs, "link": Links}
TARGETS: Mapping[str, type[Target]] = {
    "classes": Classes,
    "labels": ManyLabels,
    "numbers": Numbers,
    "links": Linked,
}
"""By the value of the setting `predict`."""
MOST_CLASSES = 100
"""Whole numbers stored as floats count as classes up to so many different ones."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is predicted, and of what."""

    level: Level
    target: Target


def task_of(graph: Graph) -> Task:
    """Return the task of a checked graph."""
    return Task(LEVELS[graph.task](), TARGETS[graph.predict](graph.deviation))


def level_of(raw: Raw, predict: str) -> Level:
    """Return what the units of a graph are: links where they are asked for, else what has the labels."""
    if predict == "links":
        return Links()
    return Graphs() if raw.by_graph else Nodes()


def predicted(raw: Raw, wanted: Predict) -> str:
    """Return what is predicted: what is asked for or, by `auto`, what the labels look like.

    Raises:
        InvalidData: if there are no labels.
    """
    if wanted != "auto":
        return wanted
    if raw.y is None:
        raise InvalidData(f"{raw.where} has no y.", "Give labels, or predict links: --set predict=links")
    y = column(raw.y)
    if y.dtype.kind not in "biuf":
        raise InvalidData(f"The labels of {raw.where} are of type {y.dtype}.", "Give numbers, or classes from 0.")
    known = y[finite(y)]
    if y.ndim == 2:
        return "labels" if ((known == 0) | (known == 1)).all() else "numbers"
    if y.dtype.kind != "f":
        return "classes"
    return "classes" if whole(known) and len(set(known.tolist())) <= MOST_CLASSES else "numbers"
