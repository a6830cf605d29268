"""Which task the labels pose, and whether they can pose it."""

from __future__ import annotations

import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data.dataset import Task
from automl.trainers.embeddings.data.reading import Reading
from automl.trainers.embeddings.data.table import Table
from automl.trainers.embeddings.data.typed import numbers


def labelled(table: Table, reading: Reading) -> tuple[Table, Task]:
    """Return the table with its labels as numbers, clicks as 0 and 1, and the task.

    For `topk`, rows that are no click are dropped, and the labels with them.

    Raises:
        InvalidData: if there is no label and none can be done without, or labels do not fit the task.
    """
    name = table.schema.named("label")
    if name is None:
        return table, _without_labels(table, reading)
    labels = numbers(
        table.frame[name],
        "A label is a number: write 1 for a click and 0 for none, or name another label in the schema.",
    )
    table = table.but(table.frame.with_columns(labels)).kept(labels.is_not_null(), f"'{name}' is missing")
    labels = table.frame[name]
    _check_range(labels, table)
    task, why = _task(table, labels, reading)
    if task == "rating":
        return table.but(table.frame, *why), task
    table = table.but(table.frame.with_columns(_clicks(labels, task, reading)), *why)
    if task == "ctr":
        return table, task
    why_not = f"'{name}' says that they are no click" if reading.positive_from is None else f"'{name}' is too small"
    return table.kept(pl.col(name) == 1, why_not), task


def _without_labels(table: Table, reading: Reading) -> Task:
    complete = table.schema.named("user") is not None and table.schema.named("item") is not None
    if complete and reading.task in ("auto", "topk"):
        return "topk"
    fields = ", ".join(table.schema.fields)
    raise InvalidData(
        f"No field is the label; the data have {fields}.",
        'Say which one in the schema: {"clicked": "label"}. Or name a user and an item for the task topk.',
    )


def _check_range(labels: pl.Series, table: Table) -> None:
    spec = table.schema.fields[labels.name]
    low, high = spec.range or (-1e30, 1e30)
    wrong = labels.filter((labels < low) | (labels > high))
    if len(wrong):
        limits = f"outside its range of {low:g} to {high:g}" if spec.range else "not finite"
        raise InvalidData(
            f"The label '{labels.name}' is {limits} in {len(wrong):,} rows, {wrong[0]:g} for example.",
            "Correct or remove these rows, or the range in the schema.",
        )
    if not len(labels):
        raise InvalidData(f"No row has a label '{labels.name}'.", "Check the name of the label in the schema.")


def _task(table: Table, labels: pl.Series, reading: Reading) -> tuple[Task, list[str]]:
    """Return the task, and remarks how it was found."""
    if reading.task != "auto":
        return reading.task, []
    distinct = set(labels.unique().head(3))
    if distinct == {1.0} and table.schema.named("user") and table.schema.named("item"):
        return "topk", [f"The task is topk: '{labels.name}' is 1 in all rows."]
    if reading.positive_from is not None or distinct <= {0.0, 1.0}:
        return "ctr", []
    ends = labels.sort()
    return "rating", [f"The task is rating: '{labels.name}' runs from {ends[0]:g} to {ends[-1]:g}."]


def _clicks(labels: pl.Series, task: Task, reading: Reading) -> pl.Series:
    if reading.positive_from is not None:
        return (labels >= reading.positive_from).cast(pl.Float64)
    wrong = labels.filter(~labels.is_in([0.0, 1.0]))
    if not len(wrong):
        return labels
    if task == "topk":
        return labels * 0 + 1
    distinct = labels.unique().sort()
    high = distinct[min((len(distinct) + 1) // 2, len(distinct) - 1)]  # of 1 to 5 stars: 4
    raise InvalidData(
        f"Labels of clicks are 0 or 1, but '{labels.name}' has others in {len(wrong):,} rows, {wrong[0]:g} for one.",
        f"Set positive_from={high:g} to take labels from {high:g} on for clicks, or task=rating to predict the number.",
    )


def refuse_one_class(table: Table, task: Task) -> None:
    """Refuse labels that are all the same: there is nothing to predict.

    Raises:
        InvalidData: if they are.
    """
    name = table.schema.named("label")
    if task == "topk" or name is None:
        return
    labels = table.frame[name]
    if labels.n_unique() < 2:
        raise InvalidData(
            f"All {len(labels):,} rows have the label {labels[0]:g}: there is nothing to predict.",
            "Give data with both classes, or another positive_from." if task == "ctr" else "Name another label.",
        )
