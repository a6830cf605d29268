"""A finished configuration, as a plain object that learns again wherever its environment is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from automl.core.domains import Value
from automl.trainers.morl.environments import read
from automl.trainers.morl.indicators import weight_grid
from automl.trainers.morl.learner import Learner, Plan, builder


@dataclass(frozen=True)
class Tuned:
    """A tuned algorithm.

    Attributes:
        algorithm: its name, or `module:Class`.
        hyperparameters: by name.
        environment: id of the environment it was tuned for.
        env_kwargs: keyword arguments of that.
        steps: of a training.
        gamma, reference: what its policies were judged by.
        validated: hypervolumes on the validation seeds, which chose it among the finalists.
        held_out: those on the held-out seeds; empty if the search was cut short before.
        default: those of the default configuration on the same seeds.
    """

    algorithm: str
    hyperparameters: Mapping[str, Value]
    environment: str
    env_kwargs: Mapping[str, Any]
    steps: int
    gamma: float
    reference: tuple[float, ...]
    validated: Sequence[float]
    held_out: Sequence[float]
    default: Sequence[float]

    def learner(self, seed: int = 0) -> Learner:
        """Return a learner that has not begun; `learner.advance(tuned.steps)` trains it."""
        found = read(self.environment, json.dumps(dict(self.env_kwargs)))
        plan = Plan(
            self.steps,
            seed,
            found.objectives,
            found.limit,
            self.reference,
            self.gamma,
            weight_grid(found.objectives, 100),
        )
        return builder(self.algorithm)(found.make, self.hyperparameters, plan)

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(asdict(self), indent=2)
