"""One training from start to end: Adam, and the epoch that the validation part likes best.

The loop is plain. On one graph an epoch is one step of 5 to 20 ms of CPU; Lightning adds 1.3 ms to each and 5 s of
imports to every process.

The epoch rule, for every number this trainer reports: the epoch with the best validation metric, of equals the one with
the better second metric, of these the first. The test part has no part in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from automl.core.trainer import Report
from automl.trainers.gnn.batch import Batch, Source
from automl.trainers.gnn.design import HEAD, SCALE
from automl.trainers.gnn.network import Network
from automl.trainers.gnn.placed import Placed
from automl.trainers.gnn.tasks.target import Target, better

REPORTS = 20
"""Reports of one training; more would fill the ledger."""


@dataclass(slots=True, eq=False)
class Best:
    """The network at its best epoch so far.

    Attributes:
        epoch: counted from 1; 0 is the start.
        found: its metrics on the validation part.
        train_loss: its loss on the training part, under dropout.
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


def fit(network: Network, placed: Placed, target: Target, course: Course, report: Report) -> Best:
    """Train a network in place, leave it as it was at its best epoch, and return that."""
    best = Best(target)
    if course.complete:
        best.see(network, 0, score(network, placed.validation, target), score(network, placed.train, target)["loss"])
        report(0, best.metrics)
    adam = torch.optim.Adam(network.parameters(), course.lr, weight_decay=course.weight_decay, fused=True)
    every = math.ceil(course.epochs / REPORTS)
    for epoch in range(1, course.epochs + 1):
        loss = _epoch(network, placed.train, target, adam)
        found = score(network, placed.validation, target)
        best.see(network, epoch, found, loss)
        ends = course.patience is not None and epoch - best.epoch >= course.patience
        if ends or epoch % every == 0 or epoch == course.epochs:
            report(epoch, {**named("val", found), "train_loss": loss})
        if ends:
            break
    best.restore(network)
    return best


def _epoch(network: Network, part: Source, target: Target, adam: torch.optim.Optimizer) -> float:
    """Take a step on every batch of a part; return the mean loss of a unit."""
    network.train()
    total = units = 0.0
    for batch in part.batches(network.depth, whole=network.whole):
        total += _step(network, batch, target, adam) * len(batch.y)
        units += len(batch.y)
    return total / units


def _step(network: Network, batch: Batch, target: Target, adam: torch.optim.Optimizer) -> float:
    """Take one step; return the loss before it."""
    adam.zero_grad()
    loss = target.loss(outputs(network, batch), batch.y)
    loss.backward()  # type: ignore[no-untyped-call]
    adam.step()
    return loss.item()


def outputs(network: Network, batch: Batch) -> Tensor:
    """Return the outputs (units, ...) of a network for what a batch asks."""
    answers = network.get_submodule(HEAD)(network(batch.x, batch.wiring), batch.asked, len(batch.y))
    scaled: Tensor = network.get_submodule(SCALE)(answers)
    return scaled


@torch.no_grad()
def score(network: Network, part: Source, target: Target) -> dict[str, float]:
    """Measure a network on a part, without dropout."""
    network.eval()
    found = [(outputs(network, batch), batch.y) for batch in part.batches(network.depth)]
    return target.measure(*map(torch.cat, zip(*found, strict=True)))
