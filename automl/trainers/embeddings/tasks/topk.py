"""Implicit feedback: rank all items for a user.

Trained by softmax over items: all of them where they are few, else those of the batch and some drawn evenly, shared by
the batch. A user's scores of all items serve all of his rows that the batch has, so rows of a user had better come
together: an epoch then costs what its users cost, not what its rows cost. Measured by full ranking over all known items
that the user has not met before.

A small model learns from a trained large one besides (Hinton, Vinyals and Dean: Distilling the knowledge in a neural
network. arXiv 1503.02531, 2015), and from what is measured: lists of items that a user has not met, every user once.
With p the softmax of its scores s, and p' and q' those of s and of c times the teacher's scores t over the items that
user u has not met,

    loss of a batch = (1 - share) mean_rows -log p_ui  +  share mean_users -sum_j q'_uj log p'_uj

A row says what one user chose once; q' says what he would choose next. Items that he has met are left out because they
stand at the top of t and in no list: what is small would have to spend itself on them. c > 1 sharpens what the teacher
says (c is one over a temperature): the first of a list count, and few dimensions cannot follow the tail as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from automl.trainers.embeddings.data import Dataset
from automl.trainers.embeddings.placed import Part, pairs
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks import MEASURES
from automl.trainers.embeddings.tasks.pairs import Pairs
from automl.trainers.embeddings.tasks.task import Lesson, Model, Task

FULL_SOFTMAX = 4096
"""Most items for which the softmax is over all of them."""
SCORES_AT_ONCE = 4_194_304
"""Scores of users and items that are in memory at once in an evaluation."""

REMEMBERED = 67_108_864
"""Most chances of users and items, a quarter of a gigabyte, that a teacher is asked for once, not in every epoch."""

HIDDEN = -1e9
"""Score of what a user has met: a softmax has no room for it, and is one still where he has met all."""


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """What a batch of B rows is about.

    Attributes:
        users: (U,) of the rows, each once.
        items: (I,) whose scores the loss needs: all known ones, or the P of the rows, ascending, and the drawn.
        places, slots: (B,) of every row, its place in users and in items.
        drawn: (N,) items drawn evenly from all; None where items are all.
    """

    users: Tensor
    items: Tensor
    places: Tensor
    slots: Tensor
    drawn: Tensor | None = None

    @property
    def offered(self) -> Tensor:
        """Return the last of the items, those that a teacher is asked about: no row's but by chance."""
        return self.items if self.drawn is None else self.drawn


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

    Attributes:
        known: (I,) rows of the items that training saw.
    """

    measures = MEASURES["topk"]
    teachable: ClassVar[bool] = True

    def __init__(self, seen: Tensor, *, place: tuple[int, int], rows: tuple[int, int], k: int, negatives: int) -> None:
        self.user, self.item = place
        self.users, self.items = rows
        self.k, self.negatives = min(k, self.items - 2), negatives
        self.seen = Pairs.of(seen, self.users)
        self.known = torch.arange(1, self.items - 1, device=seen.device)

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
        batch = self._batch(ids)
        logits, size = self._logits(recommender, batch)
        return _surprise(logits, batch), size

    def lesson(self, teacher: Recommender, *, share: float, sharpen: float) -> Lesson:
        if self.items > FULL_SOFTMAX or self.users * self.items > REMEMBERED:
            return Lesson(teacher, share, sharpen)
        every = torch.arange(self.users, device=self.known.device)
        chances = [self._wanted(teacher, sharpen, some, self.known) for some in torch.split(every, self.at_once)]
        return Lesson(teacher, share, sharpen, torch.cat(chances))

    def told(self, recommender: Recommender, ids: Tensor, lesson: Lesson) -> tuple[Tensor, Tensor]:
        batch = self._batch(ids)
        logits, size = self._logits(recommender, batch)
        if lesson.chances is None:
            wanted = self._wanted(lesson.teacher, lesson.sharpen, batch.users, batch.offered)
        else:
            wanted = lesson.chances[batch.users]
        offered = self._unmet(logits[:, -len(batch.offered) :], batch.users, batch.offered)
        rows, users = _surprise(logits, batch), F.cross_entropy(offered, wanted)
        return (1.0 - lesson.share) * rows + lesson.share * users, size

    @torch.no_grad()
    def _wanted(self, teacher: Recommender, sharpen: float, users: Tensor, items: Tensor) -> Tensor:
        """Return q' (U, I): with what chances a teacher says that users choose each of some items next."""
        return self._unmet(teacher.cross(users, items)[0] * sharpen, users, items).softmax(1)

    def _unmet(self, scores: Tensor, users: Tensor, items: Tensor) -> Tensor:
        """Return scores (U, I) of users and items, with what users have met hidden."""
        ordered, columns = items.sort()
        rows, met = self.seen.places(users)
        ends = torch.searchsorted(ordered, met, right=True)
        times = ends - torch.searchsorted(ordered, met)  # an item may have been drawn more than once, or not at all
        rows = rows.repeat_interleave(times)
        places = torch.arange(len(rows), device=rows.device) + (ends - times.cumsum(0)).repeat_interleave(times)
        return scores.index_put((rows, columns[places]), scores.new_tensor(HIDDEN))

    def _batch(self, ids: Tensor) -> _Batch:
        """Return whom rows (B, F) are about, and which items their loss needs the scores of."""
        users, places = torch.unique(ids[:, self.user], return_inverse=True)
        items = ids[:, self.item]
        if self.items <= FULL_SOFTMAX:
            return _Batch(users, self.known, places, items - 1)
        positives, slots = torch.unique(items, return_inverse=True)
        drawn = torch.randint(1, self.items - 1, (self.negatives,)).to(items.device)
        return _Batch(users, torch.cat([positives, drawn]), places, slots, drawn)

    def _logits(self, recommender: Recommender, batch: _Batch) -> tuple[Tensor, Tensor]:
        """Return what the softmax (U, I) is over, and the mean squared length of the embeddings of a row."""
        scores, (mine, theirs) = recommender.cross(batch.users, batch.items)
        size = (mine[batch.places].square().sum() + theirs[batch.slots].square().sum()) / len(batch.places)
        return (scores if batch.drawn is None else self._estimated(scores, batch, batch.drawn)), size

    def _estimated(self, scores: Tensor, batch: _Batch, drawn: Tensor) -> Tensor:
        """Return scores (U, P + N) whose softmax is that over all items, as far as this batch can tell.

        The items that it has of a user count as they are. Of the others, each that was drawn stands for
        `items / negatives`.
        """
        positives = batch.items[: -len(drawn)]
        own = torch.zeros(len(scores), len(positives), dtype=torch.bool, device=scores.device)
        own[batch.places, batch.slots] = True
        places = torch.searchsorted(positives, drawn).clamp(max=len(positives) - 1)
        again = own[:, places] & (positives[places] == drawn)
        known, others = scores.tensor_split([len(positives)], dim=1)
        others = others + math.log((self.items - 2) / self.negatives)
        return torch.cat([known.masked_fill(~own, -math.inf), others.masked_fill(again, -math.inf)], 1)

    @torch.no_grad()
    def measure(self, model: Model, part: Part) -> dict[str, float]:
        pairs = part.ids[:, [self.user, self.item]]
        wanted = Pairs.of(pairs, self.users)
        users = torch.unique(pairs[:, 0])
        users = users[(users > 0) & (users < self.users - 1)]
        if not len(users):
            return dict.fromkeys(self.measures, 0.0)
        chunks = [self._ranked(model, some, wanted) for some in torch.split(users, self.at_once)]
        means = torch.cat(chunks).mean(0).tolist()
        return dict(zip(self.measures, means, strict=True))

    @property
    def at_once(self) -> int:
        """Return of how many users the scores of all items may be in memory at once."""
        return max(1, SCORES_AT_ONCE // self.items)

    def _ranked(self, model: Model, users: Tensor, wanted: Pairs) -> Tensor:
        """Return the measures (U, 3) of some users."""
        scores = model.rank(users)
        scores[:, 0] = scores[:, -1] = -math.inf
        scores[self.seen.places(users)] = -math.inf
        best = scores.topk(self.k, dim=1).indices
        relevant = torch.zeros(scores.shape, dtype=torch.bool, device=scores.device)
        relevant[wanted.places(users)] = True
        return list_measures(relevant.gather(1, best), wanted.counts(users))


def _surprise(logits: Tensor, batch: _Batch) -> Tensor:
    """Return the mean over rows of -log p, with p the softmax of logits (U, I)."""
    return -logits.log_softmax(1)[batch.places, batch.slots].mean()


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
