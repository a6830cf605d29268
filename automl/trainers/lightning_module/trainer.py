"""Trainer `lightning`: measures the user's own LightningModule on the user's own data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from automl.core.errors import UsageError
from automl.core.objectives import Objective
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.trainers.lightning_module.data import Division, fingerprint, read, shape_of
from automl.trainers.lightning_module.recipe import Device, Precision, Recipe

if TYPE_CHECKING:
    from automl.search_spaces.model.candidate import Model

_EXAMPLE = "automl.trainers.lightning_module.example:Net"


class LightningTrainer(Trainer):
    """Trains LightningModules, as their authors wrote them, and measures what they log.

    Data are a LightningDataModule, (train, validation) or (train, validation, test) of DataLoaders or Datasets, or
    arrays (X, y), which are divided and batched here; without data scikit-learn's digits, with a network for them. An
    evaluation of effort e runs `max(1, round(e * epochs))` epochs and reports after each what the module has logged.
    All of it are metrics, and so is `params`; any can be an objective. Inherited weights are trained on; the state of
    the optimiser is not kept. Cost is counted in epochs.

    Settings:
        epochs: training of effort 1.
        final_epochs: training of `finish`.
        monitor: the objective when none is named, and by what `finish` keeps the best epoch (the last, where the module
            does not log it).
        batch_size: of arrays and datasets, unless the program asks for `batch_size`.
        clip: largest norm of the gradient, or None.
        precision: as Lightning names it: "32-true", "16-mixed", "bf16-mixed", "64-true".
        device: "auto" (a GPU if there is one), "cpu", "gpu".
        threads: CPU threads of torch; None leaves torch's own.
        validation_share: of the rows of arrays that are left without the test rows.
        test_share: of all rows of arrays; 0 for no test.
        data_seed: seed of the division; unlike the seed of a search it stays the same.
    """

    accepts = ("model",)
    cost_unit = "epochs"

    def __init__(
        self,
        data: Any = None,
        *,
        epochs: int = 5,
        final_epochs: int = 20,
        monitor: str = "min:val_loss",
        batch_size: int = 32,
        clip: float | None = None,
        precision: Precision = "32-true",
        device: Device = "auto",
        threads: int | None = 1,
        validation_share: float = 0.2,
        test_share: float = 0.2,
        data_seed: int = 0,
    ) -> None:
        for name, value in {"epochs": epochs, "final_epochs": final_epochs, "batch_size": batch_size}.items():
            if value < 1:
                raise UsageError(f"'{name}' must be at least 1, got {value}.")
        self.epochs, self.final_epochs = epochs, final_epochs
        self.goal = Objective(monitor)
        self.metrics = {self.goal.metric: self.goal.direction}
        self.recipe = Recipe(batch_size, clip, precision, device, threads)
        self.division = Division(validation_share, test_share, data_seed)
        self.data = read(data, self.division)
        self.is_default = data is None

    @classmethod
    def takes(cls, program: Any) -> bool:
        """Say whether a program builds a LightningModule: by its ancestors, or by what it says it returns."""
        built = program if isinstance(program, type) else getattr(program, "__annotations__", {}).get("return")
        return any(base.__name__ == "LightningModule" for base in getattr(built, "__mro__", ()))

    def measures(self, metric: str) -> bool:
        """Say yes: modules log what they like."""
        return True

    def default_objectives(self) -> Sequence[str]:
        return [str(self.goal)]

    def facts(self) -> dict[str, Json]:
        """Return the shape of an input where it is known; and of the default data the program made for them."""
        own: dict[str, Json] = {"of": _EXAMPLE} if self.is_default else {}
        shape = shape_of(self.data)
        return {**own, "input_shape": None if shape is None else list(shape)}

    def fingerprint(self) -> str:
        """Return a hash of the data (`data.fingerprint` says of what) and the settings."""
        recipe = {name: getattr(self.recipe, name) for name in ("batch_size", "clip", "precision", "device")}
        settings = (self.epochs, self.final_epochs, str(self.goal), recipe, astuple(self.division))
        digest = hashlib.sha256(repr((settings, fingerprint(self.data))).encode())
        return f"lightning:{digest.hexdigest()[:16]}"

    def train(self, candidate: Model, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        return self._run(candidate, max(1, round(effort * self.epochs)), weights, seed, report)

    def finish(self, candidate: Model, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train for `final_epochs`, from kept weights or from scratch; the best epoch by `monitor` is kept."""
        return self._run(candidate, self.final_epochs, weights, seed, report, self.goal)

    def _run(
        self,
        candidate: Model,
        epochs: int,
        weights: Weights | None,
        seed: int,
        report: Report,
        goal: Objective | None = None,
    ) -> Outcome:
        from automl.trainers.lightning_module.fit import fit

        fitted = fit(
            candidate, self.data, self.recipe, epochs=epochs, seed=seed, report=report, weights=weights, goal=goal
        )
        return Outcome(fitted.metrics, fitted.weights, cost=float(fitted.epochs))

    def test(self, candidate: Model, weights: Weights) -> Metrics:
        from automl.trainers.lightning_module.fit import test

        return test(candidate, weights, self.data, self.recipe)

    @classmethod
    def load(cls, candidate: Model, weights: Weights, facts: Mapping[str, Any]) -> Any:
        """Return the LightningModule that the program builds with these answers, trained, in eval mode."""
        from automl.trainers.lightning_module.fit import restore

        return restore(candidate, weights)

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> Any:
        """Return two inputs of zeros; None where the shape of an input is not known."""
        shape = facts["input_shape"]
        return None if shape is None else np.zeros((2, *shape), dtype=np.float32)
