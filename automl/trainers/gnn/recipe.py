"""How a candidate is trained: everything but its length, its start and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from automl.core.errors import UsageError

Device: TypeAlias = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of one training; see `GnnTrainer`."""

    lr: float
    weight_decay: float
    dropout: float
    patience: int | None
    device: Device
    threads: int | None

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise UsageError(f"'lr' must be positive, got {self.lr}.")
        if not self.weight_decay >= 0:
            raise UsageError(f"'weight_decay' must not be negative, got {self.weight_decay}.")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"'dropout' must be in [0, 1), got {self.dropout}.")
        if self.patience is not None and self.patience < 1:
            raise UsageError(f"'patience' must be at least 1, got {self.patience}.", "Leave it out for no early end.")
        if self.device not in get_args(Device):
            raise UsageError(f"'device' must be one of {', '.join(get_args(Device))}, got '{self.device}'.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"'threads' must be at least 1, got {self.threads}.")
