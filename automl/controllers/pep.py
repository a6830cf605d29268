"""PEP: more and more is cut off in training, and candidates are read on the way.

Liu, Gao, Chen, Jin and Li: Learnable embedding sizes for recommender systems. ICLR 2021.
"""

from __future__ import annotations

import math
from typing import Any

from automl.controllers._dnis.per_budget import SEEDS
from automl.controllers._dnis.relaxed import BUDGETS, Relaxed
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal
from automl.core.space import SearchSpace


class Pep(Relaxed):
    """Trains while more and more is cut off, and proposes for a budget as soon as what is kept fits into it.

    Every segment reports `share`, how much of the relaxed candidate's size is still kept, and `size` where a budget
    is a size. When that has come down to a budget, its candidate is read from that segment and inherits from it, and
    the run goes on. It ends with the last budget, when it has settled, or after `segments`; budgets never reached are
    named in the diagnostics.

    Settings:
        budgets: a share of the relaxed candidate's size each (1/8, 0.125), or the size itself (4096, 42kB, 4MB).
        seeds: with how many seeds the candidate of each budget is measured.
        segments: most segments of the run.
    """

    reads = ("pep",)

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        budgets: tuple[str | float, ...] = BUDGETS,
        seeds: int = SEEDS,
        segments: int = 60,
    ) -> None:
        super().__init__(
            space, objectives, seed, rules=self.reads, budgets=budgets, seeds=seeds, segments=segments, share=math.inf
        )
        self._open = list(self.budgets)
        """Budgets not reached yet."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        self._refuse_unreported()
        return super().ask(n, progress)

    def _read(self) -> None:
        """Add what the last segment has come down to."""
        segment = self._run.latest.get(0)
        if segment is not None:
            reached = [name for name in self._open if _kept(segment.extras, self.budgets[name]) <= self.budgets[name]]
            for name in sorted(reached, key=self.budgets.__getitem__, reverse=True):
                self._open.remove(name)
                self._add(self.rules[0], name, segment)
        if not self._open:
            self._run.end()
        for name in self._open if self._run.over else ():
            self._found.leave_out(self.rules[0], name, "unreached")

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "open": list(self._open)}

    def load_state_dict(self, state: Any) -> None:
        super().load_state_dict(state)
        self._open = list(state["open"])

    def _refuse_unreported(self) -> None:
        """Refuse to go on where no segment can ever come down to a budget."""
        for name in self._open if self._run.latest else ():
            if math.isnan(_kept(self._run.latest[0].extras, self.budgets[name])):
                what = _measure(self.budgets[name])
                raise UsageError(
                    f"The trainer does not report the {what} that is kept, so '{name}' is never reached.",
                    "Give budgets as shares, for example --set budgets=1/4,1/8" if what == "size" else "",
                )


def _measure(budget: float) -> str:
    return "share" if budget <= 1 else "size"


def _kept(extras: Any, budget: float) -> float:
    """Return what a segment still keeps, in the unit of a budget; not a number if it did not report it."""
    return float(extras.get(_measure(budget), math.nan))
