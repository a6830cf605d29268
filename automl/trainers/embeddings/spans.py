"""Where the blocks of a plan lie among the rows of all fields, one field's rows after the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automl.core.errors import InvalidCandidate
from automl.search_spaces.embeddings import Field, Plan


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
