"""Numbers: squared error on a scale of their own, measured in their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.core.objectives import Direction
from automl.trainers.cnn.tasks.target import Labels, Target

if TYPE_CHECKING:
    from torch import Tensor

    from automl.trainers.cnn.data.records import Images


@dataclass(frozen=True, slots=True)
class Numbers(Target):
    """Labels (N,) or (N, outputs) are numbers. Networks learn them less their mean, divided by their deviation.

    The loss is the mean squared error over the variance of training labels: 1 for who always says their mean. With
    several outputs, `mae` and `rmse` are over all of them, `r2` is the mean of each one's.
    """

    metrics: ClassVar[Mapping[str, Direction]] = {"rmse": "min", "r2": "max", "mae": "min", "loss": "min"}

    @classmethod
    def check(cls, train: Images, others: Sequence[Images], names: tuple[str, ...], where: str) -> int:
        outputs: int = _columns(train.labels).shape[1]
        for part in others:
            if _columns(part.labels).shape[1] != outputs:
                raise InvalidData(
                    f"{where}: images have {outputs} and {_columns(part.labels).shape[1]} numbers as labels.",
                    "Give every image the same.",
                )
        return outputs

    @classmethod
    def strata(cls, images: Images) -> npt.NDArray[np.int64]:
        return np.zeros(len(images), np.int64)

    @classmethod
    def scale(cls, images: Images) -> tuple[tuple[float, ...], tuple[float, ...]]:
        columns = _columns(images.labels)
        mean, deviation = columns.mean(axis=0), columns.std(axis=0)
        deviation[deviation == 0] = 1.0
        return tuple(mean.tolist()), tuple(deviation.tolist())

    def scaled(self, labels: Labels) -> Labels:
        return ((_columns(labels) - self.mean) / self.deviation).astype(np.float32)

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        return (outputs - labels).square().mean()

    def measure(self, outputs: Tensor, labels: Tensor) -> dict[str, float]:
        import torch

        off = outputs.double() - labels.double()
        units = off * torch.tensor(self.deviation, dtype=torch.float64, device=off.device)
        spread = labels.double().var(dim=0, correction=0)
        unexplained = off.square().mean(dim=0) / torch.where(spread > 0, spread, 1.0)  # 1: as without any spread
        return {
            "rmse": float(units.square().mean().sqrt()),
            "r2": float(1 - unexplained.mean()),
            "mae": float(units.abs().mean()),
            "loss": float(self.loss(outputs, labels)),
        }


def _columns(labels: Labels) -> Labels:
    """Return labels (N, outputs) in double precision."""
    return labels.astype(np.float64).reshape(len(labels), -1)
