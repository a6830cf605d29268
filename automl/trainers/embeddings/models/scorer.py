"""What every model is: a score from the vectors of the fields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from automl.core.errors import UsageError

PAIRS_AT_ONCE = 65_536
"""Pairs of users and items that are scored at once where there is no matrix product to do it."""
Rotation: TypeAlias = Literal["invariant", "foldable", "none"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model is built from.

    Attributes:
        rows: rows of each of the F fields.
        width: length of the vectors, K.
        live: how many of the F * K inputs are kept in an average row of data; the others are always zero.
        hidden: units of the hidden layers.
        user: place of the user's field, None if there is none.
        item: place of the item's field, None if there is none.
        dropout: share of hidden units that are left out in training.
    """

    rows: tuple[int, ...]
    width: int
    live: float
    hidden: tuple[int, ...]
    user: int | None = None
    item: int | None = None
    dropout: float = 0.0

    @property
    def inputs(self) -> int:
        """Return the length of the vectors of all fields, one after the other."""
        return len(self.rows) * self.width

    def pair(self, model: str) -> tuple[int, int]:
        """Return the places of user and item.

        Raises:
            UsageError: if one is missing.
        """
        if self.user is None or self.item is None:
            raise UsageError(
                f"Model '{model}' scores a user and an item, and the data name no such two fields.",
                "Give two fields the roles user and item in the schema, or choose another model, for example fm.",
            )
        return self.user, self.item


class Scorer(nn.Module, ABC):
    """A model without its embeddings.

    Class attributes:
        rotation: what a rotation of all vectors by one matrix does to the score: nothing ("invariant"), nothing once
            `rotate` has folded it into the first layers ("foldable"), or something that cannot be undone ("none").
        first_order: whether it adds the first-order weights.
        pairwise: whether it reads the fields of user and item only.
        propagates: whether it replaces the whole table by `propagate(table)` first.
        tasks: what it is good for.
        spread: standard deviation of freshly drawn embeddings.
    """

    rotation: ClassVar[Rotation] = "invariant"
    first_order: ClassVar[bool] = True
    pairwise: ClassVar[bool] = False
    propagates: ClassVar[bool] = False
    tasks: ClassVar[tuple[str, ...]] = ("rating", "ctr")
    spread: ClassVar[float] = 0.01

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.fields, self.user, self.item = len(shape.rows), shape.user, shape.item

    def connected(self) -> bool:
        """Say whether it has the graph that it needs, if it needs one."""
        return True

    @abstractmethod
    def forward(self, vectors: Tensor, first: Tensor) -> Tensor:
        """Return scores (B,) of vectors (B, F, K) and first-order weights (B, F)."""

    def rotate(self, q: Tensor) -> None:
        """Undo what replacing every vector v (a row) by v q does to the scores; q is orthogonal, (K, K)."""
        if self.rotation != "invariant":
            raise NotImplementedError

    def propagate(self, table: Tensor) -> Tensor:
        """Return what becomes of the vectors (R, K) of all rows before they are looked up."""
        return table

    def connect(self, pairs: npt.NDArray[np.integer] | None) -> None:
        """Take the graph (E, 2) of rows of users and items; None waits for that of kept weights."""
        return None

    def match(self, users: Tensor, items: Tensor, first_user: Tensor, first_item: Tensor) -> Tensor:
        """Return the scores (U, I) of all pairs among vectors (U, K) and (I, K), with their first-order weights."""
        step = max(1, PAIRS_AT_ONCE // len(items))
        chunks = zip(torch.split(users, step), torch.split(first_user, step), strict=True)
        return torch.cat([self._cross((user, items), (first, first_item)) for user, first in chunks])

    def _cross(self, vectors: tuple[Tensor, Tensor], first: tuple[Tensor, Tensor]) -> Tensor:
        """Score every user with every item, one pair a row."""
        assert self.user is not None
        assert self.item is not None
        sizes = len(vectors[0]), len(vectors[1])
        fields = vectors[0].new_zeros(*sizes, self.fields, vectors[0].shape[1])
        weights = vectors[0].new_zeros(*sizes, self.fields)
        for place, axis, part, weight in zip((self.user, self.item), (1, 0), vectors, first, strict=True):
            fields[:, :, place] = part.unsqueeze(axis)
            weights[:, :, place] = weight.unsqueeze(axis)
        scores: Tensor = self(fields.flatten(0, 1), weights.flatten(0, 1))
        return scores.view(sizes)


def dense(inputs: int, hidden: Sequence[int], *, live: float, dropout: float = 0.0) -> nn.Sequential:
    """Return linear layers with ReLU between them and one output.

    Initialised for ReLU (He et al. 2015, arXiv 1502.01852), the first layer by the inputs that are not always zero, and
    the output for no activation (Glorot and Bengio 2010); biases start at zero.
    """
    layers: list[nn.Module] = []
    fan, units = max(live, 1.0), inputs
    for size in hidden:
        layers += [_linear(units, size, deviation=(2.0 / fan) ** 0.5), nn.ReLU()]
        layers.append(nn.Dropout(dropout) if dropout else nn.Identity())  # names do not depend on it
        fan = units = size
    layers.append(_linear(units, 1, deviation=(2.0 / (fan + 1)) ** 0.5))
    return nn.Sequential(*layers)


def _linear(inputs: int, outputs: int, *, deviation: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, 0.0, deviation)
    nn.init.zeros_(layer.bias)
    return layer


@torch.no_grad()
def fold(layers: nn.Sequential, q: Tensor) -> None:
    """Rotate the inputs of the first layer: afterwards it gives for v q what it gave for v, field by field."""
    first = layers[0]
    assert isinstance(first, nn.Linear)
    width = len(q)
    rotated = first.weight.view(first.out_features, -1, width).double() @ q.double()
    first.weight.copy_(rotated.view_as(first.weight))
