"""Tables as their owners hold them, divided once into rows to search on and rows for the test."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData, UnknownName

_READERS = {".csv": "read_csv", ".parquet": "read_parquet"}
_FORMS = "Give (X, y), a DataFrame with --set target=COLUMN, or the path of a CSV or Parquet file with it."


@dataclass(frozen=True, slots=True)
class Table:
    """Inputs with one target for each row: arrays, or DataFrames of pandas or Polars."""

    x: Any
    y: Any

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: npt.NDArray[np.intp]) -> Table:
        """Return some of the rows."""
        return Table(_take(self.x, rows), _take(self.y, rows))


def _take(part: Any, rows: npt.NDArray[np.intp]) -> Any:
    return part.iloc[rows] if hasattr(part, "iloc") else part[rows]


def read(data: Any, target: str | None) -> Table:
    """Take data as they are, or read a file; None is scikit-learn's digits.

    Raises:
        InvalidData: if they are no table with a target.
    """
    if data is None:
        from sklearn.datasets import load_digits

        return Table(*load_digits(return_X_y=True))
    if isinstance(data, str | Path):
        data = _file(Path(data))
    if hasattr(data, "columns"):
        return _with_target(data, target)
    if isinstance(data, tuple | list) and len(data) == 2:
        table = Table(*map(_rows, data))
        sizes = (table.x.shape[0], table.y.shape[0])  # a sparse matrix has no len
        if sizes[0] != sizes[1]:
            raise InvalidData(f"X has {sizes[0]} rows and y has {sizes[1]}.", "Give a target for every row.")
        return table
    raise InvalidData(f"Data of type {type(data).__name__} are no table.", _FORMS)


def _rows(part: Any) -> Any:
    return part if hasattr(part, "shape") else np.asarray(part)


def _file(path: Path) -> Any:
    import pandas  # not Polars: what selects columns by their type in a pipeline knows pandas only

    if path.suffix.lower() not in _READERS:
        raise InvalidData(f"{path} is neither a CSV nor a Parquet file.", _FORMS)
    try:
        return getattr(pandas, _READERS[path.suffix.lower()])(path)
    except (OSError, ValueError, ImportError) as error:
        raise InvalidData(f"{path} cannot be read: {error}.", _FORMS) from error


def _with_target(frame: Any, target: str | None) -> Table:
    columns = [str(name) for name in frame.columns]
    if target is None:
        raise InvalidData(
            f"Which column is to be predicted? There are {', '.join(columns)}.", "Type --set target=COLUMN"
        )
    if target not in columns:
        raise UnknownName("column", target, columns)
    y = frame[target].to_numpy()
    return Table(frame.drop(columns=target) if hasattr(frame, "iloc") else frame.drop(target), y)


def is_classes(table: Table, each: int) -> bool:
    """Say whether the target holds classes with so many rows each, so that every part can have some of all."""
    from sklearn.utils.multiclass import type_of_target

    if type_of_target(table.y) not in ("binary", "multiclass"):
        return False
    return int(np.unique(np.asarray(table.y), return_counts=True)[1].min()) >= each


def divide(table: Table, share: float, seed: int) -> tuple[Table, Table]:
    """Return the rows to search on and the rows for the test, which may be none; in both the order stays.

    Args:
        table: all rows.
        share: of the rows for the test.
        seed: of the division.
    """
    from sklearn.model_selection import train_test_split

    every = np.arange(len(table))
    if share == 0:
        return table, table.take(every[:0])
    strata = table.y if is_classes(table, 2) else None
    kept, held = train_test_split(every, test_size=share, random_state=seed, stratify=strata)
    return table.take(np.sort(kept)), table.take(np.sort(held))


def fingerprint(table: Table) -> str:
    """Return a hash of all values and of the names of the columns."""
    digest = hashlib.sha256()
    for name, column in _columns(table):
        digest.update(repr((name, column.shape, column.dtype)).encode())
        plain = column.dtype.kind in "biufcMm"
        digest.update(np.ascontiguousarray(column).tobytes() if plain else repr(column.tolist()).encode())
    return digest.hexdigest()[:16]


def _columns(table: Table) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for part in (table.x, table.y):
        if hasattr(part, "columns"):
            yield from ((str(name), np.asarray(part[name])) for name in part.columns)
        elif hasattr(part, "tocsr"):
            csr = part.tocsr()
            yield from (("data", csr.data), ("indices", csr.indices), ("indptr", csr.indptr))
        else:
            yield "", np.asarray(part)
