"""When a search has found what it will keep: two epochs in a row would keep nearly the same cells.

Alphas of cells that nobody misses go on falling, and the loss with them a little, long after the order of the cells is
settled. What a search is for is that order. Of coordinates that are no principal axes none comes first by itself: there
it is the falling that tells them apart, and it is let go on.
"""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from automl.trainers.embeddings.stopping import Stopping
from automl.trainers.embeddings.table import Tables

SHARES = (1 / 4, 1 / 8, 1 / 16)
"""Shares of all values that are looked at: the budgets that searches have where none are set."""


class Steady(pl.Callback):  # type: ignore[misc]
    """Ends a stage when an epoch changes little of what would be kept.

    Args:
        stopping: is told to end.
        share: how much of what is kept two epochs must have in common; None never ends a stage.
        before: importance (blocks, K) after the epoch before, if there was one.
    """

    def __init__(self, stopping: Stopping, share: float | None, before: Tensor | None = None) -> None:
        self.stopping, self.share, self.before = stopping, share, before

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Compare what is important now with what was; whoever judges the epoch next ends the training."""
        if self.share is None:
            return
        tables: Tables = pl_module.loss.recommender.tables
        now = importance(tables)
        if self.before is not None:
            self.stopping.settled = agreement(self.before, now, tables.block_of_row.bincount()) >= self.share
        self.before = now


@torch.no_grad()
def importance(tables: Tables) -> Tensor:
    """Return the root mean square (blocks, K) of alpha * e, over the rows of each block."""
    squares = tables.weight.new_zeros(len(tables.spans), tables.weight.shape[1])
    squares.index_add_(0, tables.block_of_row, tables.weight.square())
    means = (squares / tables.block_of_row.bincount().unsqueeze(1)).sqrt()
    return means if tables.alpha is None else means * tables.alpha


def agreement(one: Tensor, other: Tensor, sizes: Tensor) -> float:
    """Return how much two orders of cells agree: the share of values that both would keep, a mean over `SHARES`.

    Args:
        one: importance (blocks, K) by which the first keeps cells.
        other: that of the second.
        sizes: (blocks,) values of a cell.
    """
    values = sizes.unsqueeze(1).expand_as(one).double()
    most = [share * float(values.sum()) for share in SHARES]
    pairs = [(_kept(one, values, each), _kept(other, values, each)) for each in most]
    common = [float(values[a & b].sum()) / float(values[b].sum().clamp(min=1.0)) for a, b in pairs]
    return sum(common) / len(common)


def _kept(worth: Tensor, values: Tensor, most: float) -> Tensor:
    """Return the most important cells (blocks, K) that have so many values together, at least one cell."""
    order = worth.flatten().argsort(descending=True, stable=True)
    before = values.flatten()[order].cumsum(0) - values.flatten()[order]
    kept = torch.zeros(worth.numel(), dtype=torch.bool, device=worth.device)
    kept[order[before < most]] = True
    return kept.view_as(worth)
