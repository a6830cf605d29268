"""One training of a user's module from start to end, and its test."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch

from automl.core.errors import UsageError
from automl.core.generators import borrowed
from automl.core.objectives import Objective
from automl.core.records import Metrics, Weights
from automl.core.trainer import Report
from automl.search_spaces.model.candidate import Model
from automl.trainers._lightning import quiet
from automl.trainers._torch import choose_device, reproducible
from automl.trainers.lightning_module.batches import given_to_fit, given_to_test
from automl.trainers.lightning_module.data import Arrays, Loaders, Module
from automl.trainers.lightning_module.recipe import Recipe

BATCH_SIZE = "batch_size"
"""The answer that, where the program asks for it, is the batch size of arrays and datasets."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training led to.

    Attributes:
        metrics: what the module logged, and the number of its parameters.
        weights: its state, by name.
        epochs: how many were run.
    """

    metrics: Metrics
    weights: Weights
    epochs: int


class Judge(pl.Callback):  # type: ignore[misc]
    """Reports what a module has logged after every epoch, and keeps its best state where it is told by what."""

    def __init__(self, report: Report, goal: Objective | None) -> None:
        self.report = report
        self.goal = goal
        self.metrics: dict[str, float] = {}
        self.state: Weights | None = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report an epoch; the report may raise `Stop`, which passes through Lightning."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if value.numel() == 1}
        self.see(pl_module, metrics)
        self.report(trainer.current_epoch + 1, metrics)

    def see(self, module: Any, metrics: dict[str, float]) -> None:
        """Look at a module after an epoch, or before the first."""
        if metrics and self._keeps(metrics):
            self.metrics, self.state = metrics, weights_of(module)

    def _keeps(self, metrics: Metrics) -> bool:
        goal = self.goal
        if goal is None or goal.metric not in metrics or goal.metric not in self.metrics:
            return True
        return goal.score(metrics) > goal.score(self.metrics)


def fit(
    candidate: Model,
    data: Arrays | Loaders | Module,
    recipe: Recipe,
    *,
    epochs: int,
    seed: int,
    report: Report,
    weights: Weights | None = None,
    goal: Objective | None = None,
) -> Fitted:
    """Build a module and train it, from inherited weights where there are any.

    Args:
        candidate: what builds it.
        data: what it is trained and validated on.
        recipe: how.
        epochs: for so many.
        seed: of its initial weights, the order of the rows, and whatever it draws.
        report: called after every epoch.
        weights: to start from.
        goal: by what the best epoch is chosen, inherited weights being one, too; None for the last.
    """
    device = choose_device(recipe.device)
    judge = Judge(report, goal)
    with reproducible(seed, device, recipe.threads), borrowed(seed):
        module = build(candidate)
        if weights is not None:
            start(module, weights)
        given = given_to_fit(data, batch_size(candidate, recipe), seed)
        if weights is not None and goal is not None:
            judge.see(module, _before(module, given[-1], recipe))
        with _let_go(data), quiet(
            device,
            callbacks=[judge],
            package=package_of(module),
            max_epochs=epochs,
            precision=recipe.precision,
            gradient_clip_val=recipe.clip,
        ) as trainer:  # fmt: skip
            trainer.fit(module, *given)
        ran = trainer.current_epoch
    if not judge.metrics or judge.state is None:
        raise UsageError(
            f"{type(module).__name__} logs nothing that could be compared.",
            "Write self.log('val_loss', loss) in its validation_step, and give validation data.",
        )
    return Fitted({"params": _parameters(module), **judge.metrics}, judge.state, ran)


def _before(module: Any, given: Any, recipe: Recipe) -> dict[str, float]:
    """Return what a module logs on validation data before it is trained; nothing where it or the data have no such."""
    package = package_of(module)
    if given is None or type(module).validation_step is package.LightningModule.validation_step:
        return {}
    with quiet(choose_device(recipe.device), package=package, precision=recipe.precision) as trainer:
        found = trainer.validate(module, given, verbose=False)
    return {name: float(value) for part in found for name, value in part.items()}


def test(candidate: Model, weights: Weights, data: Arrays | Loaders | Module, recipe: Recipe) -> Metrics:
    """Return what `test_step` logs on the test data; without one what `validation_step` logs, as `test_...`.

    Without test data nothing.
    """
    device = choose_device(recipe.device)
    with reproducible(0, device, recipe.threads), borrowed(0):
        module = restore(candidate, weights)
        given = given_to_test(data, batch_size(candidate, recipe), 0)
        if given is None:
            return {}
        package = package_of(module)
        own = type(module).test_step is not package.LightningModule.test_step
        with _let_go(data), quiet(device, package=package, precision=recipe.precision) as trainer:
            if own:
                found = trainer.test(module, given, verbose=False)
            else:
                found = trainer.validate(module, _test_loader(data, given), verbose=False)
    logged = {name: float(value) for part in found for name, value in part.items()}
    return logged if own else {f"test_{name.removeprefix('val_')}": value for name, value in logged.items()}


def _test_loader(data: Arrays | Loaders | Module, given: Any) -> Any:
    if isinstance(data, Module):
        data.module.setup("test")
        return data.module.test_dataloader()
    return given


def build(candidate: Model) -> Any:
    """Run the program.

    Raises:
        UsageError: if it builds no LightningModule.
    """
    module = candidate.make()
    if not is_module(type(module)):
        raise UsageError(
            f"The program builds a {type(module).__name__}; this trainer trains a LightningModule.",
            "Type --trainer estimator for a pipeline of scikit-learn.",
        )
    return module


def is_module(cls: type) -> bool:
    """Say whether a class is a LightningModule, of either package."""
    return any(base.__name__ == "LightningModule" for base in cls.__mro__)


def package_of(module: Any) -> Any:
    """Return `pytorch_lightning` or `lightning.pytorch`, whichever a module was written for: they do not mix."""
    home = next(base.__module__ for base in type(module).__mro__ if base.__name__ == "LightningModule")
    return pl if home.startswith("pytorch_lightning") else importlib.import_module("lightning.pytorch")


def batch_size(candidate: Model, recipe: Recipe) -> int:
    """Return the batch size that the program asked for, else the setting."""
    asked = candidate.values.get(BATCH_SIZE)
    return asked if isinstance(asked, int) else recipe.batch_size


def weights_of(module: Any) -> dict[str, Any]:
    """Return a module's state as arrays of its own, by name."""
    tensors = {name: value for name, value in module.state_dict().items() if isinstance(value, torch.Tensor)}
    return {name: _array(value.detach()) for name, value in tensors.items()}


def _array(tensor: torch.Tensor) -> Any:
    wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor  # numpy has no bfloat16
    return wide.cpu().numpy().copy()


def start(module: Any, weights: Weights) -> None:
    """Load what fits by name and shape; the rest stays as it was initialised."""
    state = module.state_dict()
    fitting = {name: torch.tensor(a) for name, a in weights.items() if name in state and state[name].shape == a.shape}
    module.load_state_dict(fitting, strict=False)


def restore(candidate: Model, weights: Weights) -> Any:
    """Build a module with finished weights, in eval mode; the global generators stay as they were."""
    with borrowed(0):
        module = build(candidate)
    start(module, weights)
    return module.eval()


@contextmanager
def _let_go(data: Arrays | Loaders | Module) -> Iterator[None]:
    """Free a data module of the trainer that it was used by; with it, it could not be sent to a worker."""
    try:
        yield
    finally:
        if isinstance(data, Module):
            data.module.trainer = None


def _parameters(module: Any) -> float:
    return float(sum(parameter.numel() for parameter in module.parameters()))
