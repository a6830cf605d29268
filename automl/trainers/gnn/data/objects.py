"""Graphs from Python: PyTorch Geometric's Data and data sets of one graph, or anything with the same attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl.core.errors import InvalidData
from automl.trainers.gnn.data.raw import Raw, as_array
from automl.trainers.gnn.graph import Mask

PARTS = ("x", "edge_index", "y")
MASKS = ("train_mask", "val_mask", "test_mask")
HINT = "Give a torch_geometric.data.Data with x, edge_index and y."


def from_object(data: Any, where: str, mask: int) -> Raw:
    """Read a graph from an object or a mapping with x, edge_index and y, and masks if it has them.

    Args:
        data: the graph, or a data set that holds one.
        where: what it is called, for messages.
        mask: which column of the masks, where they have several.

    Raises:
        InvalidData: if it is none, or lacks something.
    """
    single = _single(data, where)
    parts = [_get(single, name) for name in PARTS]
    missing = [name for name, value in zip(PARTS, parts, strict=True) if value is None]
    if missing:
        raise InvalidData(f"{where} has no {' and no '.join(missing)}.", HINT)
    x, edge_index, y = map(as_array, parts)
    train, validation, test = (_mask(_get(single, name), mask) for name in MASKS)
    return Raw(where, x, edge_index, y, train, validation, test)


def _single(data: Any, where: str) -> Any:
    """Return the graph itself, or the only one of a data set."""
    if isinstance(data, Mapping) or hasattr(data, "edge_index"):
        return data
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise InvalidData(f"{where} is a {type(data).__name__} and no graph.", HINT)
    if len(data) != 1:
        raise InvalidData(f"{where} holds {len(data)} graphs; one is needed, whose nodes have classes.", HINT)
    return data[0]


def _get(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else getattr(data, name, None)


def _mask(value: Any, column: int) -> Mask | None:
    if value is None:
        return None
    made = as_array(value).astype(bool)
    if made.ndim == 2:
        if column >= made.shape[1]:
            raise InvalidData(f"The masks have {made.shape[1]} columns, counted from 0; there is no {column}.")
        made = made[:, column]
    return made
