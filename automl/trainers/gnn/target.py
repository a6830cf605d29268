"""What a network is trained for and judged by, one class per kind of label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from automl.core.objectives import Direction


class Target(Protocol):
    """A kind of label.

    Attributes:
        metrics: what `measure` returns, with the direction in which each is better; the first chooses the epoch, the
            second decides between equals.
    """

    metrics: Mapping[str, Direction]

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the loss of training, a scalar."""

    def measure(self, logits: Tensor, y: Tensor) -> dict[str, float]:
        """Return the metrics of a part."""


class Classes:
    """One class of several: cross-entropy and accuracy."""

    metrics: Mapping[str, Direction] = {"accuracy": "max", "loss": "min"}

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the cross-entropy of logits (nodes, classes) and classes (nodes,)."""
        return F.cross_entropy(logits, y)

    def measure(self, logits: Tensor, y: Tensor) -> dict[str, float]:
        """Return the share of right answers, and the loss."""
        right = (logits.argmax(dim=1) == y).sum().item()
        return {"accuracy": right / len(y), "loss": self.loss(logits, y).item()}


def better(target: Target, found: Mapping[str, float], than: Mapping[str, float]) -> bool:
    """Tell whether metrics are better than others by the first metric or, where that is equal, the second."""
    for name, direction in target.metrics.items():
        if found[name] != than[name]:
            return (found[name] > than[name]) == (direction == "max")
    return False
