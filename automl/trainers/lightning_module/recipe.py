"""How a module is trained, as far as it does not say so itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Device: TypeAlias = Literal["auto", "cpu", "gpu"]
Precision: TypeAlias = Literal["32-true", "16-mixed", "bf16-mixed", "64-true"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of Lightning's own trainer."""

    batch_size: int
    clip: float | None
    precision: Precision
    device: Device
    threads: int | None
