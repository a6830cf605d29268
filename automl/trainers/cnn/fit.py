"""One training from start to end: a seeded start, Lightning's fit, and what was measured."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import LightningEnvironment
from torch import Generator, nn

import automl.telemetry  # noqa: F401 - before Lightning
from automl.core.records import Weights
from automl.core.trainer import Report
from automl.trainers.cnn.learner import Learner, Score, score
from automl.trainers.cnn.network import CALIBRATION_IMAGES, calibrate, load_weights
from automl.trainers.cnn.placed import Part, Placed, lightning_precision
from automl.trainers.cnn.recipe import Recipe


class Judge(pl.Callback):  # type: ignore[misc]
    """Measures the network on validation images after every epoch and reports it.

    Attributes:
        metrics: those of the last epoch; with `keeper` those of the best epoch by validation accuracy.
    """

    def __init__(self, validation: Part, report: Report, keeper: Keeper | None) -> None:
        self.validation = validation
        self.report = report
        self.keeper = keeper
        self.metrics: dict[str, float] = {}
        self.handlers = _handlers()

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take SIGTERM back: Lightning holds it until the epoch ends, and its sender wants an end now."""
        _restore(self.handlers)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report an epoch; the report may raise `Stop`, which passes through Lightning."""
        found = score(pl_module.network, self.validation)
        metrics = {**named(found), "train_loss": pl_module.train_loss}
        if self.keeper is None:
            self.metrics = metrics
        else:
            self.keeper.see(pl_module.network, metrics)
            self.metrics = self.keeper.metrics
        self.report(trainer.current_epoch + 1, metrics)


class Keeper:
    """Keeps the network of the best epoch by validation accuracy, the earlier of two equals: long trainings overfit.

    Attributes:
        metrics: those of the best epoch so far; empty before the first.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self._state: dict[str, torch.Tensor] = {}

    def see(self, network: nn.Module, metrics: dict[str, float]) -> None:
        """Look at the network after an epoch, or before the first."""
        if not self.metrics or metrics["val_accuracy"] > self.metrics["val_accuracy"]:
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
    learns = learner(network.train(), placed.train, recipe, lr=lr, epochs=epochs, rng=rng)
    judge = Judge(placed.validation, report, keeper)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")  # advice on loaders and loggers
        trainer = _lightning(recipe, placed.device, epochs, judge)
        with _interruptible(judge.handlers):
            trainer.fit(learns, learns.orders)
    if keeper is not None:
        keeper.restore(network)
    return judge.metrics


def start(network: nn.Module, weights: Weights, placed: Placed) -> Score:
    """Load inherited weights, calibrate the batch norms they lack, and measure where training starts.

    Args:
        network: a fresh one, on the device of the data.
        weights: what it inherits.
        placed: calibrated on training images, measured on validation images.
    """
    missing = load_weights(network, weights)
    calibrate(network, missing, placed.train.images[:CALIBRATION_IMAGES])
    return score(network, placed.validation)


def _lightning(recipe: Recipe, device: torch.device, epochs: int, judge: Judge) -> pl.Trainer:
    """Return a trainer that only trains: no files, no bars, no cluster."""
    return pl.Trainer(
        accelerator="cpu" if device.type == "cpu" else "gpu",
        devices=1,
        precision=lightning_precision(recipe.precision, device),
        max_epochs=epochs,
        callbacks=[judge],
        plugins=[LightningEnvironment()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


@contextmanager
def reproducible(seed: int, device: torch.device, threads: int | None) -> Iterator[None]:
    """Seed torch and fix its threads inside, and give the caller's state back."""
    before = torch.get_num_threads()
    gpus = [torch.cuda.current_device()] if device.type == "cuda" else []
    try:
        if threads is not None:
            torch.set_num_threads(threads)
        with (
            torch.random.fork_rng(gpus),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
        ):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _interruptible(handlers: dict[int, signal._HANDLER]) -> Iterator[None]:
    """Let Ctrl+C be KeyboardInterrupt: Lightning turns it into SystemExit and ignores every further one."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise
    finally:
        _restore(handlers)


def _handlers() -> dict[int, signal._HANDLER]:
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def _restore(handlers: dict[int, signal._HANDLER]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():
            signal.signal(number, handler)


def named(found: Score) -> dict[str, float]:
    """Return a score on validation images as metrics."""
    return {"val_accuracy": found.accuracy, "val_loss": found.loss}
