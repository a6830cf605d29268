"""What is lost with every block and column, by second derivatives.

    damage of a cell = 1/2 sum over rows of data of L''(s) (ds/da)^2, per value of the cell

where s is the score of a row, L'' the second derivative of its loss, and a = 1 the gate of the cell: near a minimum
the slope of the loss is small, and this is what the loss rises by when the gate is shut. A row reads each field once,
so one backward pass through the scores gives ds/da of all rows. Unlike the size of e it sees how often a cell is read,
and what it is multiplied by: a column of the users is worth nothing without that of the items. Lists have a closed
form of their own, `list_damage`.

So cells are cut by halves, and measured again in between: what has gone takes the worth of its partners with it.

LeCun, Denker and Solla: Optimal brain damage. NIPS 1989. Deviations: cells in place of single weights, and L''(s) times
the squared slope in place of the second derivative of the whole loss (Gauss and Newton).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from automl.core.records import Json
from automl.trainers.embeddings.list_damage import list_damage
from automl.trainers.embeddings.models.mf import MatrixFactorisation
from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.spans import Span
from automl.trainers.embeddings.tasks.task import Task
from automl.trainers.embeddings.tasks.topk import TopK

ROWS = 2048
"""Rows of data at once: what is computed of them stays in the cache."""
ENOUGH = 40_960
"""Embeddings that are looked at, of rows at equal distances: more cost more, and order the cells alike. Of the flights,
ten fields, this is half of the rows: the plan of an eighth keeps 96 to 98 % of what all rows would keep, and its
quality to .001."""
HALVINGS = 5
"""How often half of the values are cut, until 1/32 is left: the usual budgets are not smaller."""


def measurable(recommender: Recommender, task: Task) -> bool:
    """Say whether damage can be told: no score depends on embeddings but its row's, and lists are of dot products."""
    if isinstance(task, TopK):
        return isinstance(recommender.scorer, MatrixFactorisation)
    return task.pointwise and not recommender.scorer.propagates


def ranks(recommender: Recommender, task: Task, part: Part, halvings: int) -> Tensor:
    """Return a number for every block and column (blocks, K), in float64: the order in which to keep them.

    It is the square root of the damage in the last round that a cell took part in; later rounds are scaled so that none
    of theirs is below what went before.

    Args:
        recommender: comes back as it was.
        task: tells the second derivative.
        part: rows of data to measure on; labels are not looked at.
        halvings: rounds of cutting; 0 measures once.
    """
    weight, sizes = recommender.tables.weight, recommender.tables.block_of_row.bincount().double()
    before = weight.detach().clone()

    def measure(kept: Tensor) -> Tensor:
        with torch.no_grad():
            weight.copy_(before * kept[recommender.tables.block_of_row])
        return (damage(recommender, task, part) / sizes.unsqueeze(1)).sqrt()

    try:
        return in_rounds(measure, sizes, weight.shape[1], halvings)
    finally:
        with torch.no_grad():
            weight.copy_(before)


def by_field(spans: Sequence[Span], found: Tensor) -> Json:
    """Return numbers of blocks and columns (blocks, K) as {field: [[K numbers] per block]}."""
    fields: dict[str, list[Json]] = {span.field: [] for span in spans}
    for span, row in zip(spans, found.tolist(), strict=True):
        fields[span.field].append(row)
    return dict(fields)


def damage(recommender: Recommender, task: Task, part: Part) -> Tensor:
    """Return the damage of every block and column (blocks, K), a mean over rows of data, or users, in float64."""
    if isinstance(task, TopK):
        return list_damage(recommender, task, part)
    tables, training = recommender.tables, recommender.training
    found = torch.zeros(len(tables.spans), tables.weight.shape[1], dtype=torch.float64, device=tables.weight.device)
    recommender.eval()
    rows = part.ids[:: max(1, part.ids.numel() // ENOUGH)]
    for ids in torch.split(rows, ROWS):
        scores, vectors = recommender.looked_up(ids)
        slopes = torch.autograd.grad(scores.sum(), vectors)[0]
        bends = task.bend(scores.detach()).view(-1, 1, 1)
        each = 0.5 * bends * (vectors.detach() * slopes).square()
        blocks = tables.block_of_row[ids + tables.offsets]
        found.index_add_(0, blocks.flatten(), each.flatten(0, 1).double())
    recommender.train(training)
    return found / len(rows)


def in_rounds(measure: Callable[[Tensor], Tensor], sizes: Tensor, width: int, halvings: int) -> Tensor:
    """Return the order (blocks, width) in which cells go when half of their values go at a time.

    Args:
        measure: tells what each cell is worth among those that are kept, ones and zeros (blocks, width).
        sizes: (blocks,) values of a cell.
        width: columns.
        halvings: rounds.
    """
    kept = torch.ones(len(sizes), width, dtype=torch.bool, device=sizes.device)
    found = torch.zeros(kept.shape, dtype=torch.float64, device=sizes.device)
    floor = found.new_zeros(())
    for round_ in range(halvings + 1):
        worth = measure(kept.to(torch.float32)).double()
        alive = worth[kept & (worth > 0)]
        lift = (floor / alive.min()).clamp(min=1.0) if len(alive) else 1.0
        found = torch.where(kept, (worth * lift).clamp(min=floor), found)
        if round_ < halvings:
            gone = _lower_half(found, kept, sizes)
            floor = torch.maximum(floor, found[gone].max()) if gone.any() else floor
            kept &= ~gone
    return found


def _lower_half(worth: Tensor, kept: Tensor, sizes: Tensor) -> Tensor:
    """Return which of the kept cells go: the least worthy, with half of the values that are kept at most."""
    values = sizes.unsqueeze(1).expand_as(worth)
    order = torch.where(kept, worth, torch.inf).flatten().argsort(stable=True)
    taken = values.flatten()[order].cumsum(0)
    gone = torch.zeros_like(kept).flatten()
    gone[order[taken <= 0.5 * values[kept].sum()]] = True
    return gone.view_as(kept) & kept
