"""One training from start to end: full batch, Adam, and the epoch that validation nodes like best.

The loop is plain. An epoch is one step of 5 to 20 ms of CPU; Lightning adds 1.3 ms to each and 5 s of imports to every
process, and would bring loaders, hooks and devices for a step that has no batches.

The epoch rule, for every number this trainer reports: the epoch with the best validation metric, of equals the one with
the lower validation loss, of these the first. Test nodes have no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from automl.core.trainer import Report
from automl.trainers.gnn.placed import Part, Placed
from automl.trainers.gnn.target import Target, better

REPORTS = 20
"""Reports of one training; more would fill the ledger."""


@dataclass(slots=True, eq=False)
class Best:
    """The network at its best epoch so far.

    Attributes:
        epoch: counted from 1; 0 is the start.
        found: its metrics on validation nodes.
        train_loss: its loss on training nodes, under dropout.
    """

    target: Target
    epoch: int = -1
    found: dict[str, float] = field(default_factory=dict)
    train_loss: float = 0.0
    _state: dict[str, Tensor] = field(default_factory=dict)

    def see(self, network: nn.Module, epoch: int, found: dict[str, float], train_loss: float) -> None:
        """Look at the network after an epoch; a loss that is no number is never the best."""
        if self.epoch >= 0 and not better(self.target, found, self.found):
            return
        self.epoch, self.found, self.train_loss = epoch, found, train_loss
        self._state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    def restore(self, network: nn.Module) -> None:
        """Give the network back as it was then."""
        network.load_state_dict(self._state)

    @property
    def metrics(self) -> dict[str, float]:
        """Its metrics by their full names."""
        return {**named("val", self.found), "train_loss": self.train_loss}


def named(part: str, found: dict[str, float]) -> dict[str, float]:
    """Return metrics of a part under their full names."""
    return {f"{part}_{name}": value for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Course:
    """How one training goes.

    Attributes:
        epochs: how many.
        lr: learning rate of Adam.
        weight_decay: L2 on all parameters.
        patience: epochs without a better one after which it ends, or None.
        complete: whether the network starts with all its weights, so that the start counts as epoch 0.
    """

    epochs: int
    lr: float
    weight_decay: float
    patience: int | None
    complete: bool


def fit(network: nn.Module, placed: Placed, target: Target, course: Course, report: Report) -> Best:
    """Train a network in place, leave it as it was at its best epoch, and return that."""
    best = Best(target)
    if course.complete:
        loss = target.loss(logits(network, placed, placed.train), placed.train.y).item()
        best.see(network, 0, score(network, placed, placed.validation, target), loss)
        report(0, best.metrics)
    adam = torch.optim.Adam(network.parameters(), course.lr, weight_decay=course.weight_decay, fused=True)
    every = math.ceil(course.epochs / REPORTS)
    for epoch in range(1, course.epochs + 1):
        loss = _step(network, placed, target, adam)
        found = score(network, placed, placed.validation, target)
        best.see(network, epoch, found, loss)
        ends = course.patience is not None and epoch - best.epoch >= course.patience
        if ends or epoch % every == 0 or epoch == course.epochs:
            report(epoch, {**named("val", found), "train_loss": loss})
        if ends:
            break
    best.restore(network)
    return best


def _step(network: nn.Module, placed: Placed, target: Target, adam: torch.optim.Optimizer) -> float:
    """Take one step on all training nodes; return the loss before it."""
    network.train()
    adam.zero_grad()
    loss = target.loss(network(placed.x, placed.wiring)[placed.train.nodes], placed.train.y)
    loss.backward()  # type: ignore[no-untyped-call]
    adam.step()
    return loss.item()


def score(network: nn.Module, placed: Placed, part: Part, target: Target) -> dict[str, float]:
    """Measure a network on a part."""
    return target.measure(logits(network, placed, part), part.y)


@torch.no_grad()
def logits(network: nn.Module, placed: Placed, part: Part) -> Tensor:
    """Return the logits of a part's nodes, without dropout."""
    made: Tensor = network.eval()(placed.x, placed.wiring)[part.nodes]
    return made
