"""Graphs from Python: PyTorch Geometric's Data, lists and data sets of them, or anything with the same attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.gnn.data import check
from automl.trainers.gnn.data.raw import Raw, as_array, side_by_side, with_parts
from automl.trainers.gnn.graph import Mask

MASKS = ("train_mask", "val_mask", "test_mask")
PARTS = ("train", "val", "test")
HINT = (
    "Give a torch_geometric.data.Data with x, edge_index and y, a list or a data set of them, or a mapping with the "
    "keys train, val and test that holds such lists."
)


def from_object(data: Any, where: str, mask: int) -> Raw:
    """Read graphs from objects or mappings with x, edge_index and y, and masks if they have them.

    Args:
        data: a graph, a sequence or a data set of graphs, or a mapping of the parts to such.
        where: what it is called, for messages.
        mask: which column of the masks, where they have several.

    Raises:
        InvalidData: if it is none, or lacks something.
    """
    if isinstance(data, Mapping) and "train" in data:
        return _in_parts(data, where, mask)
    if _is_graph(data):
        return _one(data, where, mask)
    graphs = _listed(data, where)
    if len(graphs) == 1:
        return _one(graphs[0], where, mask)
    return _several(graphs, where, mask)


def _in_parts(data: Mapping[str, Any], where: str, mask: int) -> Raw:
    """Read graphs that were divided by whoever gives them."""
    unknown = [name for name in data if name not in PARTS]
    if unknown:
        raise InvalidData(f"{where} has a part '{unknown[0]}'.", f"Parts are {', '.join(PARTS)}.")
    lists = [_listed(data.get(name, ()), f"part '{name}' of {where}") for name in PARTS]
    parts = np.repeat([0, 1, 2], [len(graphs) for graphs in lists])
    return with_parts(_several([graph for graphs in lists for graph in graphs], where, mask), parts)


def _several(graphs: Sequence[Any], where: str, mask: int) -> Raw:
    if not graphs:
        raise InvalidData(f"{where} holds no graph.", HINT)
    read = [_one(graph, f"graph {place} of {where}", mask) for place, graph in enumerate(graphs)]
    for raw in read:
        check.shaped(raw)
    return side_by_side([replace(raw, edge_index=check.edges(raw)) for raw in read], where)


def _listed(data: Any, where: str) -> Sequence[Any]:
    """Return the graphs of a part, a list, a data set or a batch."""
    if _is_graph(data):
        return [data]
    if hasattr(data, "to_data_list"):
        data = data.to_data_list()
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__") or isinstance(data, str | Mapping):
        raise InvalidData(f"{where} is a {type(data).__name__} and no graph.", HINT)
    return [data[place] for place in range(len(data))]


def _is_graph(data: Any) -> bool:
    """Tell whether something is one graph. Data sets of PyG have `edge_index`, too: that of all their graphs."""
    if type(data).__name__ == "HeteroData":
        raise InvalidData(
            "The graph has several types of nodes or edges.", "Make them one with data.to_homogeneous(), and give that."
        )
    several = hasattr(data, "get_summary") or hasattr(data, "to_data_list")
    return isinstance(data, Mapping) or (hasattr(data, "edge_index") and not several)


def _one(data: Any, where: str, mask: int) -> Raw:
    x, edge_index, y = (_get(data, name) for name in ("x", "edge_index", "y"))
    missing = [name for name, value in (("x", x), ("edge_index", edge_index)) if value is None]
    if missing:
        raise InvalidData(f"{where} has no {' and no '.join(missing)}.", HINT)
    train, validation, test = (_mask(_get(data, name), mask) for name in MASKS)
    labels = None if y is None else as_array(y)
    return Raw(where, as_array(x), as_array(edge_index), labels, train, validation, test)


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
