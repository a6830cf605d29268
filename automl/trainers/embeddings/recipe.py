"""How a recommender is trained: everything but its plan, its start and its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        if any(units < 1 for units in self.hidden):
            raise UsageError(
                f"Hidden layers have at least 1 unit, got {list(self.hidden)}.", "Type for example: --set hidden=64,32"
            )
        for bound in _BOUNDS:
            for name in bound.names:
                value = getattr(self, name)
                if value is not None and not bound.holds(value):
                    raise UsageError(f"'{name}' {bound.demand}, got {value}.", bound.hint.format(name=name))


@dataclass(frozen=True, slots=True)
class _Bound:
    """What some settings must be, and what to type where one is not."""

    names: tuple[str, ...]
    holds: Callable[[float], bool]
    demand: str
    hint: str


_NAMES: Mapping[str, tuple[str, ...]] = {
    "tower": get_args(Tower),
    "device": get_args(Device),
    "update": get_args(Update),
}
_EXAMPLE = "Type for example: --set {name}="
_BOUNDS = (
    _Bound(
        ("epochs", "search_epochs", "pep_epochs", "final_epochs", "patience", "batch_size", "repeats", "negatives",
         "alpha_every"), lambda value: value >= 1, "must be at least 1", _EXAMPLE + "1, or leave it out."),
    _Bound(("k",), lambda value: value >= 1, "must be at least 1", _EXAMPLE + "10"),
    _Bound(("lr", "inherit_lr", "search_lr", "alpha_lr"), lambda value: value > 0, "must be positive",
           _EXAMPLE + "0.001, or leave it out for the usual one."),
    _Bound(("l2", "inherit_l2", "relaxed_l2", "l1", "rise"), lambda value: value >= 0, "must not be negative",
           _EXAMPLE + "0.01, or 0 for none."),
    _Bound(("inherit_epochs",), lambda value: value >= 0, "must not be negative",
           _EXAMPLE + "10, or 0 to go on until nothing gets better."),
    _Bound(("order",), lambda value: value in (1, 2), "is 1 or 2", "1 is faster, 2 looks one step ahead."),
    _Bound(("dropout",), lambda value: 0 <= value < 1, "must be in [0, 1)", _EXAMPLE + "0.1, or 0 for none."),
    _Bound(("steady",), lambda value: 0 < value <= 1, "must be in (0, 1]",
           _EXAMPLE + "0.9, or none to go on regardless."),
    _Bound(("distil",), lambda value: 0 <= value < 1, "must be in [0, 1)", "0 learns from the data alone."),
    _Bound(("sharpen",), lambda value: value > 0, "must be positive", "1 takes a teacher's scores as they are."),
    _Bound(("decay",), lambda value: 0 < value <= 1, "must be in (0, 1]", "1 keeps the learning rate as it is."),
    _Bound(("threads",), lambda value: value >= 1, "must be at least 1", _EXAMPLE + "1, or none for torch's own."),
)  # fmt: skip
