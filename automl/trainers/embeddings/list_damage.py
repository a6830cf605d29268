"""What is lost with every block and column where a user's loss is a softmax over all items.

    L_u(a) = log sum_j exp s_uj(a) - s_ui(a),   L_u''(a) = Var_{j ~ p_u} ds_uj/da

with a = 1 the gate of a cell and p_u the softmax of the user's scores; it is exact for scores that are linear in the
gate, as those of a dot product are. A column k of the users' blocks has ds_uj/da = e_uk v_jk, one of an items' block
the same for its items j and else 0. So labels do not matter, and one product of chances and vectors gives the variances
of all columns. Every user counts once, however many rows he has: so do lists when they are measured.
"""

from __future__ import annotations

import torch
from torch import Tensor

from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks.topk import SCORES_AT_ONCE, TopK


@torch.no_grad()
def list_damage(recommender: Recommender, task: TopK, part: Part) -> Tensor:
    """Return the damage of every block and column (blocks, K), a mean over the users of a part, in float64."""
    tables, items = recommender.tables, task.known
    users = torch.unique(part.ids[:, task.user])
    of_user = tables.block_of_row[users + tables.offsets[task.user]]
    of_item = tables.block_of_row[items + tables.offsets[task.item]]
    found = torch.zeros(len(tables.spans), tables.weight.shape[1], dtype=torch.float64, device=tables.weight.device)
    step = max(1, SCORES_AT_ONCE // len(items))
    for some, blocks in zip(torch.split(users, step), torch.split(of_user, step), strict=True):
        scores, (mine, theirs) = recommender.cross(some, items)
        chances, weights = scores.softmax(1), 0.5 * mine.square()
        found.index_add_(0, blocks, (weights * _spread(chances, theirs)).double())
        for block in torch.unique(of_item):
            own = of_item == block
            found[block] += (weights * _spread(chances[:, own], theirs[own])).sum(0).double()
    return found / len(users)


def _spread(chances: Tensor, vectors: Tensor) -> Tensor:
    """Return the variances (U, K) of the columns of vectors (I, K) under chances (U, I); items left out count as 0."""
    return (chances @ vectors.square() - (chances @ vectors).square()).clamp(min=0.0)
