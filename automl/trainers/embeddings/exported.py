"""A finished recommender as users get it: as small in memory as its plan says, and in need of no data."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.core.errors import MissingExtra, WeightsError
from automl.core.records import Weights
from automl.search_spaces.embeddings import Field, Plan, layout
from automl.trainers.embeddings.models.mf import MatrixFactorisation
from automl.trainers.embeddings.models.scorer import Scorer
from automl.trainers.embeddings.ragged_cells import RaggedCells
from automl.trainers.embeddings.ragged_elements import RaggedElements
from automl.trainers.embeddings.recommender import build_scorer, cannot_rank
from automl.trainers.embeddings.spans import kept

KernelName: TypeAlias = Literal["auto", "numba", "torch"]


class Exported(nn.Module):
    """Scores rows of data from ragged tables.

    Attributes:
        tables: the embeddings, as they are stored.
        first: (R, 1) first-order weights of the rows of all fields; None where the model has none.
        bias: (1,) what every score starts from.
        scorer: the model.
    """

    rows: Tensor
    offsets: Tensor
    first: nn.Parameter | None

    def __init__(self, tables: RaggedCells | RaggedElements, scorer: Scorer, fields: Sequence[Field]) -> None:
        super().__init__()
        self.tables, self.scorer = tables, scorer
        rows = torch.tensor([field.rows for field in fields])
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("offsets", rows.cumsum(0) - rows, persistent=False)
        first = torch.zeros(int(rows.sum()), 1) if scorer.first_order else None
        self.register_parameter("first", None if first is None else nn.Parameter(first, requires_grad=False))
        self.bias = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return scores (B,) of rows (B, F), counted in each field: logits of clicks, ratings, or relevance.

        Raises:
            IndexError: if a field has no such row.
        """
        ids = self._checked(ids.long())
        vectors = F.embedding(ids + self.offsets, self._propagated()) if self.scorer.propagates else self.tables(ids)
        scores: Tensor = self.scorer(vectors, self._first(ids))
        return scores + self.bias

    def encode(self, frame: Any) -> Tensor:
        """Return the rows (N, F) of the tables that data stand for, as `forward` takes them.

        Args:
            frame: a DataFrame or a mapping of names to arrays, with all fields of the training data; it needs no label.

        Raises:
            InvalidData: if a field is missing, or holds what its type forbids.
        """
        from automl.trainers.embeddings.data.vocabulary import columns_from, encode  # polars

        facts: Mapping[str, Any] = self.facts  # type: ignore[assignment]
        return torch.from_numpy(encode(columns_from(facts["vocabulary"]), frame)).long()

    def _checked(self, ids: Tensor) -> Tensor:
        if not torch.compiler.is_compiling() and len(ids):  # a traced model cannot branch on its input, nor on its size
            low, high = ids.aminmax(dim=0)
            if bool((low < 0).any()) or bool((high >= self.rows).any()):
                raise IndexError(f"Row numbers go from 0 to {(self.rows - 1).tolist()}, field by field.")
        return ids.contiguous()

    def _first(self, ids: Tensor) -> Tensor:
        if self.first is None:
            return self.bias.new_zeros(ids.shape)
        return F.embedding(ids + self.offsets, self.first).squeeze(-1)

    def _propagated(self) -> Tensor:
        """Return the whole table after propagation, (R, K); it is in memory only while it is used."""
        table = torch.cat([self._vectors(place, torch.arange(int(rows))) for place, rows in enumerate(self.rows)])
        return self.scorer.propagate(table)

    def _vectors(self, place: int, rows: Tensor) -> Tensor:
        """Return the vectors (N, K) of rows of one field."""
        ids = torch.zeros(len(rows), len(self.rows), dtype=torch.long, device=rows.device)
        ids[:, place] = rows
        vectors: Tensor = self.tables(ids)
        return vectors[:, place]

    def rank(self, users: Tensor) -> Tensor:
        """Return the scores (U, items) of all rows of the item's field for users (U,), PAD and OOV included.

        Matrix factorisation multiplies only what is kept of the items.

        Raises:
            UsageError: if the data have other fields than user and item, and the model reads them.
        """
        user, item = self.scorer.user, self.scorer.item
        if user is None or item is None or not (self.scorer.pairwise or len(self.rows) == 2):
            raise cannot_rank(self.scorer)
        items = torch.arange(int(self.rows[item]), device=users.device)
        firsts = [self._one_first(place, rows) for place, rows in ((user, users), (item, items))]
        if self.scorer.propagates:
            table = self._propagated()
            vectors = [table[users + self.offsets[user]], table[items + self.offsets[item]]]
        elif isinstance(self.scorer, MatrixFactorisation) and isinstance(self.tables, RaggedCells):
            scores = _products(self.tables, self._vectors(user, users), item)
            return scores.add_(firsts[1] + self.bias).add_(firsts[0].unsqueeze(1))
        else:
            vectors = [self._vectors(user, users), self._vectors(item, items)]
        return self.scorer.match(vectors[0], vectors[1], firsts[0], firsts[1]) + self.bias

    def _one_first(self, place: int, rows: Tensor) -> Tensor:
        if self.first is None:
            return self.bias.new_zeros(rows.shape)
        return self.first[rows + self.offsets[place], 0]


def _products(tables: RaggedCells, users: Tensor, item: int) -> Tensor:
    """Return the dot products (U, items) of vectors with all rows of a field, block by block."""
    blocks = [(span, table) for span, table in tables.tables() if span.place == item]
    out = users.new_empty(len(users), sum(span.rows for span, _ in blocks))
    for span, table in blocks:
        columns = list(span.columns)
        torch.mm(users[:, columns], table.T, out=out[:, span.start : span.start + span.rows])
    return out


def exported(
    plan: Plan,
    fields: Sequence[Field],
    weights: Weights,
    *,
    model: str,
    hidden: Sequence[int] = (),
    user: int | None = None,
    item: int | None = None,
    kernel: KernelName = "auto",
) -> Exported:
    """Return a finished recommender, in eval mode and on the CPU.

    Args:
        plan: what is kept of the embeddings.
        fields: the fields, in the order of the columns of the ids.
        weights: all arrays of the recommender, in the layout of `pack`.
        model: name of the model.
        hidden: units of its hidden layers.
        user: place of the user's field.
        item: place of the item's field.
        kernel: "numba" looks up by compiled code, "torch" without, "auto" with it where numba is installed.

    Raises:
        WeightsError: if the weights are not complete, or of another model.
        MissingExtra: if numba is asked for and not installed.
    """
    kind = RaggedCells if plan.elements is None else RaggedElements
    tables = kind(plan, fields, weights, kernel=_kernel(kernel))
    with torch.random.fork_rng([]):
        scorer = build_scorer(plan, fields, model=model, hidden=hidden, user=user, item=item)
    found = Exported(tables, scorer, fields)
    if layout.NET + "scorer.pairs" in weights:
        scorer.connect(weights[layout.NET + "scorer.pairs"])
    _load(found, fields, weights)
    return found.requires_grad_(False).eval()


def _load(found: Exported, fields: Sequence[Field], weights: Weights) -> None:
    """Put everything but the embeddings in."""
    offset = 0
    for field in fields if found.first is not None else ():
        assert found.first is not None
        array = kept(weights, layout.first(field.name), (field.rows,))
        found.first.data[offset : offset + field.rows, 0] = torch.from_numpy(array)
        offset += field.rows
    for name, tensor in found.state_dict().items():
        if name != "first" and not name.startswith("tables."):
            tensor.copy_(torch.from_numpy(kept(weights, layout.NET + name, tuple(tensor.shape))))


def _kernel(name: KernelName) -> str:
    if name == "torch":
        return name
    installed = importlib.util.find_spec("numba") is not None
    if name == "numba" and not installed:
        raise MissingExtra("numba", "all")
    return "numba" if installed else "torch"


def stored_bytes(module: nn.Module) -> int:
    """Return the bytes of all tensors that a module holds, each storage once: what it costs to have it in memory."""
    storages = {}
    for tensor in (*module.parameters(), *module.buffers()):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
    return sum(storages.values())


def check_size(module: Exported, plan: Plan, fields: Sequence[Field]) -> None:
    """Refuse a module whose embeddings take more memory than the plan says, such as one that stores masked zeros.

    Raises:
        WeightsError: saying how much it is, and how much it should be.
    """
    wanted, found = plan_bytes(plan, fields), stored_bytes(module.tables)
    slack = sum(len(kept) for kept in plan.columns) * (28 + 12 * plan.width) + 8192
    if found > wanted + slack:
        raise WeightsError(f"The tables take {found} bytes in memory, and the plan says {wanted}.")


def plan_bytes(plan: Plan, fields: Sequence[Field]) -> int:
    """Return the bytes of the embeddings of a plan: 4 a value, for elements 5 a value and 1 a row."""
    rows = sum(field.rows for field in fields)
    if plan.elements is not None:
        return 5 * plan.elements + rows
    ends = [(*starts[1:], field.rows) for starts, field in zip(plan.starts, fields, strict=True)]
    return 4 * sum(
        (end - start) * len(kept)
        for starts, stops, blocks in zip(plan.starts, ends, plan.columns, strict=True)
        for start, end, kept in zip(starts, stops, blocks, strict=True)
    )
