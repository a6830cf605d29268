"""From the columns of tables to arrays of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.gnn.graph import Floats, Integers, Mask

if TYPE_CHECKING:
    from automl.trainers.gnn.data.tables import Tables

MOST_VALUES = 50
"""Different texts that a feature may have; each becomes a column."""
NAMES = {"train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test"}  # fmt: skip


def features_in(nodes: pl.DataFrame, names: Sequence[str]) -> Floats:
    """Return features (nodes, features): numbers as they are, texts as columns of 0 and 1.

    Raises:
        InvalidData: if there are none, or a text has too many values.
    """
    if not names:
        raise InvalidData(
            f"The table of nodes has no features beside {', '.join(nodes.columns)}.",
            "Add columns of numbers, a node's degree for example.",
        )
    return np.concatenate([_feature(nodes[name]) for name in names], axis=1)


def _feature(column: pl.Series) -> Floats:
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return column.cast(pl.Float32).fill_null(float("nan")).to_numpy().reshape(-1, 1)
    texts = column.cast(pl.String)
    values = texts.drop_nulls().unique().sort()
    if len(values) > MOST_VALUES:
        raise InvalidData(
            f"The column '{column.name}' has {len(values)} different texts: too many for a feature.",
            'Name the features in a TOML file, features = ["COLUMN", ...], or the column that names nodes, '
            f'id = "{column.name}".',
        )
    if not len(values):
        return np.zeros((len(column), 0), np.float32)
    return np.stack([(texts == value).fill_null(False).to_numpy() for value in values], axis=1).astype(np.float32)


def labels_in(nodes: pl.DataFrame, names: Sequence[str]) -> tuple[npt.NDArray[Any] | None, tuple[str, ...]]:
    """Return labels, NaN where they are missing, and the names of classes where they are texts."""
    if not names:
        return None, ()
    if len(names) > 1:
        return np.stack([_numbers(nodes[name]) for name in names], axis=1), ()
    column = nodes[names[0]]
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return (column.to_numpy() if not column.null_count() else _numbers(column)), ()
    texts = column.cast(pl.String)
    classes = texts.drop_nulls().unique().sort().to_list()
    coded = texts.replace_strict(classes, list(range(len(classes))), default=None, return_dtype=pl.Int64)
    return (coded.to_numpy() if not coded.null_count() else _numbers(coded)), tuple(classes)


def _numbers(column: pl.Series) -> npt.NDArray[np.float64]:
    try:
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise InvalidData(f"The label '{column.name}' is no number.", "Of several labels each is 0 and 1.") from error


def parts_in(nodes: pl.DataFrame, name: str) -> dict[str, Mask]:
    """Return the masks of the parts that a column names; other nodes are in none.

    Raises:
        InvalidData: if it names no training nodes.
    """
    given = nodes[name].cast(pl.String).str.to_lowercase().fill_null("")
    parts = given.replace_strict(list(NAMES), list(NAMES.values()), default="")
    found = {part: (parts == part).to_numpy() for part in ("train", "validation", "test")}
    if not found["train"].any():
        values = ", ".join(given.unique().sort().head(5).to_list())
        raise InvalidData(
            f"The column '{name}' names no training nodes; it has {values}.", "Write train, val and test."
        )
    return {part: mask for part, mask in found.items() if part != "validation" or mask.any()}


def links_in(nodes: pl.DataFrame, edges: pl.DataFrame, tables: Tables) -> Integers:
    """Return edges (2, edges) as places of nodes, both ways unless they are directed.

    Raises:
        InvalidData: if they name nodes that there are not, or two nodes have one name.
    """
    assert tables.source is not None
    assert tables.target is not None
    ends = [_places(nodes, edges[name], tables.id) for name in (tables.source, tables.target)]
    found = np.stack(ends)
    return found if tables.directed else np.concatenate([found, found[::-1]], axis=1)


def _places(nodes: pl.DataFrame, ends: pl.Series, id_column: str | None) -> Integers:
    if id_column is None:
        known = pl.Series(range(nodes.height)).cast(pl.String)
    else:
        known = nodes[id_column].cast(pl.String)
        if known.n_unique() < len(known):
            twice = known.filter(known.is_duplicated())[0]
            raise InvalidData(f"Two nodes have the same '{id_column}': {twice}.", "Give every node one of its own.")
    named = pl.DataFrame({"name": known, "place": np.arange(len(known))})
    found = ends.cast(pl.String).to_frame("name").join(named, on="name", how="left", maintain_order="left")["place"]
    if found.null_count():
        row = int(found.is_null().arg_max() or 0)
        where = f"the column '{id_column}' of nodes" if id_column else f"nodes 0 to {nodes.height - 1}"
        raise InvalidData(
            f"{found.null_count()} edges name missing nodes: row {row} has {ends.name} = {ends[row]}, which is not in "
            f"{where}.",
            'Add these nodes, or name the column that edges refer to in a TOML file: id = "COLUMN"',
        )
    return found.to_numpy().astype(np.int64)
