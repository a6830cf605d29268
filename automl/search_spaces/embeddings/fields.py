"""What a space must know about the data: fields, how many rows each has, and how popular they are.

Row 0 of a field is PAD, whose embedding is zero; then come its values by falling frequency in the training part; the
last row is OOV, for values that training never saw.
"""

from __future__ import annotations

from dataclasses import dataclass

POPULARITY_POINTS = 64
"""Where the popularity of a field is known: at so many equal steps of its rows."""


@dataclass(frozen=True, slots=True)
class Field:
    """A categorical field.

    Attributes:
        name: its name; no `/`.
        rows: rows of its table, with PAD and OOV.
        popularity: share of all occurrences that the first i/64 of the rows have, for i = 1 to 64; the last is 1.
    """

    name: str
    rows: int
    popularity: tuple[float, ...] = ()
