"""Trainer `cnn`: how well a convolutional network predicts classes, or numbers, of the user's images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Start, Trainer
from automl.trainers.cnn.data import Splitting, read, split
from automl.trainers.cnn.data.named import places
from automl.trainers.cnn.recipe import Augment, Device, Optimizer, Precision, Recipe, Schedule
from automl.trainers.cnn.tasks import TARGETS, Predict

if TYPE_CHECKING:
    from torch import nn

    from automl.search_spaces.cnn.candidate import Cnn
    from automl.trainers.cnn.fit import Keeper
    from automl.trainers.cnn.learner import Learner
    from automl.trainers.cnn.placed import Placed

Starts: TypeAlias = Literal["both", "kept", "scratch"]
_STARTS: Mapping[Starts, tuple[Start, ...]] = {
    "both": ("kept", "scratch"),
    "kept": ("kept",),
    "scratch": ("scratch",),
}
PASSES = 3
"""MACs of one training step per MAC of a forward pass: the backward pass costs two."""


class CnnTrainer(Trainer):
    """Trains candidates of space `cnn` with PyTorch Lightning and measures them on validation images.

    An evaluation of effort e runs `max(1, round(e * epochs))` epochs and reports after each. With inherited
    weights it also reports step 0: where training starts. The outcome is that of the last epoch. Cost is
    counted as 3 x MACs of a forward pass x images trained on; measuring on validation images is not counted.

    On a CPU the same seed gives the same outcome, in any process; on a GPU up to rounding.

    Settings:
        predict: "classes" or "numbers"; "auto" takes whole numbers for classes.
        epochs: training of effort 1.
        final_epochs: training of `finish`.
        finish_from: the winner is trained in full from the weights the search left it ("kept"), from "scratch", or
            "both".
        batch_size: images per step.
        optimizer: "sgd" with Nesterov momentum, or "adamw".
        lr: learning rate at the start, from scratch.
        inherit_lr: learning rate at the start, from inherited weights: lower, or the inheritance is lost.
        momentum: of SGD.
        weight_decay: of all parameters.
        schedule: "cosine" to 0, or "constant".
        clip: largest norm of the gradient, or None.
        augment: "none", "flip" (left to right), "crop" (pad and cut), "flip_crop".
        precision: "auto" (mixed on a GPU, float32 on a CPU), "float32", "bfloat16", "float16".
        device: "auto" (a GPU if there is one), "cpu", "gpu".
        threads: CPU threads of torch; None leaves torch's own. One is fastest for small images, and then the
            result does not depend on where it ran.
        validation_share: share of the training images kept for selection, where the data bring no such part.
        validation_images: their number instead, where that leaves at least half to train on.
        test_share: share that is kept for the final test, where the data bring no test images; 0 for no test.
        train_images: train on so many only, for quick studies.
        shrink: average squares of so many pixels, for quick studies.
        data_seed: seed of the division of the data; unlike the seed of a search it stays the same.
        relaxed_epochs: after so many epochs, one an evaluation, the relaxed network has settled.
        alpha_lr: learning rate of what the relaxed network learns to keep.
        alpha_price: what it pays, in nats, for keeping everything.
    """

    accepts = ("cnn",)
    metrics = {
        **{f"val_{name}": way for target in TARGETS.values() for name, way in target.metrics.items()},
        "train_loss": "min",
        "params": "min",
        "macs": "min",
    }
    cost_unit = "training MACs"
    default_budget = {"trials": 40}
    profiles = {
        "paper": {  # EAS, Cai et al. 2018, section "Training Details", and its public code
            "epochs": 20,
            "final_epochs": 300,
            "batch_size": 64,
            "optimizer": "sgd",
            "lr": 0.1,
            "inherit_lr": 0.02,
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "schedule": "cosine",
            "clip": None,
            "augment": "flip_crop",
            "validation_images": 5000,
        }
    }

    def __init__(
        self,
        data: Any = None,
        *,
        predict: Predict = "auto",
        epochs: int = 2,
        final_epochs: int = 20,
        finish_from: Starts = "both",
        batch_size: int = 32,
        optimizer: Optimizer = "sgd",
        lr: float = 0.1,
        inherit_lr: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        schedule: Schedule = "cosine",
        clip: float | None = None,
        augment: Augment = "none",
        precision: Precision = "auto",
        device: Device = "auto",
        threads: int | None = 1,
        validation_share: float = 0.2,
        validation_images: int | None = None,
        test_share: float = 0.2,
        train_images: int | None = None,
        shrink: int = 1,
        data_seed: int = 0,
        relaxed_epochs: int = 10,
        alpha_lr: float = 0.1,
        alpha_price: float = 0.1,
    ) -> None:
        counts = {"epochs": epochs, "final_epochs": final_epochs, "relaxed_epochs": relaxed_epochs}
        _refuse_bad_numbers(counts, {"lr": lr, "inherit_lr": inherit_lr, "alpha_lr": alpha_lr}, alpha_price)
        _refuse_unknown_words(finish_from, predict)
        self.epochs, self.final_epochs, self.starts = epochs, final_epochs, _STARTS[finish_from]
        self.lr, self.inherit_lr = lr, inherit_lr
        self.relaxed_epochs, self.alpha_lr, self.alpha_price = relaxed_epochs, alpha_lr, alpha_price
        self.recipe = Recipe(
            batch_size, optimizer, momentum, weight_decay, schedule, clip, augment, precision, device, threads
        )
        self.splitting = Splitting(validation_share, validation_images, test_share, train_images, shrink, data_seed)
        self.splits = split(read(data), self.splitting, predict)
        measured = {f"val_{name}": way for name, way in self.splits.target.metrics.items()}
        self.metrics = {**measured, "train_loss": "min", "params": "min", "macs": "min"}
        self._placed: Placed | None = None
        self._hash = ""

    def __getstate__(self) -> dict[str, Any]:
        """Travel as arrays and settings; tensors are made again where they are needed."""
        return {**self.__dict__, "_placed": None}

    def facts(self) -> dict[str, Json]:
        """Return the shape of an image and the number of outputs, and what `load` needs besides weights.

        `mean` and `std` are those of the training images, per channel; `label_mean` and `label_std` those of numbers
        to predict, empty for classes; `class_names` is empty if unknown.
        """
        splits = self.splits
        return {
            "input_shape": list(splits.train.shape),
            "classes": splits.classes,
            "class_names": list(splits.names),
            "mean": list(splits.mean),
            "std": list(splits.std),
            "predict": splits.predict,
            "label_mean": list(splits.target.mean),
            "label_std": list(splits.target.deviation),
        }

    @classmethod
    def looks_in(cls) -> Sequence[Path]:
        return places()

    def fingerprint(self) -> str:
        """Return a hash of all images, labels and settings."""
        if not self._hash:
            digest = hashlib.sha256(repr(self._settings()).encode())
            for part in (self.splits.train, self.splits.validation, self.splits.test):
                digest.update(repr((part.pixels.shape, part.pixels.dtype)).encode())
                digest.update(np.ascontiguousarray(part.pixels).data)
                digest.update(np.ascontiguousarray(part.labels).data)
            self._hash = f"cnn:{digest.hexdigest()[:16]}"
        return self._hash

    def _settings(self) -> dict[str, Any]:
        own = {
            "predict": self.splits.predict,
            "epochs": self.epochs,
            "final_epochs": self.final_epochs,
            "finish_from": self.starts,
            "lr": self.lr,
            "inherit_lr": self.inherit_lr,
            "relaxed_epochs": self.relaxed_epochs,
            "alpha_lr": self.alpha_lr,
            "alpha_price": self.alpha_price,
        }
        return {**own, **asdict(self.recipe), **asdict(self.splitting)}

    def train(self, candidate: Cnn, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        if not candidate.mixed:
            return self._run(candidate, max(1, round(effort * self.epochs)), weights, seed, report)
        return self._read(candidate, self._run(candidate, max(1, round(effort)), weights, seed, report))

    def _read(self, mixed: Cnn, segment: Outcome) -> Outcome:
        """Add to a segment of the relaxed network what it has learned to keep, and whether it has settled."""
        from automl.search_spaces.cnn.relax import importance

        assert segment.weights is not None
        trained = int(segment.weights["c0.epochs"])
        read: dict[str, Any] = {
            "settled": trained >= self.relaxed_epochs,
            "epoch": trained,
            "importance": importance(mixed, segment.weights),
        }
        return replace(segment, extras={**segment.extras, **read})

    def finish(self, candidate: Cnn, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train for `final_epochs`, from kept weights or from scratch; the epoch best on validation images is kept.

        Kept weights count as epoch 0, so that training them on never makes them worse on validation images.
        """
        from automl.trainers.cnn.fit import Keeper

        return self._run(candidate, self.final_epochs, weights, seed, report, Keeper(self.splits.target))

    def _run(
        self,
        candidate: Cnn,
        epochs: int,
        weights: Weights | None,
        seed: int,
        report: Report,
        keeper: Keeper | None = None,
    ) -> Outcome:
        from automl.search_spaces.cnn.size import size
        from automl.trainers._torch import reproducible
        from automl.trainers.cnn.fit import fit, start
        from automl.trainers.cnn.network import build_network, weights_of
        from automl.trainers.cnn.placed import on_device

        placed, recipe = self._tensors(), self.recipe
        shape, classes = self.splits.train.shape, self.splits.classes
        extras: dict[str, Json] = {}
        with reproducible(seed, placed.device, recipe.threads):
            network = on_device(build_network(candidate, shape, classes), placed.device)
            if weights is not None:
                begin = start(network, weights, placed)
                extras["start"] = dict(begin)
                report(0, begin)
                if keeper is not None:
                    keeper.see(network, begin)
            lr = self.lr if weights is None else self.inherit_lr
            measured = fit(
                network, placed, recipe,
                lr=lr, epochs=epochs, seed=seed, report=report, keeper=keeper, learner=self._learner(candidate),
            )  # fmt: skip
        counted = size(candidate, shape, classes)
        metrics = {**measured, "params": float(counted.params), "macs": float(counted.macs)}
        cost = float(PASSES * counted.macs * epochs * self._images_per_epoch(candidate))
        return Outcome(metrics, weights_of(network), extras, cost)

    def _learner(self, candidate: Cnn) -> Callable[..., Learner]:
        """Return what trains a network."""
        from automl.trainers.cnn.learner import Learner
        from automl.trainers.cnn.mixed_learner import MixedLearner

        mixed = partial(MixedLearner, alpha_lr=self.alpha_lr, price=self.alpha_price)
        return mixed if candidate.mixed else Learner

    def _images_per_epoch(self, candidate: Cnn) -> int:
        """Return how many images an epoch trains on: whole batches only; a relaxed one takes as many for alphas."""
        from automl.trainers.cnn.mixed_learner import HELD

        images, size = len(self.splits.train), self.recipe.batch_size
        images -= images // HELD if candidate.mixed else 0
        return (images if images < size else images - images % size) * (1 + candidate.mixed)

    def _tensors(self) -> Placed:
        from automl.trainers._torch import choose_device
        from automl.trainers.cnn.placed import place

        if self._placed is None:
            self._placed = place(self.splits, choose_device(self.recipe.device))
        return self._placed

    def test(self, candidate: Cnn, weights: Weights) -> Metrics:
        """Measure a finished model on the test images, if there are any; nothing else touches them."""
        from automl.trainers.cnn.exported import restore
        from automl.trainers.cnn.learner import score
        from automl.trainers.cnn.placed import part
        from automl.trainers.cnn.tasks.target import named

        if not len(self.splits.test):
            return {}
        device = self._tensors().device
        network = restore(candidate, weights, self.splits.train.shape, self.splits.classes).to(device)
        return named("test", score(network, part(self.splits.test, self.splits, device), self.splits.target))

    @classmethod
    def load(cls, candidate: Cnn, weights: Weights, facts: Mapping[str, Any]) -> nn.Module:
        """Return a finished model as an `nn.Module` in eval mode that normalises its input itself.

        It takes (N, C, H, W) images on the scale of its training data: bytes, or floats, in [0, 1] where
        the data were bytes (or digits); and gives (N, classes) logits, or (N, outputs) numbers.
        """
        from automl.trainers.cnn.exported import finished, restore

        network = restore(candidate, weights, tuple(facts["input_shape"]), int(facts["classes"]))
        return finished(network, facts)

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        """Return two black images (2, C, H, W)."""
        return np.zeros((2, *facts["input_shape"]), dtype=np.float32)


def _refuse_bad_numbers(counts: Mapping[str, int], rates: Mapping[str, float], alpha_price: float) -> None:
    for name, value in counts.items():
        if value < 1:
            raise UsageError(f"'{name}' must be at least 1, got {value}.")
    for name, rate in rates.items():
        if not rate > 0:
            raise UsageError(f"'{name}' must be positive, got {rate}.")
    if not alpha_price >= 0:
        raise UsageError(f"'alpha_price' must not be negative, got {alpha_price}.")


def _refuse_unknown_words(finish_from: str, predict: str) -> None:
    if finish_from not in _STARTS:
        raise UsageError(f"'finish_from' must be one of {', '.join(_STARTS)}, got '{finish_from}'.")
    if predict not in ("auto", *TARGETS):
        raise UsageError(f"'predict' must be auto, classes or numbers, got '{predict}'.")
