"""A graph as two tables, CSV or Parquet: one row per node with its features and label, one row per edge.

A folder holds nodes.csv and edges.csv (or .tsv, .parquet); a TOML file says what cannot be guessed:

    nodes = "papers.csv"        # beside this file
    edges = "citations.parquet"
    id = "paper"                # column of nodes that edges name; without one nodes are counted from 0
    label = "topic"             # or a list of columns
    part = "fold"               # column that says train, val or test
    features = ["year", "venue"]  # numbers, or texts of few values, which become columns of 0 and 1
    source = "citing"
    target = "cited"
    directed = true             # messages go from source to target only
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.core.errors import InvalidData, UnknownName
from automl.trainers.gnn.data.raw import Raw

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".tsv", ".parquet")
IDS = ("id", "node", "node_id", "name")
LABELS = ("label", "y", "class", "target")
PARTS = ("part", "split", "set")
ENDS = (("source", "target"), ("src", "dst"), ("from", "to"), ("u", "v"))


@dataclass(frozen=True, slots=True)
class Tables:
    """What the tables are and what their columns mean; see the module. None is guessed from the names of columns."""

    nodes: str = "nodes"
    edges: str = "edges"
    id: str | None = None
    label: str | list[str] | None = None
    part: str | None = None
    features: list[str] | None = None
    source: str | None = None
    target: str | None = None
    directed: bool = False


def is_tables(folder: Path) -> bool:
    """Tell whether a folder holds a table of nodes or of edges."""
    return any(_beside(folder, name) for name in ("nodes", "edges"))


def read_tables(path: Path) -> Raw:
    """Read the graph of a folder or of a TOML file.

    Raises:
        InvalidData: if files or columns are missing, or edges name nodes that there are not.
        UnknownName: if the TOML file has a key that means nothing.
    """
    folder, asked = (path, Tables()) if path.is_dir() else (path.parent, _parsed(path))
    nodes, edges = (_frame(folder, name, what) for what, name in (("nodes", asked.nodes), ("edges", asked.edges)))
    return _raw(path, nodes, edges, _guessed(asked, nodes, edges, path))


def _parsed(path: Path) -> Tables:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidData(f"{path} is no TOML file: {error}.", 'Write lines like label = "topic".') from error
    known = {field.name: field.type for field in fields(Tables)}
    for name, value in given.items():
        if name not in known:
            raise UnknownName("key", name, known, f"It stands in {path}.")
        kinds = {"directed": (bool,), "features": (list,), "label": (str, list)}.get(name, (str,))
        if not isinstance(value, kinds):
            raise InvalidData(f"'{name}' in {path} is {value!r}.", f"It must be a {kinds[0].__name__}.")
    return Tables(**given)


def _beside(folder: Path, name: str) -> Path | None:
    """Return the file of a name, which may lack its suffix."""
    candidates = [folder / name, *(folder / f"{name}{suffix}" for suffix in SUFFIXES)]
    return next((path for path in candidates if path.is_file()), None)


def _frame(folder: Path, name: str, what: str) -> pl.DataFrame:
    import polars as pl

    path = _beside(folder, name)
    if path is None:
        wanted = name if Path(name).suffix else f"{name}.csv, {name}.tsv or {name}.parquet"
        raise InvalidData(
            f"{folder} has no table of {what}: there is no {wanted}.",
            f'Put it there, or name it in a TOML file: {what} = "FILE"',
        )
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, separator="\t" if path.suffix == ".tsv" else ",", infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        fault = str(error).split("\n")[0]
        raise InvalidData(f"{path} cannot be read: {fault}.", "Give CSV with a line of names, or Parquet.") from error


def _guessed(asked: Tables, nodes: pl.DataFrame, edges: pl.DataFrame, path: Path) -> Tables:
    """Fill in what is left open, and see that every column there is."""
    source, target = next((ends for ends in ENDS if set(ends) <= set(edges.columns)), (None, None))
    if (asked.source or source) is None or (asked.target or target) is None:
        raise InvalidData(
            f"The edges of {path} have the columns {', '.join(edges.columns)}, none called source and target.",
            'Say so in a TOML file: source = "COLUMN" and target = "COLUMN"',
        )
    found = replace(
        asked,
        id=asked.id or _first(IDS, nodes),
        label=asked.label or _first(LABELS, nodes),
        part=asked.part or _first(PARTS, nodes),
        source=asked.source or source,
        target=asked.target or target,
    )
    for name in (found.id, *labels_of(found), found.part, *(found.features or ())):
        if name is not None and name not in nodes.columns:
            raise UnknownName("column of nodes", name, nodes.columns)
    for name in (found.source, found.target):
        if name not in edges.columns:
            raise UnknownName("column of edges", str(name), edges.columns)
    return found


def _first(names: Sequence[str], frame: pl.DataFrame) -> str | None:
    return next((name for name in names if name in frame.columns), None)


def labels_of(tables: Tables) -> list[str]:
    """Return the columns that are labels."""
    if tables.label is None:
        return []
    return [tables.label] if isinstance(tables.label, str) else list(tables.label)


def _raw(path: Path, nodes: pl.DataFrame, edges: pl.DataFrame, tables: Tables) -> Raw:
    from automl.trainers.gnn.data.columns import features_in, labels_in, links_in, parts_in

    if not nodes.height:
        raise InvalidData(f"The table of nodes of {path} has no rows.", "Give a row for every node.")
    y, names = labels_in(nodes, labels_of(tables))
    own = {tables.id, tables.part, *labels_of(tables)}
    wanted = tables.features or [name for name in nodes.columns if name not in own]
    parts: Mapping[str, Any] = {} if tables.part is None else parts_in(nodes, tables.part)
    return Raw(path.name, features_in(nodes, wanted), links_in(nodes, edges, tables), y, names=names, **parts)
