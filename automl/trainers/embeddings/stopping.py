"""When a training has done its best, and how its steps shrink on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class Stopping:
    """Stops after `patience` epochs in a row that were no better than the best; each shrinks the learning rate.

    Where it is known how long a training takes, the learning rate falls to zero in a straight line instead.

    Attributes:
        sign: 1 if large values are better, -1 if small ones are.
        patience: epochs without progress that end the training.
        decay: what an epoch without progress multiplies the learning rate by.
        fall: epochs in which the learning rate falls to zero, which is the end; 0 goes by patience and decay.
        scale: learning rate, as a share of the one at the start.
        best: the best value so far; not a number before the first.
        best_epoch: the epoch of the best value; 0 is where training started.
        epoch: epochs seen.
        wasted: epochs since the best one.
        settled: whether there is nothing left to find out, however good the last epoch was.
    """

    sign: float
    patience: int
    decay: float
    fall: int = 0
    scale: float = 1.0
    best: float = float("nan")
    best_epoch: int = 0
    epoch: int = 0
    wasted: int = 0
    settled: bool = False

    @property
    def over(self) -> bool:
        """Say whether the training has ended."""
        return self.settled or (self.epoch >= self.fall if self.fall else self.wasted >= self.patience)

    def start(self, value: float) -> None:
        """Look at the value before the first epoch."""
        self.best = value

    def see(self, value: float) -> bool:
        """Look at the value after an epoch, and say whether it is the best so far; the earlier of two equals is."""
        self.epoch += 1
        better = bool(np.isnan(self.best)) or self.sign * value > self.sign * self.best
        if better:
            self.best, self.best_epoch, self.wasted = value, self.epoch, 0
        else:
            self.wasted += 1
        if self.fall:
            self.scale = max(0.0, 1.0 - self.epoch / self.fall)
        elif not better:
            self.scale *= self.decay
        return better

    def state(self) -> dict[str, float]:
        """Return what changes, as numbers."""
        return {name: float(getattr(self, name)) for name in _CHANGING}

    def resume(self, state: Mapping[str, float]) -> None:
        """Take up what `state` returned."""
        for name in _CHANGING:
            setattr(self, name, type(getattr(self, name))(state[name]))


_CHANGING = ("scale", "best", "best_epoch", "epoch", "wasted", "settled")
