"""Training with learned thresholds, which are raised on the way so that ever fewer values are left.

Liu et al.: Learnable embedding sizes for recommender systems (PEP). ICLR 2021.

Deviation: the logit s of a threshold sigmoid(s) rises by a fixed amount per epoch besides its gradient step. At a
minimum of the loss in the values, thresholds have no gradient; so something must raise them, and this does it at a pace
that does not depend on the number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from automl.search_spaces.embeddings import Field
from automl.search_spaces.embeddings.size import element_bytes
from automl.trainers.embeddings.descent import Descent
from automl.trainers.embeddings.recommender import Recommender


class Raising:
    """Steps of the weights, after each of which thresholds rise.

    Args:
        descent: steps of weights and thresholds.
        rise: what is added to the logit of every threshold per epoch.
    """

    def __init__(self, descent: Descent, rise: float) -> None:
        threshold = descent.loss.recommender.tables.threshold
        assert threshold is not None
        self.descent, self.rise, self.threshold = descent, rise, threshold

    def epoch(self, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Take a step on every batch; return the sum of their losses."""
        total = torch.zeros((), device=self.threshold.device)
        for ids, labels in batches:
            total += self.descent.step(ids, labels)
            with torch.no_grad():
                self.threshold.add_(self.rise / len(batches))
        return total


def kept(recommender: Recommender, fields: Sequence[Field]) -> dict[str, float]:
    """Return the bytes of the values that are left (`size`), and their share of those of the whole tables (`share`)."""
    rows, width = recommender.tables.weight.shape
    with torch.no_grad():
        values = int(recommender.tables.all().count_nonzero())
    size = element_bytes(values, sum(field.rows for field in fields))
    return {"size": float(size), "share": size / (4.0 * rows * width)}
