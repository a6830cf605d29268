"""One class of several: cross-entropy and accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from automl.core.errors import InvalidData
from automl.core.objectives import Direction
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Integers, Mask
from automl.trainers.gnn.tasks.target import Labels, Target, finite

if TYPE_CHECKING:
    from torch import Tensor


class Classes(Target):
    """Labels (units,) are classes counted from 0.

    Accuracy is counted here: torchmetrics' takes six times as long, and 2.5 s of CPU to load in every process.
    """

    metrics: ClassVar[Mapping[str, Direction]] = {"accuracy": "max", "loss": "min"}

    def labels(self, raw: Raw, used: Mask) -> tuple[Labels, int]:
        assert raw.y is not None
        y = column(raw.y)
        made = np.zeros(len(y), np.int64)
        made[used] = self._classes(raw, y[used])
        return made, int(made.max()) + 1

    def _classes(self, raw: Raw, y: Labels) -> Integers:
        if y.ndim != 1 or not whole(y):
            raise InvalidData(
                f"The labels of {raw.where} are {y.dtype} of the shape {y.shape}, and no classes.",
                "Give one whole number each, counted from 0. To predict the numbers, type: --set predict=numbers",
            )
        made = y.astype(np.int64)
        if len(made) and made.min() < 0:
            raise InvalidData(f"{raw.where} has the class {made.min()}.", "Count classes from 0.")
        if not len(made) or made.min() == made.max():
            raise InvalidData(f"{raw.where} has one class only: there is nothing to tell apart.", "Give two or more.")
        return made

    def known(self, y: Labels) -> Mask:
        return finite(column(y))

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.cross_entropy(outputs, y)

    def measure(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        right = (outputs.argmax(dim=1) == y).sum().item()
        return {"accuracy": right / len(y), "loss": self.loss(outputs, y).item()}


def column(y: Labels) -> Labels:
    """Return labels (units, 1) as (units,), and others as they are."""
    return y.squeeze(1) if y.ndim == 2 and y.shape[1] == 1 else y


def whole(y: Labels) -> bool:
    """Tell whether labels are whole numbers, whatever their type."""
    return y.dtype.kind in "biu" or (y.dtype.kind == "f" and bool(np.isfinite(y).all() and (y == np.floor(y)).all()))
