"""Training the relaxed network: weights on most training images, alphas on the others, by turns.

First order: the alphas take a step at the weights as they are, without looking through the weights' next step (DARTS,
section 2.3, with xi = 0). Validation images choose nothing here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from automl.trainers.cnn.learner import Learner
from automl.trainers.cnn.mixed import MixedConv
from automl.trainers.cnn.placed import Part

HELD = 4
"""One of so many training images is for the alphas."""


class MixedLearner(Learner):
    """Lets the alphas take a step before every step of the weights.

    Args:
        network: a relaxed network.
        part: training images of both.
        alpha_lr: learning rate of the alphas (Adam).
        price: what a network that keeps everything pays, in nats.
        given: what a `Learner` takes besides.
    """

    def __init__(self, network: nn.Module, part: Part, *given: Any, alpha_lr: float, price: float, **more: Any) -> None:
        order = torch.randperm(len(part), generator=Generator().manual_seed(0)).to(part.labels.device)
        held = max(1, len(part) // HELD)  # the same images in every segment
        super().__init__(network, Part(*part.batch(order[held:])), *given, **more)
        self.held = Part(*part.batch(order[:held]))
        self.mixed = [unit for unit in network.modules() if isinstance(unit, MixedConv)]
        self.alphas = [alpha.requires_grad_() for unit in self.mixed for alpha in (unit.kernels, unit.widths)]
        self.chooser = torch.optim.Adam(self.alphas, alpha_lr)
        self.price = price

    def training_step(self, order: Tensor, index: int) -> None:
        """Train one epoch in the given order, and count it."""
        super().training_step(order, index)
        for unit in self.mixed:
            unit.epochs += 1

    def _learn(self, images: Tensor, labels: Tensor) -> Tensor:
        self._choose(len(labels))
        return super()._learn(images, labels)

    def _choose(self, n: int) -> None:
        """Take a step of the alphas on a batch of the images that are theirs."""
        places = torch.randint(len(self.held), (n,), generator=self.rng).to(self.held.labels.device)
        images, labels = self.held.batch(places)
        open_ = torch.stack([unit.price() for unit in self.mixed]).mean()
        loss = self.target.loss(self.network(images), labels) + self.price * open_
        for alpha, gradient in zip(self.alphas, torch.autograd.grad(loss, self.alphas), strict=True):
            alpha.grad = gradient
        self.chooser.step()
