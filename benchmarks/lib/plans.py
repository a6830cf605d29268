"""Embedding plans, measured one by one in this process: what every rule finds for every budget, tested once each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.core.objectives import Objectives
from automl.core.records import Outcome, Result, Weights
from automl.registry import load


@dataclass(frozen=True)
class Measured:
    """One evaluation of a plan.

    Attributes:
        rule: who proposed the plan; the stage, for a segment of a relaxed run.
        budget: for what budget; empty for a segment.
        quality: the objective, on the part that stops and selects.
        tested: the same metric on the test part; NaN for a segment.
        bytes: of the embedding tables.
        seconds: process CPU seconds.
        candidate: the plan.
    """

    rule: str
    budget: str
    quality: float
    tested: float
    bytes: float
    seconds: float
    candidate: Any


def plans(trainer: Any, space: Any, controller: str, seed: int, settings: Mapping[str, Any]) -> list[Measured]:
    """Run a controller of relaxed runs or rules of thumb to its end; return all that was measured, in order."""
    objectives = Objectives.parse(trainer.default_objectives())
    asking = load("controllers", controller)(space, objectives, seed, **settings)
    kept: dict[int, tuple[Any, Weights]] = {}
    found: list[Measured] = []
    while proposals := asking.ask(1, 0.0):
        proposal = proposals[0]
        number = len(found)
        inherited = None if proposal.parent is None else space.inherit(proposal.candidate, *kept[proposal.parent])
        began = time.process_time()
        outcome = trainer.train(
            proposal.candidate, effort=1.0, weights=inherited, seed=1000 * seed + number, report=_unheard
        )
        seconds = time.process_time() - began
        found.append(_measured(trainer, objectives, proposal, outcome, seconds))
        kept[number] = proposal.candidate, outcome.weights
        asking.tell([Result(number, proposal, outcome)])
        kept = {each: pair for each, pair in kept.items() if each in asking.parents()}
    return found


def _unheard(step: int, metrics: Mapping[str, float]) -> None:
    """Take an intermediate result without a word."""


def _measured(trainer: Any, objectives: Objectives, proposal: Any, outcome: Outcome, seconds: float) -> Measured:
    metric = objectives.goals[0].metric
    chosen = {name: str(choice.value) for name, choice in proposal.choices.items()}
    plain = bool(chosen)
    tested = trainer.test(proposal.candidate, outcome.weights) if plain else {}
    return Measured(
        chosen.get("rule", proposal.candidate.stage),
        chosen.get("budget", ""),
        float(outcome.metrics[metric]),
        float(tested.get(metric.replace("val_", "test_"), float("nan"))),
        float(outcome.metrics["bytes"]),
        seconds,
        proposal.candidate,
    )


def best_of(found: Sequence[Measured], sign: float) -> Measured:
    """Return the one that is best on the part that selects."""
    return max(found, key=lambda each: sign * each.quality)
