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
from automl.trainers.embeddings.tasks.topk import TopK

ENOUGH = 1024
"""Users that are looked at, at least, at equal distances. Of 2,816 users of video games every other one keeps 95 % of
what all would keep at a quarter and at a sixteenth, and lists are as good (two seeds); every fifth one keeps 92 %, and
lists of a sixteenth are worse by a twelfth (one seed)."""


@torch.no_grad()
def list_damage(recommender: Recommender, task: TopK, part: Part) -> Tensor:
    """Return the damage of every block and column (blocks, K), a mean over the users of a part, in float64."""
    tables, items = recommender.tables, task.known
    users = torch.unique(part.ids[:, task.user])
    users = users[:: max(1, len(users) // ENOUGH)]
    of_user = tables.block_of_row[users + tables.offsets[task.user]]
    blocks, sizes = torch.unique_consecutive(tables.block_of_row[items + tables.offsets[task.item]], return_counts=True)
    found = torch.zeros(len(tables.spans), tables.weight.shape[1], dtype=torch.float64, device=tables.weight.device)
    for some, own in zip(torch.split(users, task.at_once), torch.split(of_user, task.at_once), strict=True):
        scores, (mine, theirs) = recommender.cross(some, items)
        weights = 0.5 * mine.square()
        moments = _moments(scores.softmax(1), theirs, sizes.tolist())
        found.index_add_(0, own, (weights * _spread(moments.sum(0))).double())
        found.index_add_(0, blocks, (weights * _spread(moments)).sum(1).double())
    return found / len(users)


def _moments(chances: Tensor, vectors: Tensor, sizes: list[int]) -> Tensor:
    """Return for blocks of items what they add to the means of vectors (I, K) and of their squares (blocks, U, 2 K)."""
    both = torch.cat([vectors, vectors.square()], 1)
    pairs = zip(torch.split(chances, sizes, 1), torch.split(both, sizes), strict=True)
    return torch.stack([own @ values for own, values in pairs])


def _spread(moments: Tensor) -> Tensor:
    """Return the variances (..., U, K) of columns with such moments (..., U, 2 K); items left out count as 0."""
    mean, square = moments.chunk(2, dim=-1)
    return (square - mean.square()).clamp(min=0.0)
