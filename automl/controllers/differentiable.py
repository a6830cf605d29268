"""Differentiable search: one relaxed candidate is trained, and ordinary ones are read from it for every budget.

Liu, Simonyan and Yang: DARTS: Differentiable architecture search. ICLR 2019; for embedding dimensions Cheng, Shen and
Huang: Differentiable neural input search for recommender systems. arXiv 2006.04466, 2020. How the relaxation is trained
(first or second order, on which part of the data) is the trainer's affair.
"""

from __future__ import annotations

from typing import Any

from automl.controllers._dnis.per_budget import SEEDS
from automl.controllers._dnis.relaxed import BUDGETS, SEGMENTS, SHARE, ReadAtTheEnd, refuse_unknown
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.space import SearchSpace


class Differentiable(ReadAtTheEnd):
    """Trains the relaxed candidate, then proposes for every budget what was learned, and its controls.

    A control reads the same run by another rule of the space, such as cutting the warm start without any search, and
    costs no training but that of its own proposals. Whether learning was worth its while is then plain to see: all
    of them are trials of one study. A budget too small for a rule is left out and named in the diagnostics; if all are
    too small for all rules, the search ends with an error.

    Settings:
        budgets: a share of the relaxed candidate's size each (1/8, 0.125), or the size itself (4096, 42kB, 4MB).
        seeds: with how many seeds the best at each budget is measured, as long as it stays the best.
        controls: which other rules of the space to read beside the learned one; none: all that need only stages
            which it has, too, but of two alike (`spares` of the space) the one that can be read; empty for no control.
        segments: most segments of a stage; it ends earlier when it has settled.
        relaxed_share: share of the study's budget that the relaxed run may use, in equal parts for its stages; a stage
            that has not settled by then ends, so that the budgets get theirs. Where trials are what the budget counts,
            the relaxed run is one of them, and this never applies.
    """

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        budgets: tuple[str | float, ...] = BUDGETS,
        seeds: int = SEEDS,
        controls: tuple[str, ...] | None = None,
        segments: int = SEGMENTS,
        relaxed_share: float = SHARE,
    ) -> None:
        rules = _rules(space, controls)
        super().__init__(
            space, objectives, seed, rules=rules, budgets=budgets, seeds=seeds, segments=segments, share=relaxed_share
        )
        if controls is None:
            self.spares = getattr(space, "spares", {})


def _rules(space: Any, controls: tuple[str, ...] | None) -> list[str]:
    """Return the learned rule and its controls.

    Raises:
        UsageError: if a control needs a stage that the learned rule does not train.
    """
    learned, *others = space.rules
    stages = list(space.relax(learned))
    fitting = [rule for rule in others if list(space.relax(rule)) == stages[: len(space.relax(rule))]]
    for rule in controls or ():
        refuse_unknown(rule, space.rules)
        if rule not in fitting:
            raise UsageError(
                f"'{rule}' is no control of '{learned}', whose relaxed run does not train what it reads.",
                f"Set controls to some of: {', '.join(fitting) or 'none'}.",
            )
    return [learned, *(fitting if controls is None else dict.fromkeys(controls))]
