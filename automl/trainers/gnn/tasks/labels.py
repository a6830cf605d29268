"""Any number of labels at once: a yes or no for each, and F1 over all of them together."""

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


class ManyLabels(Target):
    """Labels (units, labels) are zeros and ones; an output above 0 says yes."""

    metrics: ClassVar[Mapping[str, Direction]] = {"f1_micro": "max", "loss": "min"}

    def labels(self, raw: Raw, used: Mask) -> tuple[Labels, int]:
        assert raw.y is not None
        if raw.y.ndim != 2 or not np.isin(raw.y[used], (0, 1)).all():
            raise InvalidData(
                f"The labels of {raw.where} are {raw.y.dtype} of the shape {raw.y.shape}, not 0 and 1 for each label.",
                "Give y as (nodes, labels) or (graphs, labels) of zeros and ones.",
            )
        made = np.zeros(raw.y.shape, np.float32)
        made[used] = raw.y[used]
        if made[used].min() == made[used].max():
            raise InvalidData(f"All labels of {raw.where} are {made[used].min():g}: there is nothing to predict.")
        return made, len(made[0])

    def known(self, y: Labels) -> Mask:
        return finite(y)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.binary_cross_entropy_with_logits(outputs, y)

    def measure(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        from torchmetrics.functional.classification import multilabel_f1_score

        yes = (outputs > 0).long()
        f1 = multilabel_f1_score(yes, y.long(), y.shape[1], average="micro", validate_args=False)
        return {"f1_micro": float(f1), "loss": self.loss(outputs, y).item()}
