"""The embedding tables of a plan while they are trained: one wide tensor, and what lets only kept values through."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.spans import Span, spans

PRUNED_AT_FIRST = 0.01
"""Thresholds start at this share of the standard deviation of the values: they then hide fewer than 1 % of them."""


class Tables(nn.Module):
    """Embeddings of all fields. What the plan does not keep is zero, gets no gradient and stays zero; so does PAD.

    Attributes:
        weight: (R, K) values of the rows of all fields, K = `plan.width`.
        alpha: (blocks, K) in [0, 1], stage "soft" only, else None. Whoever trains it keeps it in that range.
        threshold: (blocks, K), stage "thresholds" only, else None. A value v acts as sign(v) relu(|v| - sigmoid(s)).
        initial: (R, K) the values before training, stage "thresholds" only, else None.
        mask: what is kept of a plain plan: (blocks, K) for whole cells, (R, K) for elements; None where all is kept.
        offsets: (F,) the first row of each field.
        block_of_row: (R,) the number of the block of each row, counted over all fields.
        sparse: whether the gradient of `weight` is a sparse tensor; no second derivatives then.

    Liu et al.: Learnable embedding sizes for recommender systems (PEP). ICLR 2021, equation 4.
    """

    weight: nn.Parameter
    alpha: nn.Parameter | None
    threshold: nn.Parameter | None
    initial: Tensor | None
    mask: Tensor | None
    offsets: Tensor
    block_of_row: Tensor

    def __init__(self, plan: Plan, fields: Sequence[Field], *, spread: float, sparse: bool = False) -> None:
        super().__init__()
        self.spans, self.stage, self.sparse = spans(plan, fields), plan.stage, sparse
        self.by_element = plan.elements is not None
        rows = sum(field.rows for field in fields)
        starts = [span.first for span in self.spans if span.block == 0]
        blocks = torch.arange(len(self.spans)).repeat_interleave(torch.tensor([span.rows for span in self.spans]))
        self.register_buffer("offsets", torch.tensor(starts), persistent=False)
        self.register_buffer("block_of_row", blocks, persistent=False)
        weight = torch.empty(rows, plan.width).normal_(0.0, spread)
        weight[starts] = 0.0
        self.register_buffer("mask", self._mask(plan, weight), persistent=False)
        self.weight = nn.Parameter(weight * self._gates() if self.mask is not None else weight)
        if self.mask is not None and not sparse:  # what is zero and has no gradient stays zero, without a mask
            self.weight.register_hook(lambda gradient: gradient * self._gates())  # type: ignore[no-untyped-call]
        self._relax(plan, spread)

    def _mask(self, plan: Plan, weight: Tensor) -> Tensor | None:
        cells = _cells(self.spans, plan.width)
        if plan.elements is not None:
            return _largest(weight, cells[self.block_of_row], plan.elements)
        return None if bool(cells.all()) else cells

    def _relax(self, plan: Plan, spread: float) -> None:
        """Add what the relaxed stages learn besides the values."""
        shape = (len(self.spans), plan.width)
        soft, thresholds = plan.stage == "soft", plan.stage == "thresholds"
        self.register_parameter("alpha", nn.Parameter(torch.ones(shape)) if soft else None)
        low = PRUNED_AT_FIRST * spread
        start = torch.full(shape, math.log(low / (1.0 - low)))
        self.register_parameter("threshold", nn.Parameter(start) if thresholds else None)
        self.register_buffer("initial", self.weight.detach().clone() if thresholds else None, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors (B, F, K) of rows (B, F), counted in each field."""
        return self._read(ids + self.offsets, ids)

    def of(self, place: int, ids: Tensor) -> Tensor:
        """Return the vectors (N, K) of rows (N,) of the field in one place."""
        return self._read(ids + self.offsets[place], ids)

    def _read(self, rows: Tensor, ids: Tensor) -> Tensor:
        if self.alpha is not None and not self.sparse and len(self.weight) < rows.numel():
            table = self.weight * self.alpha.index_select(0, self.block_of_row)  # less than weighting what is read
            return _without_pad(look_up(table, rows, sparse=False), ids)
        return self._effective(look_up(self.weight, rows, sparse=self.sparse), rows, ids)

    def all(self) -> Tensor:
        """Return the vectors (R, K) of all rows."""
        rows = torch.arange(len(self.weight), device=self.weight.device)
        own = rows - self.offsets[torch.searchsorted(self.offsets, rows, right=True) - 1]
        return self._effective(self.weight, rows, own)

    def _effective(self, vectors: Tensor, rows: Tensor, ids: Tensor) -> Tensor:
        if self.alpha is not None:
            vectors = vectors * F.embedding(self.block_of_row[rows], self.alpha)
        elif self.threshold is not None:
            lowest = F.embedding(self.block_of_row[rows], torch.sigmoid(self.threshold))
            vectors = torch.sign(vectors) * torch.relu(vectors.abs() - lowest)
        elif self.mask is not None and self.sparse:
            vectors = vectors * self._gates(rows)
        return _without_pad(vectors, ids)

    def _gates(self, rows: Tensor | None = None) -> Tensor:
        """Return the mask of rows, ones and zeros; of all rows unless told which."""
        assert self.mask is not None
        places = self.block_of_row if not self.by_element else None
        if rows is None:
            return self.mask if places is None else self.mask[places]
        return F.embedding(rows if places is None else places[rows], self.mask)

    @torch.no_grad()
    def share(self) -> float:
        """Return the share of values that are not zero."""
        values = self.all()
        return float(values.count_nonzero()) / values.numel()


def _without_pad(vectors: Tensor, ids: Tensor) -> Tensor:
    """Return vectors (..., K) with zeros for PAD."""
    pad = ids == 0
    return vectors.masked_fill(pad.unsqueeze(-1), 0.0) if bool(pad.any()) else vectors


def look_up(table: Tensor, rows: Tensor, *, sparse: bool) -> Tensor:
    """Return rows (...) of a table (R, K) as (..., K); its gradient is sparse, or dense.

    Dense gradients are added up by `index_select`, which takes half the time of `F.embedding`, and for a single column
    a twentieth.
    """
    if sparse:
        return F.embedding(rows, table, sparse=True)
    return table.index_select(0, rows.flatten()).view(*rows.shape, table.shape[1])


def _cells(blocks: Sequence[Span], width: int) -> Tensor:
    """Return (blocks, width) ones for the columns that are kept, zeros for the others."""
    cells = torch.zeros(len(blocks), width)
    for number, span in enumerate(blocks):
        cells[number, list(span.columns)] = 1.0
    return cells


def _largest(values: Tensor, allowed: Tensor, count: int) -> Tensor:
    """Return ones for the `count` largest of the allowed values, zeros for the others."""
    sizes = (values * allowed).abs().flatten()
    most = min(count, int(sizes.count_nonzero()))
    mask = torch.zeros_like(sizes)
    mask[torch.topk(sizes, most).indices] = 1.0
    return mask.view_as(values)
