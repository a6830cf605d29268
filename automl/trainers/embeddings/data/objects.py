"""Data that a program already holds: frames of polars or pandas, mappings of names to arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from automl.core.errors import InvalidData


def as_frame(data: Any) -> pl.DataFrame:
    """Return the data as a polars frame.

    Args:
        data: a polars DataFrame or LazyFrame, a pandas DataFrame, or a mapping of names to one-dimensional arrays.

    Raises:
        InvalidData: if it is none of these, columns differ in length, or one mixes types.
    """
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, Mapping):
        return _assembled({str(name): _series(str(name), values) for name, values in data.items()})
    if hasattr(data, "columns") and hasattr(data, "iloc"):  # pandas, which need not be installed
        return _assembled({str(name): _from_pandas(str(name), data[name]) for name in data.columns})
    raise InvalidData(
        f"An object of type {type(data).__name__} is no data set.",
        "Give a path, a DataFrame of polars or pandas, or a dict of arrays.",
    )


def _assembled(columns: dict[str, pl.Series]) -> pl.DataFrame:
    lengths = {name: len(series) for name, series in columns.items()}
    if len(set(lengths.values())) > 1:
        short, long = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise InvalidData(
            f"The columns differ in length: '{short}' has {lengths[short]:,} rows, '{long}' has {lengths[long]:,}.",
            "Give every row a value, None where there is none.",
        )
    return pl.DataFrame(list(columns.values()))


def _from_pandas(name: str, column: Any) -> pl.Series:
    if getattr(column.dtype, "kind", "O") in "biufM" and isinstance(column.dtype, np.dtype):
        return _series(name, column.to_numpy())
    present = column.notna().to_numpy()
    return _series(name, [value if there else None for value, there in zip(column.tolist(), present, strict=True)])


def _series(name: str, values: Any) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    if hasattr(values, "detach"):  # a tensor
        values = values.detach().cpu().numpy()
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise InvalidData(f"The column '{name}' has the shape {values.shape}.", "Give one value per row.")
        values = values.tolist() if values.dtype == object else values
    _refuse_mixed(name, values)
    if isinstance(values, list | tuple) and any(isinstance(value, float | np.floating) for value in values):
        values = [None if value is None else float(value) for value in values]  # whole and broken numbers together
    try:
        return pl.Series(name, values)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        fault = str(error).split("\n")[0]
        raise InvalidData(f"The column '{name}' cannot be read: {fault}.", "Give a list or an array.") from error


def _refuse_mixed(name: str, values: Any) -> None:
    if not isinstance(values, list | tuple):
        return
    first: dict[str, Any] = {}
    for value in values:
        kind = _kind(value)
        if kind and kind not in first:
            first[kind] = value
    if len(first) > 1:
        (one, a), (other, b) = list(first.items())[:2]
        raise InvalidData(
            f"The column '{name}' mixes types: {a!r} is {one}, {b!r} is {other}.",
            f"Make all of them texts: [str(value) for value in {name}].",
        )


def _kind(value: Any) -> str:
    """Return the word for a value's type; nothing for a missing one."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "a truth value"
    if isinstance(value, int | float | np.number):
        return "a number"
    return "a text" if isinstance(value, str) else f"of type {type(value).__name__}"
