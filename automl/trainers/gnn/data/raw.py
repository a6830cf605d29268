"""A graph as its source has it, before it is checked and divided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.trainers.gnn.graph import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Arrays of one graph, unchecked.

    Attributes:
        where: what it was read from, for messages.
        x: (nodes, features) numbers.
        edge_index: (2, edges) from and to.
        y: labels of nodes.
        train, validation, test: (nodes,) masks, where the source has them.
        names: of the classes; empty if unknown.
    """

    where: str
    x: npt.NDArray[Any]
    edge_index: npt.NDArray[Any]
    y: npt.NDArray[Any]
    train: Mask | None = None
    validation: Mask | None = None
    test: Mask | None = None
    names: tuple[str, ...] = ()


def as_array(value: Any) -> npt.NDArray[Any]:
    """Return a tensor, a sequence or an array as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if getattr(value, "is_sparse", False) or str(getattr(value, "layout", "torch.strided")) != "torch.strided":
        value = value.to_dense()
    return np.asarray(value)
