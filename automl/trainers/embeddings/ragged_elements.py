"""The tables of a plan of single elements as they are stored: five bytes a value, and one a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from automl.core.records import Weights
from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.spans import elements_of, spans

STEP = 32
"""Where the values of every so many rows begin is kept; between them the counts of the rows are added up."""
AT_ONCE = 8192
"""Vectors that are looked up at once in torch."""


class RaggedElements(nn.Module):
    """The kept values of all rows, one after the other.

    Attributes:
        values: float32, and K zeros behind the last, so that every row can be read K wide.
        columns: uint8, the column of each value, and K more.
        counts: (R,) uint8, the values of each row, and STEP zeros more.
        kernel: "numba" or "torch".
    """

    values: nn.Parameter
    columns: Tensor
    counts: Tensor
    pointers: Tensor
    offsets: Tensor

    def __init__(self, plan: Plan, fields: Sequence[Field], weights: Weights, *, kernel: str = "torch") -> None:
        super().__init__()
        self.spans, self.width, self.kernel = spans(plan, fields), plan.width, kernel
        parts = [elements_of(span, weights, width=plan.width) for span in self.spans]
        counts, columns, values = (
            np.concatenate([*(part[which] for part in parts), np.zeros(more, dtype=kind)])
            for which, more, kind in ((0, STEP, np.uint8), (1, plan.width, np.uint8), (2, plan.width, np.float32))
        )
        self.values = nn.Parameter(torch.from_numpy(values), requires_grad=False)
        self.register_buffer("columns", torch.from_numpy(columns))
        self.register_buffer("counts", torch.from_numpy(counts))
        sums = np.add.reduceat(counts, np.arange(0, len(counts) - STEP, STEP), dtype=np.int64)
        self.register_buffer("pointers", torch.from_numpy(np.cumsum(sums) - sums), persistent=False)
        first = torch.tensor([span.first for span in self.spans if span.block == 0])
        self.register_buffer("offsets", first, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors (B, F, K) of rows (B, F), counted in each field."""
        rows = (ids + self.offsets).flatten()
        out = torch.empty(len(rows), self.width, dtype=self.values.dtype, device=ids.device)
        if self.kernel == "numba" and ids.device.type == "cpu":
            self._compiled(rows, out)
        else:
            for some, into in zip(torch.split(rows, AT_ONCE), torch.split(out, AT_ONCE), strict=True):
                self._windows(some, into)
        return out.view(*ids.shape, self.width)

    def _compiled(self, rows: Tensor, out: Tensor) -> None:
        from automl.trainers.embeddings import kernels

        parts = (self.values.detach().numpy(), self.columns.numpy(), STEP)
        kernels.elements(rows.numpy(), self.counts.numpy(), self.pointers.numpy(), parts, out.numpy())

    def _windows(self, rows: Tensor, out: Tensor) -> None:
        """Read K values from where each row begins, and put those that are its own into their columns."""
        heads = torch.div(rows, STEP, rounding_mode="floor")
        near = _windows(self.counts, STEP).index_select(0, heads * STEP)
        before = torch.arange(STEP, device=rows.device) < (rows - heads * STEP).unsqueeze(1)
        starts = self.pointers.index_select(0, heads) + (near * before).sum(1)
        own = torch.arange(self.width, device=rows.device) < self.counts.index_select(0, rows).unsqueeze(1)
        places = _windows(self.columns, self.width).index_select(0, starts).long().masked_fill_(~own, self.width)
        padded = torch.zeros(len(rows), self.width + 1, dtype=out.dtype, device=out.device)
        padded.scatter_(1, places, _windows(self.values, self.width).index_select(0, starts))
        out.copy_(padded[:, : self.width])

    def kept_bytes(self) -> int:
        """Return the bytes of the embeddings, without the zeros behind them."""
        total = len(self.values) - self.width
        return total * (self.values.element_size() + 1) + len(self.counts) - STEP


def _windows(flat: Tensor, size: int) -> Tensor:
    """Return a view in which row i is `flat[i : i + size]`."""
    return flat.as_strided((len(flat) - size + 1, size), (1, 1))
