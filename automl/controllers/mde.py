"""MDE: sizes by a power of popularity, without training.

Ginart, Naumov, Mudigere, Yang and Zou: Mixed dimension embeddings with application to memory-efficient recommendation
systems. ISIT 2021.
"""

from __future__ import annotations

from typing import Any

from automl.controllers._dnis.by_thumb import ByThumb
from automl.controllers._dnis.per_budget import SEEDS
from automl.controllers._dnis.relaxed import BUDGETS
from automl.core.objectives import Objectives
from automl.core.space import SearchSpace


class Mde(ByThumb):
    """Proposes for every budget the candidate whose sizes follow popularity.

    Settings:
        budgets: a share of the largest candidate's size each (1/8, 0.125), or the size itself (4096, 42kB, 4MB).
        seeds: with how many seeds each is measured.
    """

    reads = ("mde",)

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        budgets: tuple[str | float, ...] = BUDGETS,
        seeds: int = SEEDS,
    ) -> None:
        super().__init__(space, objectives, seed, budgets=budgets, seeds=seeds)
