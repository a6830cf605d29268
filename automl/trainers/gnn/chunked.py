"""What messages cannot do as a sparse product: the largest of them, and a score from their tanh.

They are made a few heads or columns at a time, forward and again backward, and never kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from automl.trainers.gnn.sparse import Pattern

CHUNK = 1 << 20
"""Numbers made at a time: 4 MB."""


def row_max(values: Tensor, dense: Tensor, pattern: Pattern) -> Tensor:
    """Return max_j values_ij dense_j over each row, head by head and column by column: (rows, heads, width).

    No row may be empty. Equal largest messages share the gradient.

    Args:
        values: (entries, heads).
        dense: (columns, heads, width).
        pattern: where the values stand.
    """
    made: Tensor = _RowMax.apply(values, dense, pattern)  # type: ignore[no-untyped-call]
    return made


class _RowMax(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, dense: Tensor, pattern: Pattern) -> Tensor:
        made = dense.new_empty(pattern.shape[0], *dense.shape[1:])
        for heads, columns in _chunks(dense, pattern):
            messages = _at(dense[:, heads, columns], pattern.cols).mul_(values[:, heads, None])
            made[:, heads, columns] = torch.segment_reduce(messages, "max", offsets=pattern.offsets, axis=0)
        ctx.save_for_backward(values, dense, made)
        ctx.pattern = pattern
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        values, dense, made = ctx.saved_tensors
        pattern: Pattern = ctx.pattern
        for_values, for_dense = torch.zeros_like(values), torch.empty_like(dense)
        for heads, columns in _chunks(dense, pattern):
            sent = _at(dense[:, heads, columns], pattern.cols)
            largest = _at(made[:, heads, columns], pattern.rows)
            hit = (sent * values[:, heads, None] == largest).to(grad.dtype)
            shared = grad[:, heads, columns] / pattern.row_sums(hit.flatten(1)).view_as(grad[:, heads, columns])
            arriving = hit.mul_(_at(shared, pattern.rows))
            for_values[:, heads] += torch.linalg.vecdot(arriving, sent)
            spread = arriving.mul_(values[:, heads, None]).flatten(1)
            for_dense[:, heads, columns] = pattern.column_sums(spread).view_as(dense[:, heads, columns])
        return for_values, for_dense, None


def tanh_scores(left: Tensor, right: Tensor, weight: Tensor, pattern: Pattern) -> Tensor:
    """Return <weight, tanh(left_i + right_j)> for every entry (i, j) and head: (entries, heads).

    Args:
        left: (rows, heads, width).
        right: (columns, heads, width).
        weight: (heads, width).
        pattern: the entries.
    """
    made: Tensor = _TanhScores.apply(left, right, weight, pattern)  # type: ignore[no-untyped-call]
    return made


class _TanhScores(Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor, weight: Tensor, pattern: Pattern) -> Tensor:
        ctx.save_for_backward(left, right, weight)
        ctx.pattern = pattern
        scores = left.new_zeros(len(pattern), left.shape[1])
        for heads, columns in _chunks(left, pattern):
            bent = _tanh(left[:, heads, columns], right[:, heads, columns], pattern)
            scores[:, heads] += torch.linalg.vecdot(bent, weight[heads, columns])
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        left, right, weight = ctx.saved_tensors
        pattern: Pattern = ctx.pattern
        for_left, for_right, for_weight = (torch.empty_like(tensor) for tensor in (left, right, weight))
        for heads, columns in _chunks(left, pattern):
            part = left[:, heads, columns]
            bent = _tanh(part, right[:, heads, columns], pattern)
            arriving = grad[:, heads, None]
            for_weight[heads, columns] = (bent * arriving).sum(dim=0)
            slope = bent.square_().neg_().add_(1.0).mul_(arriving).mul_(weight[heads, columns]).flatten(1)
            for_left[:, heads, columns] = pattern.row_sums(slope).view_as(part)
            for_right[:, heads, columns] = pattern.column_sums(slope).view_as(right[:, heads, columns])
        return for_left, for_right, for_weight, None


def _tanh(left: Tensor, right: Tensor, pattern: Pattern) -> Tensor:
    return _at(left, pattern.rows).add_(_at(right, pattern.cols)).tanh_()


def _at(rows: Tensor, places: Tensor) -> Tensor:
    return rows.contiguous().index_select(0, places)


def _chunks(dense: Tensor, pattern: Pattern) -> Iterator[tuple[slice, slice]]:
    """Return heads and columns of (nodes, heads, width) whose messages are few enough to be made at once."""
    heads, width = dense.shape[1:]
    room = max(1, CHUNK // max(1, len(pattern)))
    for first in range(0, heads, max(1, room // width)):
        for start in range(0, width, room):
            yield slice(first, min(first + max(1, room // width), heads)), slice(start, min(start + room, width))
