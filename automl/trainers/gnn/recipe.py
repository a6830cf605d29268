"""How a candidate is trained: everything but its start and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from automl.core.errors import UsageError
from automl.search_spaces.gnn.candidate import Norm
from automl.trainers.gnn.tasks.level import Decoder

Device: TypeAlias = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training; see `GnnTrainer`."""

    epochs: int
    final_epochs: int
    repeats: int
    lr: float
    weight_decay: float
    dropout: float
    norm: Norm
    activation_on_logits: bool
    normalize_features: bool
    patience: int | None
    decoder: Decoder
    device: Device
    threads: int | None

    def __post_init__(self) -> None:
        for name, value in {"epochs": self.epochs, "final_epochs": self.final_epochs, "repeats": self.repeats}.items():
            if value < 1:
                raise UsageError(f"'{name}' must be at least 1, got {value}.")
        if not self.lr > 0:
            raise UsageError(f"'lr' must be positive, got {self.lr}.")
        if not self.weight_decay >= 0:
            raise UsageError(f"'weight_decay' must not be negative, got {self.weight_decay}.")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"'dropout' must be in [0, 1), got {self.dropout}.")
        if self.patience is not None and self.patience < 1:
            raise UsageError(f"'patience' must be at least 1, got {self.patience}.", "Leave it out for no early end.")
        for name, chosen, known in (
            ("device", self.device, Device),
            ("decoder", self.decoder, Decoder),
            ("norm", self.norm, Norm),
        ):
            if chosen not in get_args(known):
                raise UsageError(f"'{name}' must be one of {', '.join(get_args(known))}, got '{chosen}'.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"'threads' must be at least 1, got {self.threads}.")
