"""What messages cannot do as a sparse product: the largest of them, and a score from their tanh.

They are made in chunks of columns, forward and again backward, and never kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from automl.trainers.gnn.sparse import Pattern

CHUNK = 1 << 20
"""Numbers in a chunk of messages: 4 MB."""


def row_max(values: Tensor, dense: Tensor, pattern: Pattern) -> Tensor:
    """Return max_j values_ij dense_j over each row, column by column; no row may be empty.

    Equal largest messages share the gradient.
    """
    made: Tensor = _RowMax.apply(values, dense, pattern)  # type: ignore[no-untyped-call]
    return made


class _RowMax(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, dense: Tensor, pattern: Pattern) -> Tensor:
        made = dense.new_empty(pattern.shape[0], dense.shape[1])
        for part in _chunks(dense.shape[1], len(values)):
            messages = dense[:, part].index_select(0, pattern.cols).mul_(values.unsqueeze(1))
            made[:, part] = torch.segment_reduce(messages, "max", offsets=pattern.offsets, axis=0)
        ctx.save_for_backward(values, dense, made)
        ctx.pattern = pattern
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        values, dense, made = ctx.saved_tensors
        pattern: Pattern = ctx.pattern
        for_values, for_dense = torch.zeros_like(values), torch.empty_like(dense)
        for part in _chunks(dense.shape[1], len(values)):
            sent = dense[:, part].index_select(0, pattern.cols)
            largest = made[:, part].index_select(0, pattern.rows)
            hit = (sent * values.unsqueeze(1) == largest).to(grad.dtype)
            shared = grad[:, part] / pattern.row_sums(hit)
            arriving = hit.mul_(shared.index_select(0, pattern.rows))
            for_values += torch.linalg.vecdot(arriving, sent)
            for_dense[:, part] = pattern.column_sums(arriving.mul_(values.unsqueeze(1)))
        return for_values, for_dense, None


def tanh_scores(left: Tensor, right: Tensor, weight: Tensor, pattern: Pattern) -> Tensor:
    """Return <weight, tanh(left_i + right_j)> for every entry (i, j), of rows (rows, width) and (columns, width)."""
    made: Tensor = _TanhScores.apply(left, right, weight, pattern)  # type: ignore[no-untyped-call]
    return made


class _TanhScores(Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor, weight: Tensor, pattern: Pattern) -> Tensor:
        ctx.save_for_backward(left, right, weight)
        ctx.pattern = pattern
        scores = left.new_zeros(len(pattern.rows))
        for part in _chunks(left.shape[1], len(pattern.rows)):
            scores += _tanh(left, right, pattern, part) @ weight[part]
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        left, right, weight = ctx.saved_tensors
        made = torch.empty_like(left), torch.empty_like(right), torch.empty_like(weight)
        for part in _chunks(left.shape[1], len(grad)):
            bent = _tanh(left, right, ctx.pattern, part)
            made[2][part] = grad @ bent
            slope = bent.square_().neg_().add_(1.0).mul_(grad.unsqueeze(1)).mul_(weight[part])
            made[0][:, part] = ctx.pattern.row_sums(slope)
            made[1][:, part] = ctx.pattern.column_sums(slope)
        return *made, None


def _tanh(left: Tensor, right: Tensor, pattern: Pattern, part: slice) -> Tensor:
    at_rows = left[:, part].index_select(0, pattern.rows)
    return at_rows.add_(right[:, part].index_select(0, pattern.cols)).tanh_()


def _chunks(width: int, entries: int) -> list[slice]:
    """Return runs of columns whose messages are few enough to be made at once."""
    step = max(1, CHUNK // max(1, entries))
    return [slice(start, min(start + step, width)) for start in range(0, width, step)]
