"""Sparse products with gradients, for edges and for features that are mostly zero.

A layer's messages would be a tensor of edges x heads x width. What is here never makes it: values on the pattern of a
sparse matrix times a dense one (`product`), dense rows times dense rows where the pattern has entries (`products`),
sums of two rows at every entry (`edge_sums`) and a softmax over each row (`row_softmax`). All heads go through one call
of torch's sparse kernels: their matrices are the blocks of a block diagonal one.

On 13,000 edges and 8 heads of 8 a product takes 1 ms of CPU; gathering the messages and adding them up takes 8 ms.
"""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch says once per process that this layout is in beta
    torch.zeros(1, 1).to_sparse_csr()


LANES = 8


class Pattern:
    """Where a sparse matrix has entries, row by row, and the order of the same entries column by column.

    Attributes:
        rows, cols: row and column of every entry, int64, sorted by row.
        shape: rows and columns.
    """

    def __init__(self, rows: Tensor, cols: Tensor, shape: tuple[int, int]) -> None:
        self.rows, self.cols, self.shape = rows, cols, shape
        self._blocks: dict[int, Pattern] = {1: self}

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def offsets(self) -> Tensor:
        """Where each row begins among the entries, and last where they end."""
        return _offsets(self.rows, self.shape[0])

    @cached_property
    def order(self) -> Tensor:
        """The entries column by column."""
        return torch.argsort(self.cols, stable=True)

    @cached_property
    def _by_row(self) -> tuple[Tensor, Tensor]:
        return self.offsets.int(), self.cols.int()

    @cached_property
    def _by_column(self) -> tuple[Tensor, Tensor]:
        return _offsets(self.cols[self.order], self.shape[1]).int(), self.rows[self.order].int()

    @cached_property
    def _ones(self) -> Tensor:
        return torch.ones(len(self), device=self.rows.device)

    @cached_property
    def _of_rows(self) -> Tensor:
        """The matrix (rows, entries) that adds up entries by row."""
        places = torch.arange(len(self), dtype=torch.int32, device=self.rows.device)
        return _csr(self._by_row[0], places, self._ones, (self.shape[0], len(self)))

    @cached_property
    def _of_columns(self) -> Tensor:
        """The matrix (columns, entries) that adds up entries by column."""
        return _csr(self._by_column[0], self.order.int(), self._ones, (self.shape[1], len(self)))

    def row_sums(self, entries: Tensor) -> Tensor:
        """Add up entries (entries, width) by row."""
        return self._of_rows @ entries

    def column_sums(self, entries: Tensor) -> Tensor:
        """Add up entries (entries, width) by column."""
        return self._of_columns @ entries

    def blocks(self, count: int) -> Pattern:
        """Return the block diagonal pattern of so many copies, one after the other."""
        if count not in self._blocks:
            height, width = self.shape
            steps = torch.arange(count, device=self.rows.device).unsqueeze(1)
            rows, cols = (self.rows + steps * height).flatten(), (self.cols + steps * width).flatten()
            self._blocks[count] = Pattern(rows, cols, (count * height, count * width))
        return self._blocks[count]

    def times(self, values: Tensor, dense: Tensor) -> Tensor:
        """Return the matrices of `values` (entries, heads) times `dense` (heads x columns, width), block by block."""
        blocks = self.blocks(values.shape[1])
        return _csr(*blocks._by_row, _by_head(values), blocks.shape) @ dense

    def transposed_times(self, values: Tensor, dense: Tensor) -> Tensor:
        """Return their transposes times `dense` (heads x rows, width)."""
        blocks = self.blocks(values.shape[1])
        shape = (blocks.shape[1], blocks.shape[0])
        return _csr(*blocks._by_column, _by_head(values.index_select(0, self.order)), shape) @ dense

    def sampled(self, left: Tensor, right: Tensor, heads: int) -> Tensor:
        """Return <left_i, right_j> at every entry (entries, heads), of rows by head, and compute it nowhere else."""
        blocks = self.blocks(heads)
        empty = _csr(*blocks._by_row, blocks._ones, blocks.shape)
        left, right = _padded(left), _padded(right)
        found: Tensor = torch.sparse.sampled_addmm(empty, left, right.t(), beta=0.0).values()
        return found.view(heads, -1).t()


def _csr(offsets: Tensor, places: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    return torch.sparse_csr_tensor(offsets, places, values, shape, check_invariants=False)


def _offsets(groups: Tensor, count: int) -> Tensor:
    sizes = torch.bincount(groups, minlength=count)
    return torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])


def _padded(dense: Tensor) -> Tensor:
    """Return rows with zeros up to a multiple of 8: torch's kernel takes 7 times as long for 7 columns as for 8."""
    missing = -dense.shape[1] % LANES
    return F.pad(dense, (0, missing)) if missing else dense


def _by_head(values: Tensor) -> Tensor:
    """Return values (entries, heads) one head after the other."""
    return values.t().reshape(-1)


def _rows_by_head(dense: Tensor) -> Tensor:
    """Return rows (rows, heads, width) one head after the other: (heads x rows, width)."""
    return dense.transpose(0, 1).reshape(-1, dense.shape[2])


def _rows_back(dense: Tensor, heads: int) -> Tensor:
    """Return the inverse of `_rows_by_head`."""
    return dense.view(heads, -1, dense.shape[1]).transpose(0, 1)


def product(values: Tensor, dense: Tensor, pattern: Pattern) -> Tensor:
    """Return, head by head, the sparse matrix of values times a dense one: (rows, heads, width).

    Args:
        values: (entries, heads).
        dense: (columns, heads, width).
        pattern: where the values stand, for all heads.
    """
    made: Tensor = _Product.apply(values, dense, pattern)  # type: ignore[no-untyped-call]
    return made


class _Product(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, dense: Tensor, pattern: Pattern) -> Tensor:
        flat = _rows_by_head(dense)
        ctx.save_for_backward(values, flat)
        ctx.pattern = pattern
        return _rows_back(pattern.times(values, flat), values.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        values, flat = ctx.saved_tensors
        heads, arrived = values.shape[1], _rows_by_head(grad)
        for_values = ctx.pattern.sampled(arrived, flat, heads) if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:
            return for_values, None, None
        return for_values, _rows_back(ctx.pattern.transposed_times(values, arrived), heads), None


def products(left: Tensor, right: Tensor, pattern: Pattern) -> Tensor:
    """Return <left_i, right_j> for every entry (i, j) and head: (entries, heads).

    Args:
        left: (rows, heads, width).
        right: (columns, heads, width).
        pattern: the entries.
    """
    made: Tensor = _Products.apply(left, right, pattern)  # type: ignore[no-untyped-call]
    return made


class _Products(Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor, pattern: Pattern) -> Tensor:
        flat = _rows_by_head(left), _rows_by_head(right)
        ctx.save_for_backward(*flat)
        ctx.pattern, ctx.heads = pattern, left.shape[1]
        return pattern.sampled(*flat, ctx.heads)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        left, right = ctx.saved_tensors
        for_left = _rows_back(ctx.pattern.times(grad, right), ctx.heads)
        return for_left, _rows_back(ctx.pattern.transposed_times(grad, left), ctx.heads), None


def edge_sums(left: Tensor, right: Tensor, pattern: Pattern) -> Tensor:
    """Return left_i + right_j for every entry (i, j), of rows (rows, heads) and (columns, heads): (entries, heads)."""
    made: Tensor = _EdgeSums.apply(left, right, pattern)  # type: ignore[no-untyped-call]
    return made


class _EdgeSums(Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor, pattern: Pattern) -> Tensor:
        ctx.pattern = pattern
        return left.index_select(0, pattern.rows).add_(right.index_select(0, pattern.cols))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        return ctx.pattern.row_sums(grad), ctx.pattern.column_sums(grad), None


def row_softmax(scores: Tensor, pattern: Pattern) -> Tensor:
    """Return the softmax of scores (entries, heads) over each row; no row may be empty."""
    made: Tensor = _RowSoftmax.apply(scores, pattern)  # type: ignore[no-untyped-call]
    return made


class _RowSoftmax(Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, pattern: Pattern) -> Tensor:
        highest = torch.segment_reduce(scores.contiguous(), "max", offsets=pattern.offsets, axis=0)
        powers = scores.sub(highest.index_select(0, pattern.rows)).exp_()
        shares = powers.div_(pattern.row_sums(powers).index_select(0, pattern.rows))
        ctx.save_for_backward(shares)
        ctx.pattern = pattern
        return shares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        (shares,) = ctx.saved_tensors
        weighted = shares * grad
        return weighted.addcmul_(
            shares, ctx.pattern.row_sums(weighted).index_select(0, ctx.pattern.rows), value=-1
        ), None
