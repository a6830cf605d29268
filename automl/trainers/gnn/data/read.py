"""The one way in: whatever `--data` names, or an object from Python, becomes a checked and divided graph."""

from __future__ import annotations

import importlib
from typing import Any

from automl.core.errors import InvalidData
from automl.trainers.gnn.data import check
from automl.trainers.gnn.data.cora import read_cora
from automl.trainers.gnn.data.named import read_named
from automl.trainers.gnn.data.objects import from_object
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.split import Splitting, split
from automl.trainers.gnn.graph import Graph, rows_of


def read(data: Any, splitting: Splitting, mask: int) -> Graph:
    """Read a graph.

    Args:
        data: None for Cora, a name, `module:function`, or an object with x, edge_index and y.
        splitting: how to divide its nodes where it brings no masks.
        mask: which column of its masks, where they have several.

    Raises:
        InvalidData: if it cannot be trained on, saying why.
        UnknownName: if there is none of that name.
        MissingExtra: if PyTorch Geometric is needed and not installed.
    """
    raw = _raw(data, mask)
    x, edge_index = check.features(raw), check.edges(raw)
    y, outputs = check.classes(raw)
    train, validation, test = split(raw, y, splitting)
    return Graph(raw.where, rows_of(x), edge_index, y, train, validation, test, outputs, names=raw.names)


def _raw(data: Any, mask: int) -> Raw:
    if data is None:
        return read_cora()
    if not isinstance(data, str):
        return from_object(data, "the graph", mask)
    if ":" in data:
        return from_object(_called(data), data, mask)
    return read_named(data)


def _called(name: str) -> Any:
    """Return what `module:function` returns."""
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError) as error:
        raise InvalidData(
            f"'{name}' cannot be called: {error}.", "Name it module:function, importable from here."
        ) from error
