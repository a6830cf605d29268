"""What the controllers have in common that propose a rule of thumb for every budget, without any search."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from automl.controllers._dnis.budgets import parse_budgets
from automl.controllers._dnis.per_budget import PerBudget, closed_by
from automl.controllers._dnis.relaxed import refuse_unknown
from automl.core.controller import Controller
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Budgeted, SearchSpace


class ByThumb(Controller):
    """One candidate per budget, trained from scratch; a budget too small is left out and named in the diagnostics."""

    requires: ClassVar[tuple[type, ...]] = (Budgeted,)

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        budgets: Sequence[str | float],
        seeds: int,
    ) -> None:
        super().__init__(space, objectives, seed)
        (thumb,) = self.reads
        refuse_unknown(thumb, self.space.thumbs)
        self._found = PerBudget(space, objectives, (thumb,), parse_budgets(budgets), seeds, number=0)
        for budget in self._found.budgets:
            self._found.add(thumb, budget, partial(self.space.sized, thumb=thumb))

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return self._found.propose(n)

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        return closed_by(self._found, results)

    def state_dict(self) -> dict[str, Any]:
        return self._found.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._found.load_state_dict(state)

    def diagnostics(self) -> Mapping[str, float]:
        return self._found.diagnostics()
