"""From the settings of the controller, by name, to those of its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from automl.controllers._dqn.agent import Brain, Memory, Parts
from automl.controllers._dqn.batch import Judge
from automl.controllers._dqn.curriculum import Schedule
from automl.controllers._dqn.exploration import Exploration
from automl.controllers._dqn.halting import Halting
from automl.controllers._dqn.reward import Reward
from automl.core.errors import UsageError

_POSITIVE = (
    *("lr", "batch", "learn_every", "replay", "copy_every", "n_step", "shrinks", "shift_every"),
    *("halting_failures", "halting_draws"),
)
_NOT_NEGATIVE = ("elite", "imitation", "shift_margin", "shrink_after", "overtime")
_SHARES = ("gamma", "epsilon_end", "epsilon_decay", "epsilon_share", "elite_share", "halting_chance")
_NAMES = {
    "reward": ("fraction", "logarithm"),
    "inputs": ("value", "scaled"),
    "curriculum": ("moving", "fixed"),
    "halting": ("none", "negative_binomial"),
}


def parts_of(settings: Mapping[str, Any]) -> Parts:
    """Return the settings of the agent."""
    s = settings
    moving = s["curriculum"] == "moving"
    return Parts(
        memory=Memory(s["replay"], s["batch"], s["learn_every"], s["n_step"], s["elite"], s["elite_share"]),
        brain=Brain(s["hidden"], s["dueling"], s["lr"], s["double"], s["copy_every"], s["imitation"]),
        judge=Judge(
            Reward(s["reward"]), s["inputs"], s["gamma"], s["n_step_discount"], s["relabel"], s["masked_target"]
        ),
        exploration=Exploration(s["epsilon_end"], s["epsilon_decay"], s["epsilon_share"]),
        schedule=Schedule(
            start=s["start_bar"],
            every=s["shift_every"] if moving else 0,
            margin=s["shift_margin"],
            patience=s["shrink_after"] if moving else 0,
            shrinks=s["shrinks"],
            switch=math.inf if s["shrink_below"] is None else s["shrink_below"],
        ),
        floor_margin=s["shift_margin"],
    )


def halting_of(settings: Mapping[str, Any]) -> Halting | None:
    """Return how halting steps are drawn, None if episodes are not halted."""
    if settings["halting"] == "none":
        return None
    lowest, highest = settings["halting_range"]
    return Halting(settings["halting_failures"], settings["halting_chance"], lowest, highest, settings["halting_draws"])


def refuse_nonsense(settings: Mapping[str, Any]) -> None:
    """Raise if a setting makes no sense.

    Raises:
        UsageError: naming the setting and what would be right.
    """
    for name in _POSITIVE:
        if not settings[name] > 0:
            raise UsageError(f"{name} must be positive, got {settings[name]}.")
    for name in _NOT_NEGATIVE:
        if not settings[name] >= 0:
            raise UsageError(f"{name} must not be negative, got {settings[name]}.")
    for name in _SHARES:
        if not 0 <= settings[name] <= 1:
            raise UsageError(f"{name} must lie between 0 and 1, got {settings[name]}.")
    for name, known in _NAMES.items():
        if settings[name] not in known:
            raise UsageError(f"{name} must be one of {', '.join(known)}, got '{settings[name]}'.")
    _refuse_impossible(settings)


def _refuse_impossible(settings: Mapping[str, Any]) -> None:
    if settings["epsilon_end"] == 0 or settings["halting_chance"] == 0:
        raise UsageError("epsilon_end and halting_chance must not be 0.", "Set for example epsilon_end=0.01")
    if not settings["hidden"] or min(settings["hidden"]) < 1:
        raise UsageError(f"hidden must be one width or more, got {settings['hidden']}.", "Set hidden=128,128")
    steps = settings["halting_range"]
    if len(steps) != 2 or not 0 <= steps[0] <= steps[1]:
        raise UsageError(f"halting_range must be two steps in order, got {steps}.", "Set halting_range=25,70")
    if settings["curriculum"] == "fixed" and settings["start_bar"] is None:
        raise UsageError("A fixed bar needs a start.", "Set for example start_bar=0.5")
    if settings["most_moves"] is not None and settings["most_moves"] < 1:
        raise UsageError(f"most_moves must be positive, got {settings['most_moves']}.")
    if settings["shift_margin"] == 0 and settings["reward"] == "logarithm":
        raise UsageError("Decades above the best value need a margin.", "Set for example shift_margin=1e-4")
