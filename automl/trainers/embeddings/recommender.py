"""A recommender in training: the tables of a plan, first-order weights, and a model that makes scores of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.core.errors import UsageError
from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.models.known import scorer_class
from automl.trainers.embeddings.models.scorer import Scorer, Shape
from automl.trainers.embeddings.spans import spans
from automl.trainers.embeddings.table import Tables, look_up


class Recommender(nn.Module):
    """Scores rows of data.

    Attributes:
        tables: the embeddings.
        first: (R, 1) first-order weights of the rows of all fields; those of PAD stay zero.
        bias: (1,) what every score starts from.
        scorer: the model.
    """

    def __init__(self, tables: Tables, scorer: Scorer) -> None:
        super().__init__()
        self.tables, self.scorer = tables, scorer
        self.first = nn.Parameter(torch.zeros(len(tables.weight), 1), requires_grad=scorer.first_order)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, ids: Tensor) -> Tensor:
        """Return scores (B,) of rows (B, F), counted in each field: logits of clicks, ratings, or relevance."""
        return self.looked_up(ids)[0]

    def looked_up(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (B,) of rows (B, F), and the vectors (B, F, K) of the tables that they were made from."""
        vectors: Tensor = self.tables(ids)
        read = self._propagated(ids) if self.scorer.propagates else vectors
        scores: Tensor = self.scorer(read, self._first(ids))
        return scores + self.bias, vectors

    def cross(self, users: Tensor, items: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the scores (U, I) of all pairs of users (U,) and items (I,), and their vectors in the tables.

        Raises:
            UsageError: if the data have other fields than user and item, and the model reads them.
        """
        pair = self._pair()
        ids = [self._alone(place, rows) for place, rows in zip(pair, (users, items), strict=True)]
        mine = [self.tables(rows)[:, place] for place, rows in zip(pair, ids, strict=True)]
        first = [self._first(rows)[:, place] for place, rows in zip(pair, ids, strict=True)]
        read = mine
        if self.scorer.propagates:
            read = [self._propagated(rows)[:, place] for place, rows in zip(pair, ids, strict=True)]
        return self.scorer.match(read[0], read[1], first[0], first[1]) + self.bias, (mine[0], mine[1])

    def _alone(self, place: int, rows: Tensor) -> Tensor:
        """Return ids (N, F) of rows (N,) of one field; the other fields are PAD."""
        ids = rows.new_zeros(len(rows), len(self.tables.offsets))
        ids[:, place] = rows
        return ids

    def _propagated(self, ids: Tensor) -> Tensor:
        return F.embedding(ids + self.tables.offsets, self.scorer.propagate(self.tables.all()))

    def _first(self, ids: Tensor) -> Tensor:
        if not self.scorer.first_order:
            return self.first.new_zeros(ids.shape)
        first = look_up(self.first, ids + self.tables.offsets, sparse=self.tables.sparse).squeeze(-1)
        pad = ids == 0
        return first.masked_fill(pad, 0.0) if bool(pad.any()) else first

    def rank(self, users: Tensor) -> Tensor:
        """Return the scores (U, items) of all rows of the item's field for users (U,), PAD and OOV included.

        Raises:
            UsageError: if the data have other fields than user and item, and the model reads them.
        """
        user, item = self._pair()
        table: Tensor = self.scorer.propagate(self.tables.all()) if self.scorer.propagates else self.tables.all()
        first = self.first[:, 0] if self.scorer.first_order else torch.zeros_like(self.first[:, 0])
        rows = users + self.tables.offsets[user]
        items = torch.arange(self._rows(item), device=users.device) + self.tables.offsets[item]
        return self.scorer.match(table[rows], table[items], first[rows], first[items]) + self.bias

    def _pair(self) -> tuple[int, int]:
        user, item = self.scorer.user, self.scorer.item
        if user is None or item is None or not (self.scorer.pairwise or len(self.tables.offsets) == 2):
            raise cannot_rank(self.scorer)
        return user, item

    def _rows(self, place: int) -> int:
        return sum(span.rows for span in self.tables.spans if span.place == place)


def cannot_rank(scorer: Scorer) -> UsageError:
    """Return the error of a model that needs more than a user and an item for a score."""
    return UsageError(
        f"The model '{type(scorer).__name__}' reads fields besides user and item: it cannot rank all items for a user.",
        "Set model=mf, model=neumf or model=lightgcn, or leave the other fields out of the schema.",
    )


def build_recommender(
    plan: Plan,
    fields: Sequence[Field],
    *,
    model: str,
    hidden: Sequence[int] = (),
    user: int | None = None,
    item: int | None = None,
    pairs: npt.NDArray[np.integer] | None = None,
    dropout: float = 0.0,
    sparse: bool = False,
) -> Recommender:
    """Return a freshly initialised recommender, drawn from torch's global generator.

    Args:
        plan: what is kept of the embeddings.
        fields: the fields, in the order of the columns of the ids.
        model: name of the model.
        hidden: units of its hidden layers, where it has any.
        user: place of the user's field.
        item: place of the item's field.
        pairs: (E, 2) rows of users and items that belong together in the training part, for `lightgcn`.
        dropout: share of hidden units that are left out in training.
        sparse: whether the gradients of the embeddings are sparse tensors.

    Raises:
        UsageError: if there is no such model, or the data lack what it needs.
    """
    scorer = build_scorer(plan, fields, model=model, hidden=hidden, user=user, item=item, dropout=dropout)
    scorer.connect(pairs)
    tables = Tables(plan, fields, spread=scorer.spread, sparse=sparse)
    return Recommender(tables, scorer)


def build_scorer(
    plan: Plan,
    fields: Sequence[Field],
    *,
    model: str,
    hidden: Sequence[int] = (),
    user: int | None = None,
    item: int | None = None,
    dropout: float = 0.0,
) -> Scorer:
    """Return a freshly initialised model without its embeddings; see `build_recommender`."""
    rows = tuple(field.rows for field in fields)
    live = _live(plan, fields)
    return scorer_class(model)(Shape(rows, plan.width, live, tuple(hidden), user=user, item=item, dropout=dropout))


def _live(plan: Plan, fields: Sequence[Field]) -> float:
    """Return how many inputs are kept in an average row of data."""
    total = 0.0
    for span in spans(plan, fields):
        field = fields[span.place]
        total += len(span.columns) * (_seen(field, span.start + span.rows) - _seen(field, span.start))
    return total


def _seen(field: Field, rows: int) -> float:
    """Return the share of occurrences that the first rows of a field have."""
    points = (0.0, *field.popularity) if field.popularity else (0.0, 1.0)
    return float(np.interp(rows / field.rows, np.linspace(0.0, 1.0, len(points)), points))
