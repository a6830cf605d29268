"""One training from start to end: a seeded start, Lightning's fit, and what was measured."""

from __future__ import annotations

from collections.abc import Callable

import pytorch_lightning as pl
import torch
from torch import Generator, nn

from automl.core.records import Weights
from automl.core.trainer import Report
from automl.trainers._lightning import run
from automl.trainers.cnn.learner import Learner, score
from automl.trainers.cnn.network import CALIBRATION_IMAGES, calibrate, load_weights
from automl.trainers.cnn.placed import Placed, lightning_precision
from automl.trainers.cnn.recipe import Recipe
from automl.trainers.cnn.tasks import Target
from automl.trainers.cnn.tasks.target import better, named


class Judge(pl.Callback):  # type: ignore[misc]
    """Measures the network on validation images after every epoch and reports it.

    Attributes:
        metrics: those of the last epoch; with `keeper` those of the best epoch.
    """

    def __init__(self, placed: Placed, report: Report, keeper: Keeper | None) -> None:
        self.placed = placed
        self.report = report
        self.keeper = keeper
        self.metrics: dict[str, float] = {}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report an epoch; the report may raise `Stop`, which passes through Lightning."""
        found = score(pl_module.network, self.placed.validation, self.placed.target)
        metrics = {**named("val", found), "train_loss": pl_module.train_loss}
        if self.keeper is None:
            self.metrics = metrics
        else:
            self.keeper.see(pl_module.network, metrics)
            self.metrics = self.keeper.metrics
        self.report(trainer.current_epoch + 1, metrics)


class Keeper:
    """Keeps the network of the best epoch on validation images, the earlier of two equals: long trainings overfit.

    Attributes:
        metrics: those of the best epoch so far; empty before the first.
    """

    def __init__(self, target: Target) -> None:
        self._target = type(target)
        self.metrics: dict[str, float] = {}
        self._state: dict[str, torch.Tensor] = {}

    def see(self, network: nn.Module, metrics: dict[str, float]) -> None:
        """Look at the network after an epoch, or before the first."""
        if not self.metrics or better(self._target, metrics, self.metrics):
            self.metrics = metrics
            self._state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    def restore(self, network: nn.Module) -> None:
        """Give the network back as it was at its best."""
        network.load_state_dict(self._state)


def fit(
    network: nn.Module,
    placed: Placed,
    recipe: Recipe,
    *,
    lr: float,
    epochs: int,
    seed: int,
    report: Report,
    keeper: Keeper | None = None,
    learner: Callable[..., Learner] = Learner,
) -> dict[str, float]:
    """Train a network in place and return the metrics after its last epoch; with a keeper those of its best.

    Signal handlers and warning filters are as before afterwards, also after `Stop`.
    """
    rng = Generator().manual_seed(seed)
    learns = learner(network.train(), placed.train, recipe, placed.target, lr=lr, epochs=epochs, rng=rng)
    judge = Judge(placed, report, keeper)
    precision = lightning_precision(recipe.precision, placed.device)
    run(learns, learns.orders, epochs=epochs, device=placed.device, precision=precision, callbacks=[judge])
    if keeper is not None:
        keeper.restore(network)
    return judge.metrics


def start(network: nn.Module, weights: Weights, placed: Placed) -> dict[str, float]:
    """Load inherited weights, calibrate the batch norms they lack, and return the metrics with which training starts.

    Args:
        network: a fresh one, on the device of the data.
        weights: what it inherits.
        placed: calibrated on training images, measured on validation images.
    """
    missing = load_weights(network, weights)
    calibrate(network, missing, placed.train.images[:CALIBRATION_IMAGES])
    return named("val", score(network, placed.validation, placed.target))
