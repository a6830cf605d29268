"""Implicit feedback: rank all items for a user.

Trained by softmax over items: all of them where they are few, else those of the batch and some drawn evenly, shared by
the batch. A user's scores of all items serve all of his rows that the batch has, so rows of a user had better come
together: an epoch then costs what its users cost, not what its rows cost. Measured by full ranking over all known items
that the user has not met before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
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
        users, places = torch.unique(ids[:, self.user], return_inverse=True)
        items = ids[:, self.item]
        if self.items <= FULL_SOFTMAX:
            scores, (mine, theirs) = recommender.cross(users, self._known)
            slots, rest = items - 1, scores.logsumexp(1)
        else:
            positives, slots = torch.unique(items, return_inverse=True)
            drawn = torch.randint(1, self.items - 1, (self.negatives,)).to(items.device)
            scores, (mine, theirs) = recommender.cross(users, torch.cat([positives, drawn]))
            rest = self._estimated(scores, positives, drawn, (places, slots))
        size = (mine[places].square().sum() + theirs[slots].square().sum()) / len(ids)
        return (rest[places] - scores[places, slots]).mean(), size

    def _estimated(self, scores: Tensor, positives: Tensor, drawn: Tensor, pairs: tuple[Tensor, Tensor]) -> Tensor:
        """Return the logarithm (U,) of the sum of exp(score) over all items, as far as this batch can tell.

        The items that it has of a user count as they are. Of the others, each that was drawn stands for
        `items / negatives`.

        Args:
            scores: (U, P + N), of the items of the batch, then of those drawn.
            positives: (P,) ascending, the items of the batch.
            drawn: (N,) items drawn evenly from all.
            pairs: places of users and of items that belong together.
        """
        own = torch.zeros(len(scores), len(positives), dtype=torch.bool, device=scores.device)
        own[pairs] = True
        places = torch.searchsorted(positives, drawn).clamp(max=len(positives) - 1)
        again = own[:, places] & (positives[places] == drawn)
        known, others = scores.tensor_split([len(positives)], dim=1)
        others = others + math.log((self.items - 2) / self.negatives)
        return torch.cat([known.masked_fill(~own, -math.inf), others.masked_fill(again, -math.inf)], 1).logsumexp(1)

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
