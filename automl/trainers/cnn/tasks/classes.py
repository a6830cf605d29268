"""One class of several: cross-entropy and accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.core.objectives import Direction
from automl.trainers.cnn.tasks.target import Target

if TYPE_CHECKING:
    from torch import Tensor

    from automl.trainers.cnn.data.records import Images


@dataclass(frozen=True, slots=True)
class Classes(Target):
    """Labels (N,) are classes counted from 0. Accuracy is in [0, 1], the loss in nats."""

    metrics: ClassVar[Mapping[str, Direction]] = {"accuracy": "max", "loss": "min"}

    @classmethod
    def check(cls, train: Images, others: Sequence[Images], names: tuple[str, ...], where: str) -> int:
        for part in (train, *others):
            _refuse_other_labels(part, where)
        classes = len(names) or int(train.labels.max()) + 1
        for part in (train, *others):
            if len(part) and part.labels.max() >= classes:
                raise InvalidData(
                    f"{where}: the label {part.labels.max()} is out of range, there are {classes} classes.",
                    "Labels count from 0 to the number of classes less 1, in every part of the data.",
                )
        _refuse_absent_classes(train, classes, where)
        return classes

    @classmethod
    def strata(cls, images: Images) -> npt.NDArray[np.int64]:
        return images.labels

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.cross_entropy(outputs, labels)

    def measure(self, outputs: Tensor, labels: Tensor) -> dict[str, float]:
        right = int((outputs.argmax(1) == labels).sum())
        return {"accuracy": right / len(labels), "loss": float(self.loss(outputs, labels))}


def _refuse_other_labels(images: Images, where: str) -> None:
    labels = images.labels
    if labels.ndim != 1:
        raise InvalidData(
            f"{where}: labels must be one number per image, got shape {labels.shape}.",
            "Turn one-hot rows into numbers with labels.argmax(axis=1). To predict the numbers, set predict=numbers.",
        )
    if labels.dtype.kind != "i":
        odd = labels[:3].tolist()
        raise InvalidData(
            f"{where}: labels must be whole numbers, got {odd}, ...",
            "Number the classes 0, 1, 2, ..., for example with numpy.unique(labels, return_inverse=True)[1].",
        )
    if labels.size and labels.min() < 0:
        raise InvalidData(f"{where}: the label {int(labels.min())} is negative.", "Number the classes 0, 1, 2, ...")


def _refuse_absent_classes(train: Images, classes: int, where: str) -> None:
    if classes < 2:
        raise InvalidData(f"{where}: all images are of one class.", "Give at least two classes to tell apart.")
    if classes > len(train):
        raise InvalidData(
            f"{where}: the labels go up to {classes - 1}, but there are only {len(train)} images.",
            "Number the classes 0, 1, 2, ... without gaps.",
        )
    missing = np.flatnonzero(np.bincount(train.labels, minlength=classes) == 0)
    if missing.size:
        raise InvalidData(
            f"{where}: no training image has the label {missing[0]}, though labels go up to {classes - 1}.",
            "Number the classes 0, 1, 2, ... without gaps, or add images of that class.",
        )
