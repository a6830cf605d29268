"""Numbers: squared error on their own scale, measured as mean absolute and root mean squared error in their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from automl.core.errors import InvalidData
from automl.core.objectives import Direction
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Mask
from automl.trainers.gnn.tasks.target import Labels, Target, finite

if TYPE_CHECKING:
    from torch import Tensor


class Numbers(Target):
    """Labels (units, numbers). Outputs are in the units of the labels: the network's times their deviation plus mean.

    The loss is the mean squared error over the variance of training labels: 1 for who always says their mean.
    """

    metrics: ClassVar[Mapping[str, Direction]] = {"mae": "min", "rmse": "min", "loss": "min"}

    def labels(self, raw: Raw, used: Mask) -> tuple[Labels, int]:
        assert raw.y is not None
        y = raw.y.reshape(len(raw.y), -1)
        if y.dtype.kind not in "biuf" or not np.isfinite(y[used]).all():
            raise InvalidData(
                f"The labels of {raw.where} are {y.dtype}, and not all of them are finite numbers.",
                "Give numbers; nodes without one go into no mask.",
            )
        made = np.zeros(y.shape, np.float32)
        made[used] = y[used]
        if (made[used] == made[used][:1]).all():
            raise InvalidData(f"All labels of {raw.where} are the same: there is nothing to predict.")
        return made, made.shape[1]

    def known(self, y: Labels) -> Mask:
        return finite(y)

    def scale(self, y: Labels) -> tuple[list[float], list[float]]:
        deviation = y.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1.0
        return [float(value) for value in deviation], [float(value) for value in y.mean(axis=0, dtype=np.float64)]

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return ((outputs - y) / y.new_tensor(self.deviation)).square().mean()

    def measure(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        from torchmetrics.functional.regression import mean_absolute_error, mean_squared_error

        return {
            "mae": float(mean_absolute_error(outputs, y)),
            "rmse": float(mean_squared_error(outputs, y, squared=False)),
            "loss": self.loss(outputs, y).item(),
        }
