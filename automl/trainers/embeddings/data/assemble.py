"""From data to a data set, step by step: open, complete the schema, settle labels, filter, order, split, encode."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data.dataset import PARTS, Column, Dataset, Task
from automl.trainers.embeddings.data.filters import distinct, frequent
from automl.trainers.embeddings.data.infer import complete
from automl.trainers.embeddings.data.labels import labelled, refuse_one_class
from automl.trainers.embeddings.data.opened import opened
from automl.trainers.embeddings.data.reading import Reading, Split
from automl.trainers.embeddings.data.schema import Schema, schema_from
from automl.trainers.embeddings.data.split import Parts, by_ratio, by_time, by_user
from automl.trainers.embeddings.data.table import Table
from automl.trainers.embeddings.data.typed import broken, is_float_text, numbers, texts, times
from automl.trainers.embeddings.data.vocabulary import column, encode, refuse_amounts


def prepare(data: Any, reading: Reading) -> Table:
    """Open the data, draw `max_rows`, and complete the schema; see `read`."""
    table = opened(data, Schema() if reading.schema is None else schema_from(reading.schema))
    rows = table.frame.height
    if reading.max_rows is not None and rows > reading.max_rows:
        drawn = np.sort(np.random.default_rng(reading.seed).choice(rows, reading.max_rows, replace=False))
        table = table.but(table.frame[drawn], f"{reading.max_rows:,} of {rows:,} rows were drawn.")
    return complete(table)


def assemble(data: Any, reading: Reading) -> Dataset:
    """Return the data set; see `read`."""
    table, task = labelled(prepare(data, reading), reading)
    table = _ordered(_typed(_only_pairs(table) if task == "topk" else table, reading), reading, task)
    table = frequent(distinct(table, task), reading.min_count)
    if not table.schema.encoded:
        raise InvalidData("There is no field to predict from.", "Name one in the schema that is not ignored.")
    if not table.frame.height:
        raise InvalidData("No row is left.", "The labels say that nothing is a click: set a smaller positive_from.")
    refuse_one_class(table, task)
    parts = _parts(table, reading, task)
    _check_parts(table, parts, task)
    return _encoded(table, parts, task, reading)


def _only_pairs(table: Table) -> Table:
    """Leave out all fields but user, item and time: others are not known of an item that was not seen."""
    kept = {n: s for n, s in table.schema.fields.items() if s.role in ("user", "item", "time") and s.type != "ignore"}
    others = [n for n in table.schema.encoded if n not in kept]
    remarks = [f"Left out, as topk ranks by user and item alone: {', '.join(others)}."] if others else []
    return replace(table.but(table.frame.select(list(kept)), *remarks), schema=Schema(kept, "ignore"))


def _typed(table: Table, reading: Reading) -> Table:
    """Return the table with every field in its canonical form."""
    frame, remarks = table.frame, []
    for name in table.schema.encoded:
        series, spec = frame[name], table.schema.fields[name]
        if spec.type == "number":
            frame = frame.with_columns(numbers(series))
            continue
        if spec.type == "token" and spec.role == "feature" and reading.min_values == 1:
            refuse_amounts(series, spec, frame.height)
        if series.dtype.is_float() or (series.dtype == pl.String and is_float_text(series)):
            remarks.append(f"'{name}' has whole numbers written as broken ones; 7.0 was read as 7.")
        if spec.role in ("user", "item") and series.dtype == pl.String and (one := broken(series)) is not None:
            remarks.append(
                f"'{name}' has broken numbers, {one} for example; each was taken for the name of a {spec.role}."
            )
        frame = frame.with_columns(texts(series))
    time = table.schema.named("time")
    return table.but(frame if time is None else frame.with_columns(times(frame[time])), *remarks)


def _split(reading: Reading, task: Task) -> Split:
    if reading.split != "auto":
        return reading.split
    return "user" if task == "topk" else "ratio"


def _ordered(table: Table, reading: Reading, task: Task) -> Table:
    """Return the rows in the order of time, if the split or the merging of rows goes by it."""
    name, split = table.schema.named("time"), _split(reading, task)
    if split == "time" and name is None:
        raise InvalidData(
            "The split goes by time, but no field is the time.", 'Say so in the schema: {"when": "time"}.'
        )
    if name is None or (split == "ratio" and task != "topk"):
        return table
    table = table.kept(pl.col(name).is_not_null(), f"the time '{name}' is missing")
    if table.frame[name].is_sorted():
        return table
    return table.but(table.frame.sort(name, maintain_order=True), f"The rows were sorted by time, '{name}'.")


def _parts(table: Table, reading: Reading, task: Task) -> Parts:
    split, shares, frame = _split(reading, task), reading.shares, table.frame
    name, user = table.schema.named("time"), table.schema.named("user")
    time = None if name is None else frame[name].cast(pl.Float64).to_numpy()
    if split == "ratio":
        return by_ratio(frame.height, shares, reading.seed)
    if split == "time":
        assert time is not None
        return by_time(time, shares)
    if user is None:
        raise InvalidData("The split goes by user, but no field is the user.", 'Say so in the schema: {"who": "user"}.')
    if frame[user].null_count():
        raise InvalidData(
            f"The split goes by user, but '{user}' is missing in {frame[user].null_count():,} rows.",
            "Remove these rows, or set split=ratio.",
        )
    users = frame[user].rank("dense").to_numpy().astype(np.int64) - 1
    return by_user(users, time, shares, reading.seed)


def _check_parts(table: Table, parts: Parts, task: Task) -> None:
    """Refuse parts that are empty, or in which a metric of clicks does not exist."""
    label = table.schema.named("label") if task == "ctr" else None
    for place, part in enumerate(PARTS):
        mask = parts == place
        if not mask.any():
            raise InvalidData(
                f"The part '{part}' is empty: {len(parts):,} rows are too few, or too many share one time.",
                "Give more rows, other shares, or split=ratio.",
            )
        if label is not None and table.frame[label].filter(pl.Series(mask)).n_unique() < 2:
            raise InvalidData(
                f"All {int(mask.sum()):,} rows of the part '{part}' have the same label.",
                "Give more rows of the rare class, or another seed or split.",
            )


def _encoded(table: Table, parts: Parts, task: Task, reading: Reading) -> Dataset:
    frame, schema = table.frame, table.schema
    names = schema.encoded
    trained = pl.Series(parts <= PARTS.index("search"))
    columns = tuple(column(frame[name].filter(trained), schema.fields[name], reading) for name in names)
    ids = encode(columns, frame)
    label = schema.named("label")
    labels = np.ones(len(ids)) if label is None else frame[label].to_numpy()
    places = {role: names.index(name) for role in ("user", "item") if (name := schema.named(role)) in names}
    unseen = _unseen(columns, ids, parts, places)
    return Dataset(
        task=task,
        columns=columns,
        ids=ids,
        labels=np.asarray(labels, np.float32),
        parts=parts,
        user=places.get("user"),
        item=places.get("item"),
        name=table.name,
        remarks=(*table.remarks, *unseen),
    )


def _unseen(columns: tuple[Column, ...], ids: npt.NDArray[np.int32], parts: Parts, places: dict[str, int]) -> list[str]:
    """Remark rows of later parts with users or items that training never saw."""
    later = ids[parts > PARTS.index("search")]
    counts = {role: int((later[:, p] == columns[p].rows - 1).sum()) for role, p in places.items()}
    return [
        f"{count:,} of {len(later):,} rows to stop and to test on name {role}s that training never saw."
        for role, count in counts.items()
        if count
    ]
