"""Implicit feedback: rank all items for a user.

Trained by softmax over items: all of them where they are few, else the item itself and negatives drawn evenly, shared
by the batch. Measured by full ranking over all known items that the user has not met before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from automl.trainers.embeddings.data import Dataset
from automl.trainers.embeddings.placed import Part, pairs
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks import MEASURES
from automl.trainers.embeddings.tasks.pairs import Pairs
from automl.trainers.embeddings.tasks.task import Model, Task

FULL_SOFTMAX = 4096
"""Most items for which the softmax is over all of them."""
SCORES_AT_ONCE = 4_194_304
"""Scores of users and items that are in memory at once in an evaluation."""


class TopK(Task):
    """Normalised discounted cumulative gain, recall and hit rate of the first k items.

    Items that training never saw share the row OOV and cannot be recommended; where they are what the user chose next,
    they count as missed. Users that training never saw are left out.

    Args:
        seen: (N, 2) pairs of user and item that came before the rows to be measured; they are not recommended again.
        place: places of the fields of user and item.
        rows: rows of these fields, with PAD and OOV.
        k: how many items are recommended.
        negatives: items that are drawn for a batch.
    """

    measures = MEASURES["topk"]

    def __init__(self, seen: Tensor, *, place: tuple[int, int], rows: tuple[int, int], k: int, negatives: int) -> None:
        self.user, self.item = place
        self.users, self.items = rows
        self.k, self.negatives = min(k, self.items - 2), negatives
        self.seen = Pairs.of(seen, self.users)
        self._known = torch.arange(1, self.items - 1, device=seen.device)

    @classmethod
    def of(cls, dataset: Dataset, device: torch.device, seen: Sequence[str], *, k: int, negatives: int) -> TopK:
        """Return the task of a data set that names users and items; `seen` are the parts that came before."""
        assert dataset.user is not None
        assert dataset.item is not None
        place = dataset.user, dataset.item
        before = torch.from_numpy(pairs(dataset, *seen)).to(device)
        rows = dataset.columns[place[0]].rows, dataset.columns[place[1]].rows
        return cls(before, place=place, rows=rows, k=k, negatives=negatives)

    def bias(self, labels: Tensor) -> float:
        return 0.0

    def loss(self, recommender: Recommender, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        users, items = ids[:, self.user], ids[:, self.item]
        if self.items <= FULL_SOFTMAX:
            scores, (mine, theirs) = recommender.cross(users, self._known)
            size = (mine.square().sum() + theirs[items - 1].square().sum()) / len(ids)
            return F.cross_entropy(scores, items - 1), size
        return self._sampled(recommender, users, items)

    def _sampled(self, recommender: Recommender, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Draw negatives evenly among all items; each stands for `items / negatives` of them."""
        drawn = torch.randint(1, self.items - 1, (self.negatives,)).to(items.device)
        positives, slots = torch.unique(items, return_inverse=True)
        scores, (mine, theirs) = recommender.cross(users, torch.cat([positives, drawn]))
        size = (mine.square().sum() + theirs[slots].square().sum()) / len(users)
        own = scores.gather(1, slots.unsqueeze(1))
        others = scores[:, len(positives) :] + math.log((self.items - 2) / self.negatives)
        others = others.masked_fill(drawn == items.unsqueeze(1), -math.inf)
        return F.cross_entropy(torch.cat([own, others], dim=1), torch.zeros_like(users)), size

    @torch.no_grad()
    def measure(self, model: Model, part: Part) -> dict[str, float]:
        pairs = part.ids[:, [self.user, self.item]]
        wanted = Pairs.of(pairs, self.users)
        users = torch.unique(pairs[:, 0])
        users = users[(users > 0) & (users < self.users - 1)]
        if not len(users):
            return dict.fromkeys(self.measures, 0.0)
        step = max(1, SCORES_AT_ONCE // self.items)
        chunks = [self._ranked(model, some, wanted) for some in torch.split(users, step)]
        means = torch.cat(chunks).mean(0).tolist()
        return dict(zip(self.measures, means, strict=True))

    def _ranked(self, model: Model, users: Tensor, wanted: Pairs) -> Tensor:
        """Return the measures (U, 3) of some users."""
        scores = model.rank(users)
        scores[:, 0] = scores[:, -1] = -math.inf
        scores[self.seen.places(users)] = -math.inf
        best = scores.topk(self.k, dim=1).indices
        relevant = torch.zeros(scores.shape, dtype=torch.bool, device=scores.device)
        relevant[wanted.places(users)] = True
        return list_measures(relevant.gather(1, best), wanted.counts(users))


def list_measures(hits: Tensor, wanted: Tensor) -> Tensor:
    """Return gain, recall and hit rate (U, 3).

    Args:
        hits: (U, k), whether each of the recommended items was wanted.
        wanted: (U,) how many were.
    """
    k = hits.shape[1]
    discounts = 1.0 / torch.log2(torch.arange(2, k + 2, dtype=torch.float64, device=hits.device))
    ideal = discounts.cumsum(0)[wanted.clamp(1, k) - 1]
    found = hits.double()
    gain = (found * discounts).sum(1) / ideal
    return torch.stack([gain, found.sum(1) / wanted, found.amax(1)], dim=1)
