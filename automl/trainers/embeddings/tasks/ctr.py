"""Clicks: predict the probability."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks import BY_USER, MEASURES
from automl.trainers.embeddings.tasks.task import Model, Task, predictions, squared_length


class Ctr(Task):
    """Cross-entropy in nats; the area under the ROC curve, over all rows and, where there are users, within each.

    Args:
        user: place of the user's field, None if there is none.
    """

    pointwise = True

    def __init__(self, user: int | None) -> None:
        self.user = user
        kinds = MEASURES["ctr"].items()
        self.measures = {name: way for name, way in kinds if user is not None or name not in BY_USER}

    def bias(self, labels: Tensor) -> float:
        share = min(max(float(labels.double().mean()), 1e-6), 1 - 1e-6)
        return math.log(share / (1 - share))

    def loss(self, recommender: Recommender, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        scores, vectors = recommender.looked_up(ids)
        return F.binary_cross_entropy_with_logits(scores, labels), squared_length(vectors)

    def bend(self, scores: Tensor) -> Tensor:
        chances = scores.sigmoid()
        return chances * (1.0 - chances)

    def measure(self, model: Model, part: Part) -> dict[str, float]:
        scores = predictions(model, part).double()
        labels = part.labels.double()
        one = torch.zeros(len(labels), dtype=torch.int64, device=labels.device)
        found = {
            "auc": grouped_auc(scores, labels, one),
            "logloss": float(F.binary_cross_entropy_with_logits(scores, labels)),
        }
        by_user = {} if self.user is None else {"gauc": grouped_auc(scores, labels, part.ids[:, self.user])}
        return {**found, **by_user}


def grouped_auc(scores: Tensor, labels: Tensor, groups: Tensor) -> float:
    """Return the area under the ROC curve within groups, a mean weighted by their rows.

    Groups that lack one of the two classes have none and are left out; if all do, the result is 1/2. The area is that
    of Mann and Whitney: the share of pairs of a click and none that are in the right order, ties counting half.

    Args:
        scores: (N,) larger is more likely.
        labels: (N,) zeros and ones.
        groups: (N,) int64, the group of each row.
    """
    groups = torch.unique(groups, return_inverse=True)[1]
    number = int(groups.max()) + 1
    ranks = _ranks(scores, groups)
    rows, clicks, summed = (
        torch.zeros(number, dtype=torch.float64, device=scores.device).index_add_(0, groups, each.double())
        for each in (torch.ones_like(ranks), labels, ranks * labels)
    )
    others = rows - clicks
    both = (clicks > 0) & (others > 0)
    if not bool(both.any()):
        return 0.5
    areas = (summed - clicks * (clicks + 1) / 2)[both] / (clicks * others)[both]
    return float((areas * rows[both]).sum() / rows[both].sum())


def _ranks(scores: Tensor, groups: Tensor) -> Tensor:
    """Return the rank (N,) of every score within its group, counted from 1; equal ones share their mean rank."""
    order = torch.argsort(scores, stable=True)
    order = order[torch.argsort(groups[order], stable=True)]
    ordered, of_group = scores[order], groups[order]
    new = torch.ones(len(order), dtype=torch.bool, device=scores.device)
    new[1:] = (ordered[1:] != ordered[:-1]) | (of_group[1:] != of_group[:-1])
    _, ties = torch.unique_consecutive(new.cumsum(0), return_counts=True)
    ends = ties.cumsum(0)
    means = (ends - (ties - 1) / 2.0).double().repeat_interleave(ties)  # ranks over all groups
    before = torch.bincount(of_group).cumsum(0) - torch.bincount(of_group)
    ranks = torch.empty_like(means)
    ranks[order] = means - before[of_group]
    return ranks
