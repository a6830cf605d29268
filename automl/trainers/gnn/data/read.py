"""The one way in: whatever `--data` names, or an object from Python, becomes a checked and divided graph."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl.core.errors import InvalidData, UsageError
from automl.trainers.gnn.data import check
from automl.trainers.gnn.data.cora import read_cora
from automl.trainers.gnn.data.folder import read_path
from automl.trainers.gnn.data.named import names, read_named
from automl.trainers.gnn.data.objects import from_object
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.split import Splitting
from automl.trainers.gnn.graph import Graph, rows_of
from automl.trainers.gnn.tasks import TARGETS, Predict, level_of, predicted


@dataclass(frozen=True, slots=True)
class Reading:
    """How data are read.

    Attributes:
        predict: what is predicted.
        splitting: how to divide units where the data bring no masks.
        mask: which column of the masks, where they have several.
    """

    predict: Predict = "auto"
    splitting: Splitting = field(default_factory=Splitting)
    mask: int = 0

    def __post_init__(self) -> None:
        if self.mask < 0:
            raise UsageError(f"'mask' counts columns from 0, got {self.mask}.")


def read(data: Any, reading: Reading) -> Graph:
    """Read a graph, or several.

    Args:
        data: None for Cora, a name, a path, `module:function`, or an object; see `from_object`.
        reading: how.

    Raises:
        InvalidData: if it cannot be trained on, saying why.
        UnknownName: if there is none of that name.
        MissingExtra: if PyTorch Geometric is needed and not installed.
    """
    raw = _raw(data, reading.mask)
    x = check.features(raw)
    raw = replace(raw, edge_index=check.edges(raw))
    predict = predicted(raw, reading.predict)
    level, target = level_of(raw, predict), TARGETS[predict]()
    found = level.divide(raw, target, reading.splitting)
    train, validation, test = found.masks
    deviation, mean = target.scale(found.y[train])
    return Graph(
        raw.where,
        rows_of(x),
        found.edge_index,
        found.y,
        train,
        validation,
        test,
        found.outputs,
        level.name,
        predict,
        raw.names,
        np.array([len(x)] if raw.sizes is None else raw.sizes, np.int64),
        found.pairs,
        tuple(deviation),
        tuple(mean),
    )


def _raw(data: Any, mask: int) -> Raw:
    if data is None:
        return read_cora()
    if isinstance(data, Path):
        return read_path(data)
    if not isinstance(data, str):
        return from_object(data, "the graph", mask)
    if data not in names() and Path(data).exists():
        return read_path(Path(data))
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
