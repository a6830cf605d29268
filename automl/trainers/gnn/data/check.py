"""What is wrong with a graph, said before anything is trained on it."""

from __future__ import annotations

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Floats, Integers


def shaped(raw: Raw) -> None:
    """See that there are nodes and features of them.

    Raises:
        InvalidData: if there are none.
    """
    if raw.x.ndim != 2 or not len(raw.x) or not raw.x.shape[1]:
        raise InvalidData(
            f"{raw.where} has features of the shape {raw.x.shape}.",
            "Give x as (nodes, features); where nodes have none, the unit matrix or their degree will do.",
        )


def features(raw: Raw) -> Floats:
    """Return the features, one row per node, all of them numbers.

    Raises:
        InvalidData: if there are none, some are no numbers, or rows are not those of the labels.
    """
    shaped(raw)
    if raw.x.dtype.kind not in "biuf":
        raise InvalidData(f"The features of {raw.where} are of type {raw.x.dtype}.", "Give numbers.")
    made = np.ascontiguousarray(raw.x, dtype=np.float32)
    bad = ~np.isfinite(made)
    if bad.any():
        node, column = np.argwhere(bad)[0]
        raise InvalidData(
            f"{int(bad.sum())} features of {raw.where} are NaN or infinite, the first at node {node}, column {column}.",
            "Fill them in, or leave these features out.",
        )
    if raw.y is not None and not raw.by_graph and (raw.y.ndim == 0 or len(raw.y) != len(made)):
        raise InvalidData(
            f"{raw.where} has {len(made)} rows of features and {raw.y.size} labels.",
            "Give one per node; for labels of whole graphs, give a list of graphs with one each.",
        )
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
