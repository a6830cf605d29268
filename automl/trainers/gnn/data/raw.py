"""Graphs as their source has them, before they are checked and divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.gnn.graph import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Arrays of one graph, or of several side by side, unchecked.

    Attributes:
        where: what it was read from, for messages.
        x: (nodes, features) numbers.
        edge_index: (2, edges) from and to, counted through all graphs.
        y: labels of nodes or of graphs; None where there are none.
        train, validation, test: masks of nodes or of graphs, where the source has them.
        names: of the classes; empty if unknown.
        sizes: nodes of each graph; None for one graph.
    """

    where: str
    x: npt.NDArray[Any]
    edge_index: npt.NDArray[Any]
    y: npt.NDArray[Any] | None
    train: Mask | None = None
    validation: Mask | None = None
    test: Mask | None = None
    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None

    @property
    def by_graph(self) -> bool:
        """Whether labels are those of graphs: one for each, where there are several."""
        return self.sizes is not None and self.y is not None and len(self.y) == len(self.sizes)


def as_array(value: Any) -> npt.NDArray[Any]:
    """Return a tensor, a sequence or an array as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if getattr(value, "is_sparse", False) or str(getattr(value, "layout", "torch.strided")) != "torch.strided":
        value = value.to_dense()
    return np.asarray(value)


def side_by_side(graphs: Sequence[Raw], where: str) -> Raw:
    """Return several graphs as one without edges between them.

    Args:
        graphs: one graph each, their edges checked, all with labels of nodes or all with one label or row of labels.
        where: what they were read from.

    Raises:
        InvalidData: if they do not have the same features, labels and masks.
    """
    _alike("numbers of features", [raw.x.shape[1:] for raw in graphs], where)
    sizes = tuple(len(raw.x) for raw in graphs)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    edges = [raw.edge_index + start for raw, start in zip(graphs, starts, strict=True)]
    train, validation, test = (_masks(graphs, name, where) for name in ("train", "validation", "test"))
    return Raw(
        where,
        np.concatenate([raw.x for raw in graphs]),
        np.concatenate(edges, axis=1),
        _labels(graphs, where),
        train,
        validation,
        test,
        sizes=sizes,
    )


def with_parts(raw: Raw, parts: npt.NDArray[np.int64]) -> Raw:
    """Return several graphs with every graph in one part.

    Args:
        raw: the graphs.
        parts: of each graph: 0 for training, 1 for validation, 2 for test.
    """
    assert raw.sizes is not None
    each = parts if raw.by_graph else np.repeat(parts, raw.sizes)
    return replace(raw, train=each == 0, validation=each == 1 if (parts == 1).any() else None, test=each == 2)


def _labels(graphs: Sequence[Raw], where: str) -> npt.NDArray[Any] | None:
    """Return the labels of all nodes, or of all graphs where each graph has one."""
    given = [raw.y for raw in graphs if raw.y is not None]
    if not given:
        return None
    if len(given) < len(graphs):
        raise InvalidData(f"Only {len(given)} of the {len(graphs)} graphs of {where} have labels.", "Give y to all.")
    if all(y.ndim == 0 or len(y) == 1 for y in given):
        rows = [y.reshape(1, -1) if y.ndim == 2 else y.reshape(1) for y in given]
        _alike("numbers of labels", [row.shape for row in rows], where)
        return np.concatenate(rows)
    wrong = next((i for i, raw in enumerate(graphs) if given[i].ndim == 0 or len(given[i]) != len(raw.x)), None)
    if wrong is not None:
        raise InvalidData(
            f"Graph {wrong} of {where} has {len(graphs[wrong].x)} nodes and {given[wrong].size} labels.",
            "Give y one label per node in all graphs, or one per graph in all.",
        )
    _alike("numbers of labels", [y.shape[1:] for y in given], where)
    return np.concatenate(given)


def _masks(graphs: Sequence[Raw], name: str, where: str) -> Mask | None:
    masks: list[Mask] = [mask for raw in graphs if (mask := getattr(raw, name)) is not None]
    if masks and len(masks) < len(graphs):
        raise InvalidData(f"Only {len(masks)} of the {len(graphs)} graphs of {where} have masks.", "Give all or none.")
    return np.concatenate(masks) if masks else None


def _alike(what: str, found: Sequence[tuple[int, ...]], where: str) -> None:
    other = next((place for place, shape in enumerate(found) if shape != found[0]), None)
    if other is not None:
        raise InvalidData(
            f"The graphs of {where} have different {what}: graph 0 has {found[0]}, graph {other} has {found[other]}.",
            "Give all graphs the same.",
        )
