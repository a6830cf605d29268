"""The Lightning module: one Lightning step is one epoch.

A batch of a small recommender takes a millisecond, and so does Lightning's own loop around it. So the step of the
module walks through a whole epoch; devices, hooks and callbacks stay Lightning's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import pytorch_lightning as pl
import torch
from torch import Tensor

from automl.core.trainer import Report
from automl.trainers.embeddings.descent import Descent
from automl.trainers.embeddings.keeper import Keeper
from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.stopping import Stopping
from automl.trainers.embeddings.tasks.task import Task

_STRIDE = 1_000_003
"""Distance of the seeds of two trainings whose seeds are neighbours; no training has so many epochs."""


class Steps(Protocol):
    """What an epoch does: plain steps, or those of a relaxed stage."""

    def epoch(self, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Take the steps of an epoch; return the sum of their losses."""


class Learner(pl.LightningModule):  # type: ignore[misc]
    """Trains a recommender on rows that are on the device already.

    What is random in an epoch depends on the seed and the number of the epoch only, so that a training cut in two is
    the same as one in a piece.

    Args:
        descent: the steps of the weights.
        steps: what an epoch does with them.
        part: the training rows.
        batch_size: rows of a step.
        stopping: counts the epochs and scales the learning rate.
        seed: of the order of rows, of dropout and of negatives.
    """

    def __init__(
        self, descent: Descent, steps: Steps, part: Part, *, batch_size: int, stopping: Stopping, seed: int
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.loss = descent.loss
        self.descent, self.steps, self.part = descent, steps, part
        self.batch_size, self.stopping, self.seed = batch_size, stopping, seed
        self.train_loss = math.nan

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimizers of the steps."""
        return self.descent.optimizers

    def training_step(self, batch: Any, index: int) -> None:
        """Train an epoch."""
        torch.manual_seed((self.seed * _STRIDE + self.stopping.epoch) % 2**63)
        self.descent.rate(self.stopping.scale)
        batches = self.part.shuffled().batches(self.batch_size)
        self.train_loss = float(self.steps.epoch(batches)) / len(batches)


class Judge(pl.Callback):  # type: ignore[misc]
    """Measures the recommender on the part `stop` after every epoch, reports it, and ends the training in time.

    Args:
        task: measures it.
        part: rows to measure on.
        keeper: keeps the best.
        report: is told after every epoch.
        first: number of the first epoch to report, less one.
    """

    def __init__(self, task: Task, part: Part, keeper: Keeper, report: Report, first: int = 0) -> None:
        self.task, self.part, self.keeper, self.report, self.first = task, part, keeper, report, first

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at an epoch; the report may raise `Stop`, which passes through Lightning."""
        stopping: Stopping = pl_module.stopping
        metrics = measured(self.task, pl_module.loss.recommender, self.part)
        if stopping.see(metrics[f"val_{self.task.objective}"]) or self.keeper.latest:
            self.keeper.keep(pl_module.loss.recommender, metrics)
        self.report(self.first + trainer.current_epoch + 1, {**metrics, "train_loss": pl_module.train_loss})
        if stopping.over:
            trainer.should_stop = True


def measured(task: Task, recommender: Recommender, part: Part, prefix: str = "val_") -> dict[str, float]:
    """Measure a recommender in eval mode; it comes back in the mode it had."""
    training = recommender.training
    recommender.eval()
    found = task.measure(recommender, part)
    recommender.train(training)
    return {prefix + name: value for name, value in found.items()}
