"""Where the blocks of a plan lie among the rows of all fields, one field's rows after the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidCandidate, WeightsError
from automl.core.records import Weights
from automl.search_spaces.embeddings import Field, Plan, layout


@dataclass(frozen=True, slots=True)
class Span:
    """The rows of a block.

    Attributes:
        field: name of the field.
        place: number of the field.
        block: number of the block in its field, hottest first.
        start: its first row, counted in the field; a block that starts at 0 begins with PAD.
        first: its first row, counted over all fields.
        rows: how many rows it has.
        columns: the columns that it keeps, ascending.
    """

    field: str
    place: int
    block: int
    start: int
    first: int
    rows: int
    columns: tuple[int, ...]


def spans(plan: Plan, fields: Sequence[Field]) -> tuple[Span, ...]:
    """Return the blocks of all fields, in the order of their rows.

    Raises:
        InvalidCandidate: if the plan was made for other fields.
    """
    if not len(plan.starts) == len(plan.columns) == len(fields):
        raise InvalidCandidate(
            f"The plan has {len(plan.columns)} fields and the data have {len(fields)}.",
            "Search again on these data.",
        )
    found: list[Span] = []
    offset = 0
    for place, field in enumerate(fields):
        found += _blocks(plan, place, field, offset)
        offset += field.rows
    return tuple(found)


def _blocks(plan: Plan, place: int, field: Field, offset: int) -> list[Span]:
    starts, kept = plan.starts[place], plan.columns[place]
    ends = (*starts[1:], field.rows)
    if len(starts) != len(kept) or starts[0] != 0 or any(a >= b for a, b in zip(starts, ends, strict=True)):
        raise InvalidCandidate(
            f"The blocks of field '{field.name}' start at {starts}, which does not cut its {field.rows} rows.",
            "Search again on these data.",
        )
    return [
        Span(field.name, place, block, start, offset + start, end - start, columns)
        for block, (start, end, columns) in enumerate(zip(starts, ends, kept, strict=True))
    ]


def kept(weights: Weights, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return an array of a finished model.

    Raises:
        WeightsError: if it is missing or has another shape.
    """
    if name not in weights:
        raise WeightsError(f"The weights lack '{name}' and are not those of a finished model.")
    array = np.ascontiguousarray(weights[name])
    if array.shape != shape:
        raise WeightsError(f"The weights '{name}' have shape {array.shape}, and the plan needs {shape}.")
    return array


def elements_of(span: Span, weights: Weights, *, width: int) -> tuple[npt.NDArray[Any], ...]:
    """Return how many values each row of a block keeps, the column of each value, and the values.

    Raises:
        WeightsError: if they are missing or do not belong together.
    """
    counts = kept(weights, layout.counts(span.field, span.block), (span.rows,))
    size = (int(counts.sum(dtype=np.int64)),)
    columns = kept(weights, layout.places(span.field, span.block), size)
    values = kept(weights, layout.values(span.field, span.block), size)
    if np.any(columns >= width):
        raise WeightsError(f"A value of field '{span.field}', block {span.block}, is in a column beyond {width}.")
    return counts, columns, values
