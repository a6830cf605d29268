"""How a recommender is trained: everything but its plan, its start and its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from automl.core.errors import UnknownName, UsageError

Tower: TypeAlias = Literal["trained", "frozen"]
Device: TypeAlias = Literal["auto", "cpu", "gpu"]
Update: TypeAlias = Literal["auto", "dense", "sparse"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of trainings; see `EmbeddingsTrainer`. `model`, rates and penalties are resolved."""

    model: str
    hidden: tuple[int, ...]
    dropout: float
    epochs: int
    search_epochs: int
    pep_epochs: int
    final_epochs: int
    patience: int
    decay: float
    batch_size: int
    lr: float
    l2: float
    repeats: int
    update: Update
    inherit_lr: float
    inherit_l2: float
    inherit_epochs: int
    relaxed_l2: float
    search_lr: float
    alpha_lr: float | None
    l1: float
    order: int
    normalise: bool
    average: bool
    alpha_every: int
    tower: Tower
    steady: float | None
    rise: float
    k: int
    negatives: int
    distil: float
    sharpen: float
    device: Device
    threads: int | None

    def __post_init__(self) -> None:
        for name, known in _NAMES.items():
            if getattr(self, name) not in known:
                raise UnknownName(name, str(getattr(self, name)), known)
        if self.order not in (1, 2):
            raise UsageError(f"'order' is 1 or 2, got {self.order}.", "1 is faster, 2 looks one step ahead.")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise UsageError(
                    f"'{name}' must be at least 1, got {getattr(self, name)}.",
                    f"Type for example: --set {name}=1" + (", or leave it out." if name != "k" else "0"),
                )
        if any(units < 1 for units in self.hidden):
            raise UsageError(
                f"Hidden layers have at least 1 unit, got {list(self.hidden)}.", "Type for example: --set hidden=64,32"
            )
        for name in ("lr", "inherit_lr", "search_lr", "alpha_lr"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise UsageError(
                    f"'{name}' must be positive, got {getattr(self, name)}.",
                    f"Type for example: --set {name}=0.001, or leave it out for the usual one.",
                )
        for name in ("l2", "inherit_l2", "inherit_epochs", "relaxed_l2", "l1", "rise"):
            if not getattr(self, name) >= 0:
                raise UsageError(
                    f"'{name}' must not be negative, got {getattr(self, name)}.",
                    f"Type for example: --set {name}=0.01, or 0 for none.",
                )
        if not 0 <= self.dropout < 1:
            raise UsageError(
                f"'dropout' must be in [0, 1), got {self.dropout}.",
                "Type for example: --set dropout=0.1, or 0 for none.",
            )
        if self.steady is not None and not 0 < self.steady <= 1:
            raise UsageError(
                f"'steady' must be in (0, 1], got {self.steady}.", "Type --set steady=0.9, or none to go on regardless."
            )
        if not 0 <= self.distil < 1:
            raise UsageError(f"'distil' must be in [0, 1), got {self.distil}.", "0 learns from the data alone.")
        if not self.sharpen > 0:
            raise UsageError(
                f"'sharpen' must be positive, got {self.sharpen}.", "1 takes a teacher's scores as they are."
            )
        if not 0 < self.decay <= 1:
            raise UsageError(f"'decay' must be in (0, 1], got {self.decay}.", "1 keeps the learning rate as it is.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(
                f"'threads' must be at least 1, got {self.threads}.", "Type --set threads=1, or none for torch's own."
            )


_NAMES: Mapping[str, tuple[str, ...]] = {
    "tower": get_args(Tower),
    "device": get_args(Device),
    "update": get_args(Update),
}
_COUNTS = (
    "epochs", "search_epochs", "pep_epochs", "final_epochs", "patience", "batch_size", "repeats", "k", "negatives",
    "alpha_every",
)  # fmt: skip
