"""Which rows stay: one row per pair of user and item for `topk`, and nobody with too few rows."""

from __future__ import annotations

import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data.dataset import Task
from automl.trainers.embeddings.data.table import Table


def distinct(table: Table, task: Task) -> Table:
    """Merge the rows of a pair of user and item for `topk`, the first one stays; remark equal rows otherwise.

    Args:
        table: the rows, in the order of time if there is one.
        task: what is predicted.

    Raises:
        InvalidData: if `topk` lacks a user or an item.
    """
    if task != "topk":
        twice = table.frame.height - table.frame.n_unique()
        return table.but(table.frame, *([_of_duplicates(twice)] if twice else []))
    user, item = table.schema.named("user"), table.schema.named("item")
    if user is None or item is None:
        raise InvalidData(
            f"The task topk ranks items for users, but no field is the {'user' if user is None else 'item'}.",
            'Say so in the schema: {"customer": "user", "article": "item"}.',
        )
    table = table.kept(pl.col(user).is_not_null() & pl.col(item).is_not_null(), "the user or the item is missing")
    frame = table.frame.unique([user, item], keep="first", maintain_order=True)
    merged = table.frame.height - frame.height
    return table.but(frame, *([f"{merged:,} rows were merged: pairs of user and item count once."] if merged else []))


def _of_duplicates(twice: int) -> str:
    one = "1 row equals another one" if twice == 1 else f"{twice:,} rows equal another one"
    return f"{one} in every field that is read; they were kept, and copies may lie in different parts."


def frequent(table: Table, min_count: int) -> Table:
    """Drop users and items with fewer than `min_count` rows, again and again until none is left.

    Raises:
        InvalidData: if nothing is left, or nothing names users or items.
    """
    names = [name for role in ("user", "item") if (name := table.schema.named(role))]
    if min_count == 1:
        return table
    if not names:
        raise InvalidData(
            f"min_count is {min_count}, but no field is the user or the item.", "Say which in the schema."
        )
    often = pl.all_horizontal(pl.col(name).is_null() | (pl.len().over(name) >= min_count) for name in names)
    frame, height = table.frame, -1
    while frame.height != height:
        height = frame.height
        frame = frame.filter(often)
    if not frame.height:
        raise InvalidData(
            f"Nothing is left of {table.frame.height:,} rows: no group of users and items has {min_count} rows each.",
            "Set a smaller min_count.",
        )
    dropped = table.frame.height - frame.height
    why = f"{dropped:,} of {table.frame.height:,} rows were dropped: {' or '.join(names)} with fewer than {min_count}."
    return table.but(frame, *([why] if dropped else []))
