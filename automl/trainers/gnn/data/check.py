"""What is wrong with a graph, said before anything is trained on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Floats, Integers


def features(raw: Raw) -> Floats:
    """Return the features, one row per node, all of them numbers.

    Raises:
        InvalidData: if there are none, some are no numbers, or rows are not those of the labels.
    """
    x = raw.x
    if x.ndim != 2 or not len(x) or not x.shape[1]:
        raise InvalidData(
            f"{raw.where} has features of the shape {x.shape}.",
            "Give x as (nodes, features); where nodes have none, the unit matrix or their degree will do.",
        )
    if x.dtype.kind not in "biuf":
        raise InvalidData(f"The features of {raw.where} are of type {x.dtype}.", "Give numbers.")
    made = np.ascontiguousarray(x, dtype=np.float32)
    bad = ~np.isfinite(made)
    if bad.any():
        node, column = np.argwhere(bad)[0]
        raise InvalidData(
            f"{int(bad.sum())} features of {raw.where} are NaN or infinite, the first at node {node}, column {column}.",
            "Fill them in, or leave these features out.",
        )
    if len(raw.y) != len(x):
        raise InvalidData(f"{raw.where} has {len(x)} rows of features and {len(raw.y)} labels.", "Give one per node.")
    return made


def edges(raw: Raw) -> Integers:
    """Return the edges; self loops and duplicates may be among them.

    Raises:
        InvalidData: if they are no pairs of nodes, or name nodes that there are not.
    """
    found = raw.edge_index
    if found.ndim != 2 or found.shape[0] != 2 or (found.size and found.dtype.kind not in "iu"):
        raise InvalidData(
            f"The edges of {raw.where} are {found.dtype} of the shape {found.shape}.",
            "Give edge_index as (2, edges) integers: the nodes edges come from, and those they lead to.",
        )
    made = np.ascontiguousarray(found, dtype=np.int64)
    outside = (made < 0) | (made >= len(raw.x))
    if outside.any():
        edge = int(outside.any(axis=0).argmax())
        raise InvalidData(
            f"Edge {edge} of {raw.where} leads from node {made[0, edge]} to node {made[1, edge]}; there are nodes 0 to "
            f"{len(raw.x) - 1}.",
            "Count nodes from 0, in the order of the rows of features.",
        )
    return made


def classes(raw: Raw) -> tuple[Integers, int]:
    """Return the labels as classes counted from 0, and how many classes there are.

    Nodes that no mask names may have any label, NaN and -1 included; theirs becomes 0.

    Raises:
        InvalidData: if labels are no whole numbers, or all the same.
    """
    made = np.zeros(len(raw.y), np.int64)
    named = [mask for mask in (raw.train, raw.validation, raw.test) if mask is not None and len(mask) == len(made)]
    used = np.logical_or.reduce(named) if raw.train is not None and named else np.ones(len(made), bool)
    made[used] = _classes(raw, raw.y[used])
    return made, int(made.max()) + 1


def _classes(raw: Raw, labels: npt.NDArray[Any]) -> Integers:
    y = labels.squeeze(1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if y.ndim != 1 or not _whole(y):
        raise InvalidData(
            f"The labels of {raw.where} are {y.dtype} of the shape {y.shape}, and no classes.",
            "Give one whole number per node, counted from 0.",
        )
    made = y.astype(np.int64)
    if len(made) and made.min() < 0:
        raise InvalidData(f"{raw.where} has the class {made.min()}.", "Count classes from 0.")
    if not len(made) or made.min() == made.max():
        raise InvalidData(f"{raw.where} has one class only: there is nothing to tell apart.", "Give two or more.")
    return made


def _whole(y: npt.NDArray[Any]) -> bool:
    """Tell whether labels are whole numbers, whatever their type."""
    return y.dtype.kind in "biu" or (y.dtype.kind == "f" and bool(np.isfinite(y).all() and (y == np.floor(y)).all()))
