"""How a candidate is trained: everything but its length, its start and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from automl.core.errors import UsageError

Optimizer: TypeAlias = Literal["sgd", "adamw"]
Schedule: TypeAlias = Literal["cosine", "constant"]
Augment: TypeAlias = Literal["none", "flip", "crop", "flip_crop"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
Device: TypeAlias = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of one training; see `CnnTrainer`."""

    batch_size: int
    optimizer: Optimizer
    momentum: float
    weight_decay: float
    schedule: Schedule
    clip: float | None
    augment: Augment
    precision: Precision
    device: Device
    threads: int | None

    def __post_init__(self) -> None:
        for name, known in _NAMES.items():
            if getattr(self, name) not in known:
                raise UsageError(f"'{name}' must be one of {', '.join(known)}, got '{getattr(self, name)}'.")
        if self.batch_size < 2:
            raise UsageError(f"'batch_size' must be at least 2 for batch norm, got {self.batch_size}.")
        if not 0 <= self.momentum < 1:
            raise UsageError(f"'momentum' must be in [0, 1), got {self.momentum}.")
        if not self.weight_decay >= 0:
            raise UsageError(f"'weight_decay' must not be negative, got {self.weight_decay}.")
        if self.clip is not None and not self.clip > 0:
            raise UsageError(f"'clip' must be positive, got {self.clip}.", "Leave it out for no clipping.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"'threads' must be at least 1, got {self.threads}.")


_NAMES = {
    "optimizer": get_args(Optimizer),
    "schedule": get_args(Schedule),
    "augment": get_args(Augment),
    "precision": get_args(Precision),
    "device": get_args(Device),
}
