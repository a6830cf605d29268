"""The program of the default data: a small network for rows of numbers, as its user would write it."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F

from automl.core.choices import Choose
from automl.core.domains import Reals

_PIXELS, _CLASSES = 64, 10


class Net(pl.LightningModule):  # type: ignore[misc]
    """Classifies scikit-learn's digits: (N, 64) pixels to (N, 10) logits."""

    def __init__(self, choose: Choose) -> None:
        super().__init__()
        self.lr = choose("lr", Reals(1e-4, 1e-1, log=True))
        width = choose("width", [16, 32, 64, 128])
        dropout = choose("dropout", [0.0, 0.2, 0.5])
        self.layers = nn.Sequential(
            nn.BatchNorm1d(_PIXELS),
            nn.Linear(_PIXELS, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, _CLASSES),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        logits: torch.Tensor = self.layers(x)
        return logits

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        """Return the loss of a batch."""
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch: Any, index: int) -> None:
        """Log the loss and the accuracy of a batch."""
        x, y = batch
        logits = self(x)
        self.log("val_loss", F.cross_entropy(logits, y))
        self.log("val_accuracy", (logits.argmax(1) == y).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)
