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
        rows = ids + self.tables.offsets
        read = F.embedding(rows, self._propagated()) if self.scorer.propagates else vectors
        scores: Tensor = self.scorer(read, self._first(rows, ids))
        return scores + self.bias, vectors

    def cross(self, users: Tensor, items: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the scores (U, I) of all pairs of users (U,) and items (I,), and their vectors in the tables.

        Raises:
            UsageError: if the data have other fields than user and item, and the model reads them.
        """
        pair = list(zip(self._pair(), (users, items), strict=True))
        mine, theirs = [self.tables.of(place, ids) for place, ids in pair]
        rows = [ids + self.tables.offsets[place] for place, ids in pair]
        first = [self._first(there, ids) for there, (_, ids) in zip(rows, pair, strict=True)]
        read = [mine, theirs]
        if self.scorer.propagates:
            table = self._propagated()
            read = [F.embedding(there, table) for there in rows]
        return self.scorer.match(*read, *first).add_(self.bias), (mine, theirs)

    def _propagated(self) -> Tensor:
        return self.scorer.propagate(self.tables.all())

    def _first(self, rows: Tensor, ids: Tensor) -> Tensor:
        """Return the first-order weights of rows, of which `ids` say where in their fields they are."""
        if not self.scorer.first_order:
            return self.first.new_zeros(ids.shape)
        first = look_up(self.first, rows, sparse=self.tables.sparse).squeeze(-1)
        pad = ids == 0
        return first.masked_fill(pad, 0.0) if bool(pad.any()) else first

    def rank(self, users: Tensor) -> Tensor:
        """Return the scores (U, items) of all rows of the item's field for users (U,), PAD and OOV included.

        Raises:
            UsageError: if the data have other fields than user and item, and the model reads them.
        """
        user, item = self._pair()
        table = self._propagated() if self.scorer.propagates else self.tables.all()
        first = self.first[:, 0] if self.scorer.first_order else torch.zeros_like(self.first[:, 0])
        rows = users + self.tables.offsets[user]
        items = torch.arange(self._rows(item), device=users.device) + self.tables.offsets[item]
        return self.scorer.match(table[rows], table[items], first[rows], first[items]).add_(self.bias)

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
