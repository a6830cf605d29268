"""How data become a data set: the settings of `read`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from automl.core.errors import UnknownName, UsageError
from automl.trainers.embeddings.data.schema import Schema

Asked: TypeAlias = Literal["auto", "rating", "ctr", "topk"]
Split: TypeAlias = Literal["auto", "ratio", "user", "time"]
SchemaLike: TypeAlias = Schema | Mapping[str, Any] | str | Path


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings of `read`.

    Attributes:
        schema: what the fields are: a `Schema`, a mapping, or a TOML or JSON file. None takes the file beside the data;
            what neither says is inferred.
        task: "auto" takes `topk` where no label is found but a user and an item, `ctr` where labels are 0 and 1 only or
            `positive_from` is set, and otherwise `rating`.
        positive_from: labels from this number on are clicks, smaller ones are none; for `topk`, only these rows count.
        min_count: users and items with fewer rows are dropped, again and again until none is left.
        min_values: values of other fields that occur less often in the parts `train` and `search` share the row OOV.
        hash_buckets: buckets of a hashed field whose schema does not say.
        bins: most quantile bins of a number whose schema does not say.
        split: "ratio" draws rows at random; "user" leaves the last rows of every user out (random ones where there is
            no time); "time" cuts all rows by time. "auto" is "user" for `topk` and otherwise "ratio".
        shares: shares of the parts `train`, `search`, `stop` and `test`; they sum to 1.
        seed: of the split and of `max_rows`.
        max_rows: read at most so many rows, drawn evenly and left in their order.
    """

    schema: SchemaLike | None = None
    task: Asked = "auto"
    positive_from: float | None = None
    min_count: int = 1
    min_values: int = 1
    hash_buckets: int = 10_000
    bins: int = 10
    split: Split = "auto"
    shares: tuple[float, float, float, float] = (0.7, 0.1, 0.1, 0.1)
    seed: int = 0
    max_rows: int | None = None

    def __post_init__(self) -> None:
        for name, known in (("task", get_args(Asked)), ("split", get_args(Split))):
            if getattr(self, name) not in known:
                raise UnknownName(name, str(getattr(self, name)), known)
        for name, least in (("min_count", 1), ("min_values", 1), ("hash_buckets", 1), ("bins", 2), ("max_rows", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"'{name}' must be at least {least}, got {value}.")
        if len(self.shares) != 4 or min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise UsageError(
                f"'shares' must be four positive numbers that sum to 1, got {self.shares}.",
                "They are the shares of train, search, stop and test; the default is 0.7, 0.1, 0.1, 0.1.",
            )
