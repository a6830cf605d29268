"""The Lightning module: one Lightning step is one epoch.

Networks of a few thousand parameters train a batch in a few milliseconds, and Lightning's own loop costs
about one per step. So the loader hands over the order of a whole epoch, and the step walks through it with manual
optimisation; devices, precision, hooks and callbacks stay Lightning's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from torch import Generator, Tensor, nn

from automl.trainers.cnn.augment import augmented
from automl.trainers.cnn.placed import Part
from automl.trainers.cnn.recipe import Recipe
from automl.trainers.cnn.tasks import Target

EVALUATION_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Orders:
    """A loader of one item per epoch: the places of its images, (batches, batch size), in random order.

    What does not fill a last batch is left out of the epoch; a different part each time.
    """

    images: int
    batch_size: int
    rng: Generator

    @property
    def shape(self) -> tuple[int, int]:
        """Batches of an epoch, and images of a batch."""
        size = min(self.batch_size, self.images)
        return self.images // size, size

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Tensor]:
        batches, size = self.shape
        yield torch.randperm(self.images, generator=self.rng)[: batches * size].view(batches, size)


class Learner(pl.LightningModule):  # type: ignore[misc]
    """Trains a network on images that are on the device already.

    Args:
        network: (N, C, H, W) -> (N, outputs).
        part: the training images.
        recipe: how to train.
        target: what is predicted.
        lr: learning rate at the start.
        epochs: how many; the schedule ends with them.
        rng: where the orders of the epochs and the augmentation come from.
    """

    def __init__(
        self, network: nn.Module, part: Part, recipe: Recipe, target: Target, *, lr: float, epochs: int, rng: Generator
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self.part = part
        self.recipe = recipe
        self.target = target
        self.lr = lr
        self.rng = rng
        self.orders = Orders(len(part), recipe.batch_size, rng)
        self.steps = epochs * self.orders.shape[0]
        self.step = 0
        self.train_loss = math.nan

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer of the recipe; both run fused, one kernel for all parameters."""
        recipe = self.recipe
        if recipe.optimizer == "adamw":
            return torch.optim.AdamW(self.parameters(), self.lr, weight_decay=recipe.weight_decay, fused=True)
        return torch.optim.SGD(
            self.parameters(),
            self.lr,
            momentum=recipe.momentum,
            nesterov=recipe.momentum > 0,
            weight_decay=recipe.weight_decay,
            fused=True,
        )

    def training_step(self, order: Tensor, index: int) -> None:
        """Train one epoch in the given order."""
        total = torch.zeros((), device=self.device)
        for places in order:
            images, labels = self.part.batch(places)
            total += self._learn(augmented(images, self.recipe.augment, self.rng), labels)
        self.train_loss = float(total) / len(order)

    def _learn(self, images: Tensor, labels: Tensor) -> Tensor:
        optimizer = self.optimizers()
        for group in optimizer.param_groups:
            group["lr"] = self._rate()
        loss = self.target.loss(self.network(images), labels)
        optimizer.zero_grad()
        self.manual_backward(loss)
        self._clip(optimizer)
        optimizer.step()
        self.step += 1
        return loss.detach()

    def _rate(self) -> float:
        """Return this step's learning rate: cosine to 0 (Loshchilov & Hutter 2017, eq. 5), or constant."""
        if self.recipe.schedule == "constant":
            return self.lr
        return 0.5 * self.lr * (1 + math.cos(math.pi * self.step / self.steps))

    def _clip(self, optimizer: torch.optim.Optimizer) -> None:
        """Bound the norm of the gradient; float16 gradients are unscaled before."""
        if self.recipe.clip is None:
            return
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None:
            scaler.unscale_(getattr(optimizer, "optimizer", optimizer))
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)


@torch.no_grad()
def score(network: nn.Module, part: Part, target: Target) -> dict[str, float]:
    """Measure a network in eval mode and in float32; it comes back in the mode it had."""
    training = network.training
    network.eval()
    outputs = torch.cat([network(images) for images in torch.split(part.images, EVALUATION_BATCH)])
    network.train(training)
    return target.measure(outputs, part.labels)
