"""From whatever names or holds data to a table: by name, by path, or from memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automl.core.errors import InvalidData, UnknownName
from automl.trainers.embeddings.data import atomic
from automl.trainers.embeddings.data.atomic import read_atomic
from automl.trainers.embeddings.data.named import DEFAULT, NAMES, path_of
from automl.trainers.embeddings.data.objects import as_frame
from automl.trainers.embeddings.data.schema import Schema, schema_from
from automl.trainers.embeddings.data.table import Table
from automl.trainers.embeddings.data.tabular import CSV_SUFFIXES, PARQUET_SUFFIXES, read_csv, read_parquet

KINDS = "CSV (.csv, .tsv, .txt, also .gz), Parquet (.parquet) and RecBole's atomic files (.inter)"


def opened(data: Any, given: Schema) -> Table:
    """Return data as a table, with the schema that is given, completed by the one that lies beside them.

    Args:
        data: None for the shipped flights, a name, a path to a file or folder, a DataFrame, or a dict of arrays.
        given: a schema; where it ignores the rest, the one beside the data does not count.

    Raises:
        UnknownName: if a text is neither a name nor a path.
        InvalidData: if the file is missing, damaged or of an unknown kind.
    """
    if data is None or (isinstance(data, str) and data in NAMES and not Path(data).exists()):
        return _from_file(path_of(data or DEFAULT), given)
    if not isinstance(data, str | Path):
        return Table(as_frame(data), type(data).__name__, given)
    path = Path(data).expanduser()
    if path.is_dir():
        return _from_folder(path, given)
    if path.is_file():
        return _from_file(path, given)
    if isinstance(data, str) and path.name == data and not path.suffix:
        raise UnknownName("data set", data, NAMES, "Or give the path of a file or folder.")
    raise InvalidData(f"There is no file {path}.", "Check the path.")


def _from_file(path: Path, given: Schema) -> Table:
    name = path.name.lower()
    stem = path.name.split(".")[0]
    schema = _over(given, _beside(path))
    if name.endswith(CSV_SUFFIXES):
        return Table(read_csv(path, delimiter=schema.delimiter, columns=schema.columns), stem, schema)
    if schema.columns or schema.delimiter:
        raise InvalidData(
            f"The schema has 'columns' or 'delimiter', which are for text files ({', '.join(CSV_SUFFIXES)}), but the "
            f"data are {path.name}.",
            "Remove them from the schema, or rename the file.",
        )
    if name.endswith(atomic.SUFFIX):
        table = read_atomic(path)
        return Table(table.frame, stem, _over(schema, table.schema), table.remarks)
    if name.endswith(PARQUET_SUFFIXES):
        return Table(read_parquet([path], _needed(schema)), stem, schema)
    raise InvalidData(f"{path} is of an unknown kind.", f"Known are {KINDS}.")


def _over(given: Schema, other: Schema) -> Schema:
    return given if given.rest == "ignore" else given.over(other)


def _needed(schema: Schema) -> list[str]:
    """Return the names of the only columns that matter; none if others may."""
    return [n for n, spec in schema.fields.items() if spec.type != "ignore"] if schema.rest == "ignore" else []


def _beside(path: Path) -> Schema:
    """Return the schema NAME.schema.toml or NAME.schema.json in the file's folder; an empty one if there is none."""
    stem = path.name.removesuffix(".gz").rpartition(".")[0]
    found = (path.with_name(f"{stem}.schema{suffix}") for suffix in (".toml", ".json"))
    return schema_from(next((p for p in found if p.is_file()), Schema()))


def _from_folder(path: Path, given: Schema) -> Table:
    own = next((path / name for name in ("schema.toml", "schema.json") if (path / name).is_file()), Schema())
    for suffixes in ((atomic.SUFFIX,), PARQUET_SUFFIXES, CSV_SUFFIXES):
        found = sorted(p for p in path.iterdir() if p.name.lower().endswith(suffixes))
        if len(found) > 1 and suffixes != PARQUET_SUFFIXES:
            raise InvalidData(
                f"{path} has several files: {', '.join(p.name for p in found[:5])}.", "Give the path of one of them."
            )
        if found:
            table = _from_file(found[0], _over(given, schema_from(own)))
            frame = table.frame if len(found) == 1 else read_parquet(found, _needed(table.schema))
            return Table(frame, path.resolve().name, table.schema, table.remarks)
    raise InvalidData(f"{path} has no data in it.", f"Known are {KINDS}.")
