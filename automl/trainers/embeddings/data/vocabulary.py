"""Tables of values: built from the rows that are trained on, used to encode these and any later ones.

row 0         PAD: the value is missing
row 1 ...     the values by falling frequency, ties by value
last row      OOV: a value that training never saw, or too rarely
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data.dataset import PAD, Column, Dataset
from automl.trainers.embeddings.data.hashing import bucket
from automl.trainers.embeddings.data.objects import as_frame
from automl.trainers.embeddings.data.reading import Reading
from automl.trainers.embeddings.data.schema import FieldSpec
from automl.trainers.embeddings.data.typed import as_numbers, texts

MOST_NAMES = 100_000
MOST_NAMES_SHARE = 0.1
"""So many distinct values, and such a share of the rows, make a numeric feature an amount: a table of them learns
nothing and fills the memory."""


def column(series: pl.Series, spec: FieldSpec, reading: Reading) -> Column:
    """Return the table of a field.

    Args:
        series: the rows that are trained on: texts of a token or hash, numbers of a number.
        spec: what the field is.
        reading: default sizes.
    """
    if spec.type == "number":
        edges = quantile_edges(series, spec.bins or reading.bins)
        return _counted(_bins(series, edges), Column(series.name, (), _none(), "number", edges), 1)
    if spec.type == "hash":
        buckets = spec.buckets or reading.hash_buckets
        return _counted(_buckets(series, buckets), Column(series.name, (), _none(), "hash", (), buckets), 1)
    least = reading.min_values if spec.role == "feature" else 1
    return _counted(series, Column(series.name, (), _none()), least)


def refuse_amounts(series: pl.Series, spec: FieldSpec, rows: int) -> None:
    """Refuse a numeric feature with so many values that they cannot be names.

    Raises:
        InvalidData: if it has.
    """
    distinct = series.n_unique()
    if distinct > max(MOST_NAMES, MOST_NAMES_SHARE * rows) and as_numbers(series).wrong is None:
        raise InvalidData(
            f"The field '{series.name}' is a token, but it is numeric and has {distinct:,} distinct values.",
            f'Write {series.name} = "number" in the schema to cut it into bins, or {series.name} = "hash" for buckets.',
        )


def quantile_edges(series: pl.Series, bins: int) -> tuple[float, ...]:
    """Return at most `bins` - 1 ascending edges with equally many numbers between them; every bin has some."""
    present = series.drop_nulls().sort()
    present = present.filter(present.is_finite())
    if not len(present):
        return ()
    places = np.arange(1, bins) * len(present) // bins
    cuts = sorted(set(present.gather(places).to_list()))
    return tuple(float(cut) for cut in cuts if cut > present[0])


def _none() -> npt.NDArray[np.int64]:
    return np.zeros(2, np.int64)


def _bins(series: pl.Series, edges: tuple[float, ...]) -> pl.Series:
    """Return the number of each number's bin as text: the first holds what is below all edges."""
    places = np.searchsorted(np.asarray(edges), series.fill_null(0).to_numpy(), side="right")
    return pl.Series(series.name, places).cast(pl.String).set(series.is_null(), None)


def _buckets(series: pl.Series, buckets: int) -> pl.Series:
    distinct = series.drop_nulls().unique()
    found = pl.Series([str(bucket(text, buckets)) for text in distinct], dtype=pl.String)
    return series.replace_strict(distinct, found, default=None, return_dtype=pl.String)


def _counted(series: pl.Series, bare: Column, least: int) -> Column:
    """Return the column with its values by falling frequency."""
    counted = series.drop_nulls().value_counts(name="count").sort(["count", series.name], descending=[True, False])
    often = counted.filter(pl.col("count") >= least)
    rare = len(series) - series.null_count() - int(often["count"].sum())
    counts = np.array([series.null_count(), *often["count"], rare], np.int64)
    return Column(bare.name, tuple(often[series.name]), counts, bare.kind, bare.edges, bare.buckets)


def encode(columns: Iterable[Column], frame: Any) -> npt.NDArray[np.int32]:
    """Return the rows of the tables that data stand for.

    Args:
        columns: F fields.
        frame: N rows, in whatever form `read` takes from memory; fields that are not among the columns are ignored.

    Returns:
        (N, F); PAD where a value is missing, OOV where it is unknown.

    Raises:
        InvalidData: if a field is missing, or holds what its type forbids.
    """
    rows = as_frame(frame)
    fields = tuple(columns)
    missing = [field.name for field in fields if field.name not in rows.columns]
    if missing:
        raise InvalidData(
            f"The data lack the fields {', '.join(missing)}.", "They have to have all of the training data."
        )
    ids = np.empty((rows.height, len(fields)), np.int32)
    for place, field in enumerate(fields):
        ids[:, place] = _rows(rows[field.name], field)
    return ids


def _rows(series: pl.Series, field: Column) -> npt.NDArray[np.int32]:
    names, unknown = _names(series, field)
    known = pl.Series(field.values, dtype=pl.String)
    places = pl.Series(np.arange(1, len(known) + 1), dtype=pl.Int32)
    oov = field.rows - 1
    rows = names.replace_strict(known, places, default=oov, return_dtype=pl.Int32).set(names.is_null(), PAD)
    return (rows if unknown is None else rows.set(unknown, oov)).to_numpy()


def _names(series: pl.Series, field: Column) -> tuple[pl.Series, pl.Series | None]:
    """Return what the values are called in the column, and where there is no number though one is expected."""
    if field.kind == "number":
        found = as_numbers(series)
        return _bins(found.values, field.edges), found.unknown
    names = texts(series)
    return (_buckets(names, field.buckets) if field.kind == "hash" else names), None


def vocabularies(dataset: Dataset) -> dict[str, Any]:
    """Return the tables of all fields as JSON: what `encode` needs to treat new data as the training data."""
    fields = [
        {
            "name": c.name,
            "kind": c.kind,
            "values": list(c.values),
            "counts": c.counts.tolist(),
            "edges": list(c.edges),
            "buckets": c.buckets,
        }
        for c in dataset.columns
    ]
    return {"pad": PAD, "oov": "last", "fields": fields}


def columns_from(vocabulary: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the fields that `vocabularies` wrote.

    Raises:
        InvalidData: if something is missing.
    """
    try:
        return tuple(
            Column(
                field["name"],
                tuple(field["values"]),
                np.asarray(field["counts"], np.int64),
                field["kind"],
                tuple(field["edges"]),
                field["buckets"],
            )
            for field in vocabulary["fields"]
        )
    except (KeyError, TypeError) as error:
        raise InvalidData(f"The vocabulary is incomplete: {error}.", "Export the model again.") from error
