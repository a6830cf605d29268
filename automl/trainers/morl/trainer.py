"""Trainer `morl`: how good a set of policies a configuration finds."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.core.records import Json, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.search_spaces.morl.candidate import Configuration
from automl.trainers.morl.environments import STEPS, Environment, maker, read
from automl.trainers.morl.indicators import (
    expected_utility,
    hypervolume,
    inverted_distance,
    sparsity,
    weight_grid,
)
from automl.trainers.morl.judge import Judge
from automl.trainers.morl.learner import Learner, Pausing, Plan, builder
from automl.trainers.morl.reference import probed
from automl.trainers.morl.seeds import seed_of

Array = npt.NDArray[Any]

DEFAULT = "four-room-v0"
EPISODES = 20
"""Of a batch, where chance plays a part."""


class MorlTrainer(Trainer):
    """Lets an algorithm learn a set of policies, and measures what the set is worth.

    `data` is an environment: an id of MO-Gymnasium (default `four-room-v0`), `module:id` of one's own, or from Python
    anything that makes one when it is called. A training is repeated with several seeds; metrics are means, and the
    outcome's extras hold the front and the values of every seed. Policies are judged with the environment's discount,
    never with the one they were learned with.

    An evaluation of effort e takes e x steps in the environment, the learner's own measurements among them. Weights are
    the paused learners: an evaluation that inherits them goes on, and is the same as one that never paused.

    Settings:
        env_kwargs: keyword arguments of the environment, as JSON.
        steps: of a training; None is what is known to be enough for hyperparameters to matter.
        seeds: trainings of one evaluation.
        gamma: discount of the returns that are measured; None is what is usual for the environment, else 0.99.
        reference: reference point of the hypervolume, one number for each objective; None is the usual one, else what
            policies at random return at worst, and a tenth of their range less.
        episodes: of one policy, where chance plays a part; None is 20 there, else 1.
        weights: at most so many weights, evenly spread, for the expected utility.
    """

    accepts = ("morl",)
    metrics = {
        "hypervolume": "max",
        "expected_utility": "max",
        "cardinality": "max",
        "sparsity": "min",
        "steps": "min",
        "cpu_seconds": "min",
    }
    cost_unit = "environment steps"
    default_budget = {"trials": 60}

    def __init__(
        self,
        data: Any = None,
        *,
        env_kwargs: str = "{}",
        steps: int | None = None,
        seeds: int = 2,
        gamma: float | None = None,
        reference: tuple[float, ...] | None = None,
        episodes: int | None = None,
        weights: int = 100,
    ) -> None:
        self.environment: Environment = read(DEFAULT if data is None else data, env_kwargs)
        known = self.environment.known
        self.steps = steps or (known.steps if known else STEPS)
        self.seeds, self.weights = seeds, weights
        self.gamma = gamma if gamma is not None else known.gamma if known else 0.99
        self.chance = known.chance if known else True
        self.episodes = episodes or EPISODES
        _refuse_bad_numbers(self.steps, self.seeds, self.gamma, self.weights)
        self.estimated = reference is None and known is None
        self.reference = self._reference(reference)
        self.front = self.environment.front(self.gamma)
        self.grid = weight_grid(self.environment.objectives, weights)
        if self.front is not None:
            self.metrics = {**type(self).metrics, "normalised_hypervolume": "max", "igd": "min"}
        self._worlds: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what was learned of the environment on the way."""
        return {**self.__dict__, "_worlds": {}}

    def facts(self) -> dict[str, Json]:
        """Return what the environment says that the space must know, and how policies are judged."""
        return {
            "environment": self.environment.name,
            "env_kwargs": dict(self.environment.arguments),
            "actions": self.environment.actions,
            "observations": self.environment.observations,
            "objectives": self.environment.objectives,
            "gamma": self.gamma,
            "reference": list(self.reference),
            "reference_estimated": self.estimated,
            "steps": self.steps,
        }

    def fingerprint(self) -> str:
        """Return a hash of the environment's name and of all settings."""
        settings = (self.facts(), self.seeds, self.weights, self.episodes)
        return f"morl:{hashlib.sha256(repr(settings).encode()).hexdigest()[:16]}"

    def train(
        self, candidate: Configuration, *, effort: float, weights: Weights | None, seed: int, report: Report
    ) -> Outcome:
        """Train with every seed and measure; with weights go on from there."""
        runs = []
        for number in range(self.seeds):
            prefix = f"seed{number}/"
            paused = {k.removeprefix(prefix): a for k, a in (weights or {}).items() if k.startswith(prefix)}
            runs.append(self._run(candidate, effort, paused, seed_of("training", seed, number)))
            report(number + 1, _means([metrics for metrics, _, _, _ in runs]))
        kept = {f"seed{i}/{name}": array for i, run in enumerate(runs) for name, array in run[2].items()}
        extras: dict[str, Json] = {
            "fronts": [front.tolist() for _, front, _, _ in runs],
            "values": [dict(metrics) for metrics, _, _, _ in runs],
        }
        return Outcome(_means([run[0] for run in runs]), kept or None, extras, float(sum(run[3] for run in runs)))

    def _run(
        self, candidate: Configuration, effort: float, paused: Weights, seed: int
    ) -> tuple[dict[str, float], Array, Weights, int]:
        """Train once; return metrics, the front, the paused learner, and steps taken."""
        began = time.process_time()
        learner = self._built(candidate, seed)
        if paused and isinstance(learner, Pausing):
            learner.load(paused)
        before = learner.steps
        learner.advance(max(1, round(effort * self.steps)))
        seconds = time.process_time() - began
        front = self._judge(seed).front(learner.policies())
        taken = learner.steps - before
        metrics = {**self._worth(front), "steps": float(learner.steps), "cpu_seconds": seconds}
        return metrics, front, learner.state() if isinstance(learner, Pausing) else {}, taken

    def _built(self, candidate: Configuration, seed: int) -> Learner:
        environment = self.environment
        plan = Plan(self.steps, seed, environment.objectives, environment.limit, self.reference, self.gamma, self.grid)
        make: Any = self._world() if candidate.algorithm == "tabular" else maker(environment)
        return builder(candidate.algorithm)(make, candidate.values, plan)

    def _world(self) -> Any:
        """Return the table of the environment that all runs of this process share."""
        from automl.trainers.morl.tabular.world import World

        if "world" not in self._worlds:
            self._worlds["world"] = World(maker(self.environment), self.environment.limit)
        return self._worlds["world"]

    def _judge(self, seed: int) -> Judge:
        environment = self.environment
        return Judge(
            maker(environment), environment.objectives, self.gamma, environment.limit, self.episodes, self.chance, seed
        )

    def _worth(self, front: Array) -> dict[str, float]:
        reference = np.array(self.reference)
        worth = {
            "hypervolume": hypervolume(front, reference),
            "expected_utility": expected_utility(front, self.grid),
            "cardinality": float(len(front)),
            "sparsity": sparsity(front),
        }
        if self.front is not None:
            worth["normalised_hypervolume"] = worth["hypervolume"] / hypervolume(self.front, reference)
            worth["igd"] = inverted_distance(front, self.front)
        return worth

    def _reference(self, given: tuple[float, ...] | None) -> tuple[float, ...]:
        """Return the reference point: as given, as usual, or from policies at random."""
        known, objectives = self.environment.known, self.environment.objectives
        if given is not None and len(given) != objectives:
            raise UsageError(
                f"The reference point has {len(given)} numbers, the rewards of {self.environment.name} {objectives}.",
                f"Give {objectives}, separated by commas, or leave it out.",
            )
        if given is not None:
            return tuple(map(float, given))
        if known is not None:
            return known.reference
        return probed(self.environment, self.gamma, seed_of("probing", 0))


def _means(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}


def _refuse_bad_numbers(steps: int, seeds: int, gamma: float, weights: int) -> None:
    for name, value in (("steps", steps), ("seeds", seeds), ("weights", weights)):
        if value < 1:
            raise UsageError(f"'{name}' must be at least 1, got {value}.")
    if not 0 < gamma <= 1:
        raise UsageError(f"gamma must be above 0 and at most 1, got {gamma}.")
