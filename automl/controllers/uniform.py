"""Uniform: the same size everywhere, over a whole grid of budgets. What every search must beat."""

from __future__ import annotations

from typing import Any

from automl.controllers._dnis.by_thumb import ByThumb
from automl.controllers._dnis.per_budget import SEEDS
from automl.core.objectives import Objectives
from automl.core.space import SearchSpace


class Uniform(ByThumb):
    """Proposes the uniform candidate of every budget.

    Settings:
        budgets: a share of the largest candidate's size each (1/8, 0.125), or the size itself (4096, 42kB, 4MB).
        seeds: with how many seeds each is measured.
    """

    reads = ("uniform",)

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        budgets: tuple[str | float, ...] = ("1", "1/2", "1/4", "1/8", "1/16", "1/32"),
        seeds: int = SEEDS,
    ) -> None:
        super().__init__(space, objectives, seed, budgets=budgets, seeds=seeds)
