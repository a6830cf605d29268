"""The tables of a plan of whole cells as they are stored: what is kept, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from automl.core.records import Weights
from automl.search_spaces.embeddings import Field, Plan, layout
from automl.trainers.embeddings.spans import Span, kept, spans

AT_ONCE = 8192
"""Vectors that are looked up at once in torch: what is written is still in the cache when it is masked."""


class RaggedCells(nn.Module):
    """A flat tensor with the (rows, kept columns) tables of all blocks, one after the other.

    A row is found by its block, which is found by the first rows of the blocks. In torch a lookup reads K values from
    where the row begins, then clears or moves what is not in its column: one pass for the blocks of all fields.

    Attributes:
        values: the tables, and K zeros behind the last, so that every row can be read K wide.
        kernel: "numba" or "torch".
    """

    values: nn.Parameter
    first: Tensor
    shift: Tensor
    dims: Tensor
    mask: Tensor
    places: Tensor
    offsets: Tensor

    def __init__(self, plan: Plan, fields: Sequence[Field], weights: Weights, *, kernel: str = "torch") -> None:
        super().__init__()
        self.spans, self.width, self.kernel = spans(plan, fields), plan.width, kernel
        self.values = nn.Parameter(_flat(self.spans, plan, weights), requires_grad=False)
        dims = torch.tensor([len(span.columns) for span in self.spans])
        sizes = torch.tensor([span.rows for span in self.spans]) * dims
        starts = torch.tensor([span.start for span in self.spans])
        self.register_buffer("first", torch.tensor([span.first for span in self.spans]), persistent=False)
        self.register_buffer("shift", sizes.cumsum(0) - sizes - starts * dims, persistent=False)
        self.register_buffer("dims", dims, persistent=False)
        self.register_buffer("offsets", self.first[starts == 0], persistent=False)
        self.prefix = [span.columns == tuple(range(len(span.columns))) for span in self.spans]
        self._place()
        self._tell_kernel(starts)

    def _place(self) -> None:
        """Prepare the step from the values of a row to its columns: which column is kept, and which value it is."""
        mask = torch.zeros(len(self.spans), self.width)
        for number, span in enumerate(self.spans):
            mask[number, list(span.columns)] = 1.0
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("places", (mask.long().cumsum(1) - 1).clamp(min=0), persistent=False)

    def _tell_kernel(self, starts: Tensor) -> None:
        columns = [[*span.columns, *[0] * (self.width - len(span.columns))] for span in self.spans]
        self._columns = np.array(columns, dtype=np.uint8)
        self._index = torch.stack([starts, self.shift, self.dims, torch.tensor(self.prefix).long()], 1).numpy()
        self._blocks = np.append(np.flatnonzero(starts.numpy() == 0), len(self.spans))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors (B, F, K) of rows (B, F), counted in each field."""
        if torch.compiler.is_compiling():  # a graph holds no compiled code, and no batch size
            return self._traced(ids)
        out = torch.empty(*ids.shape, self.width, dtype=self.values.dtype, device=ids.device)
        if self.kernel == "numba" and ids.device.type == "cpu":
            self._compiled(ids, out)
        else:
            self._windows(ids, out)
        return out

    def _compiled(self, ids: Tensor, out: Tensor) -> None:
        from automl.trainers.embeddings import kernels

        values = self.values.detach().numpy()
        kernels.cells(ids.numpy(), self._blocks, self._index, self._columns, values, out.numpy())

    def _windows(self, ids: Tensor, out: Tensor) -> None:
        windows = self.values.as_strided((len(self.values) - self.width + 1, self.width), (1, 1))
        rows = max(1, AT_ONCE // ids.shape[1])
        place = self._mask if all(self.prefix) else self._move
        for some, into in zip(torch.split(ids, rows), torch.split(out, rows), strict=True):
            blocks = torch.bucketize((some + self.offsets).flatten(), self.first[1:], right=True)
            starts = self.shift.index_select(0, blocks).addcmul_(some.flatten(), self.dims.index_select(0, blocks))
            place(windows, starts, blocks, into.view(-1, self.width))

    def _traced(self, ids: Tensor) -> Tensor:
        windows = self.values.as_strided((len(self.values) - self.width + 1, self.width), (1, 1))
        blocks = torch.bucketize((ids + self.offsets).flatten(), self.first[1:], right=True)
        starts = self.shift.index_select(0, blocks).addcmul(ids.flatten(), self.dims.index_select(0, blocks))
        found = windows.index_select(0, starts).gather(1, self.places.index_select(0, blocks))
        return (found * self.mask.index_select(0, blocks)).view(*ids.shape, self.width)

    def _mask(self, windows: Tensor, starts: Tensor, blocks: Tensor, out: Tensor) -> None:
        """Every block keeps its first columns: what follows them belongs to other rows, and is cleared."""
        torch.index_select(windows, 0, starts, out=out)
        out.mul_(self.mask.index_select(0, blocks))

    def _move(self, windows: Tensor, starts: Tensor, blocks: Tensor, out: Tensor) -> None:
        """Fetch what belongs into each column from among the values of the row, and clear the columns of none."""
        torch.gather(windows.index_select(0, starts), 1, self.places.index_select(0, blocks), out=out)
        out.mul_(self.mask.index_select(0, blocks))

    def tables(self) -> Iterator[tuple[Span, Tensor]]:
        """Yield each block with its table (rows, kept columns), a view of what is stored."""
        place = 0
        for span in self.spans:
            size = span.rows * len(span.columns)
            yield span, self.values[place : place + size].view(span.rows, len(span.columns))
            place += size

    def kept_bytes(self) -> int:
        """Return the bytes of the embeddings, without the K zeros behind them."""
        return (len(self.values) - self.width) * self.values.element_size()


def _flat(blocks: Sequence[Span], plan: Plan, weights: Weights) -> Tensor:
    total = sum(span.rows * len(span.columns) for span in blocks)
    flat = torch.zeros(total + plan.width)
    place = 0
    for span in blocks:
        size = span.rows * len(span.columns)
        shape = (span.rows, len(span.columns))
        table = torch.from_numpy(kept(weights, layout.table(span.field, span.block), shape))
        if plan.stage == "soft":
            alpha = kept(weights, layout.alpha(span.field, span.block), (plan.width,))
            table = table * torch.from_numpy(alpha)[list(span.columns)]
        flat[place : place + size] = table.flatten()
        place += size
    return flat
