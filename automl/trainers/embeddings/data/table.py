"""Data on their way into a data set: a frame, what its fields are, and what has been done to it so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from automl.trainers.embeddings.data.schema import Schema


@dataclass(frozen=True, eq=False)
class Table:
    """A frame with its schema.

    Attributes:
        frame: the rows.
        name: what to call the data.
        schema: what its fields are, as far as it is known.
        remarks: what was dropped or inferred, as sentences.
    """

    frame: pl.DataFrame
    name: str
    schema: Schema = field(default_factory=Schema)
    remarks: tuple[str, ...] = ()

    def but(self, frame: pl.DataFrame, *remarks: str) -> Table:
        """Return the same data with another frame and further remarks."""
        return replace(self, frame=frame, remarks=(*self.remarks, *remarks))

    def kept(self, mask: pl.Series | pl.Expr, why: str) -> Table:
        """Return only the rows for which the mask is true, with a remark how many others there were: `why`."""
        frame = self.frame.filter(mask)
        dropped = self.frame.height - frame.height
        return self.but(frame, f"{dropped:,} of {self.frame.height:,} rows were dropped: {why}.") if dropped else self
