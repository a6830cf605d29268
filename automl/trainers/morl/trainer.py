"""Trainer `morl`: how good a set of policies a configuration finds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.search_spaces.morl.candidate import Configuration
from automl.search_spaces.morl.space import default_beside
from automl.trainers.morl.comparison import compare, told
from automl.trainers.morl.environments import STEPS, Environment, maker, read
from automl.trainers.morl.finished import Tuned
from automl.trainers.morl.indicators import (
    expected_utility,
    hypervolume,
    inverted_distance,
    sparsity,
    weight_grid,
)
from automl.trainers.morl.judge import Judge
from automl.trainers.morl.learner import BUILT_IN, Learner, Pausing, Plan, builder
from automl.trainers.morl.reference import probed
from automl.trainers.morl.remarks import remarks
from automl.trainers.morl.run import Run, extras, means, side_by_side, values
from automl.trainers.morl.seeds import seed_of
from automl.trainers.morl.tabular.chance import NondeterministicStep

if TYPE_CHECKING:
    from automl.trainers.morl.tabular.world import World

Array = npt.NDArray[Any]

DEFAULT = "deep-sea-treasure-v0"
EPISODES = 20
"""Of a batch, where chance plays a part."""
CHECKPOINTS = 5
"""How often the policies of a training with a held-out seed are measured, if its learner can pause."""
_KEPT = ("validated", "test/hypervolume", "test/default")
_warm: set[str] = set()
"""Algorithms of which this process has built a learner."""


class MorlTrainer(Trainer):
    """Lets an algorithm learn a set of policies, and measures what the set is worth.

    `data` is an environment: an id of MO-Gymnasium (default `deep-sea-treasure-v0`), `module:id` of one's own, or
    from Python anything that makes one when it is called. A training is repeated with several seeds; metrics are
    means, and the outcome's extras hold the front and the values of every seed. Policies are judged with the
    environment's discount, never with the one they were learned with.

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
        validation: fresh seeds with which the finalists are trained again, and the winner is chosen.
        held_out: seeds, met by no search and no choice, with which the winner is compared with the default.
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
    starts = ("scratch",)
    cost_unit = "environment steps"
    default_budget = {"trials": 60}
    default_finalists = 5

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
        validation: int = 12,
        held_out: int = 20,
    ) -> None:
        self.environment: Environment = read(DEFAULT if data is None else data, env_kwargs)
        usual = self.environment.known
        self.steps = steps if steps is not None else usual.steps if usual else STEPS
        self.seeds, self.weights, self.validation, self.test_parts = seeds, weights, validation, held_out
        self.gamma = gamma if gamma is not None else usual.gamma if usual else 0.99
        self.chance = usual.chance if usual else True
        self.episodes = EPISODES if episodes is None else episodes
        counts = {"steps": self.steps, "seeds": seeds, "weights": weights, "episodes": self.episodes}
        _refuse_bad_numbers({**counts, "validation": validation, "held_out": held_out}, self.gamma)
        self.estimated = reference is None and usual is None
        self.reference = self._reference(reference)
        self.front = self.environment.front(self.gamma)
        self.grid = weight_grid(self.environment.objectives, weights)
        if self.front is not None:
            self.metrics = {**type(self).metrics, "normalised_hypervolume": "max", "igd": "min"}
        self._world: World | None = None
        self._careful = False
        self._held_out: dict[tuple[Configuration, int], Run] = {}
        """Runs with held-out seeds, by the place of the seed: of several winners all are compared with the default."""

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what was learned of the environment on the way."""
        return {**self.__dict__, "_world": None, "_held_out": {}}

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
            "true_front": [] if self.front is None else self.front.tolist(),
        }

    def fingerprint(self) -> str:
        """Return a hash of the environment's name and of all settings."""
        settings = (self.facts(), self.seeds, self.weights, self.episodes, self.validation, self.test_parts)
        return f"morl:{hashlib.sha256(repr(settings).encode()).hexdigest()[:16]}"

    def train(
        self, candidate: Configuration, *, effort: float, weights: Weights | None, seed: int, report: Report
    ) -> Outcome:
        """Train with every seed and measure; with weights go on from there."""
        runs: list[Run] = []
        for number in range(self.seeds):
            prefix = f"seed{number}/"
            paused = {k.removeprefix(prefix): a for k, a in (weights or {}).items() if k.startswith(prefix)}
            runs.append(self._run(candidate, effort, paused, seed_of("training", seed, number)))
        kept = {f"seed{i}/{name}": array for i, run in enumerate(runs) for name, array in run.paused.items()}
        return Outcome(means(runs), kept or None, extras(runs), float(sum(run.taken for run in runs)))

    def finish(self, candidate: Configuration, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train afresh with the validation seeds; metrics are means.

        They are the same for all configurations: finalists are compared seed by seed.
        """
        runs: list[Run] = []
        for number in range(self.validation):
            runs.append(self._run(candidate, 1.0, {}, seed_of("validation", number)))
            report(number + 1, means(runs))
        found = values(runs, "hypervolume")
        told = {"validated_hypervolume": float(found.mean()), "validation_seeds": float(len(runs))}
        return Outcome(
            {**means(runs), **told}, {"validated": found}, extras(runs), float(sum(run.taken for run in runs))
        )

    def test_part(self, candidate: Configuration, weights: Weights, *, part: int, report: Report) -> Outcome:
        """Train the configuration and its algorithm's default with a held-out seed; the extras hold both fronts."""
        run = self._held_out_run(candidate, part)
        report(1, run.metrics)
        default = self._held_out_run(default_beside(candidate), part)
        metrics = {"hypervolume": run.metrics["hypervolume"], "default": default.metrics["hypervolume"]}
        return Outcome(metrics, None, side_by_side(run, default), float(run.taken + default.taken))

    def test(self, candidate: Configuration, weights: Weights) -> Metrics:
        """Return how the configuration compares with the default, in hypervolume, on the held-out seeds."""
        if "test/hypervolume" in weights:
            return told(compare(weights["test/hypervolume"], weights["test/default"]))
        parts = range(self.test_parts)
        found = [self.test_part(candidate, weights, part=part, report=_silent).metrics for part in parts]
        own, default = (np.array([metrics[name] for metrics in found]) for name in ("hypervolume", "default"))
        return told(compare(own, default))

    @classmethod
    def load(cls, candidate: Configuration, weights: Weights, facts: Mapping[str, Any]) -> Tuned:
        """Return the configuration as a plain object, with what the held-out seeds said."""
        return Tuned(
            candidate.algorithm,
            candidate.values,
            facts["environment"],
            facts["env_kwargs"],
            facts["steps"],
            facts["gamma"],
            tuple(facts["reference"]),
            *(weights[name].tolist() if name in weights else [] for name in _KEPT),
        )

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> Array:
        """Return two rows of nothing (2, 0): a configuration takes no input."""
        return np.zeros((2, 0))

    @classmethod
    def files(cls, model: Tuned) -> Mapping[str, str]:
        """Return the configuration as JSON."""
        return {"configuration.json": model.to_json() + "\n"}

    def remarks(self, candidate: Configuration, metrics: Metrics) -> Sequence[str]:
        is_default = candidate == default_beside(candidate)
        return remarks(metrics, held_out=self.test_parts, estimated=self.estimated, is_default=is_default)

    def _held_out_run(self, candidate: Configuration, part: int) -> Run:
        """Train with a held-out seed, and measure on the way; what was trained before is remembered."""
        key = (candidate, part)
        if key not in self._held_out:
            run = self._run(candidate, 1.0, {}, seed_of("held out", part), CHECKPOINTS)
            self._held_out[key] = replace(run, paused={})
        return self._held_out[key]

    def _run(self, candidate: Configuration, effort: float, paused: Weights, seed: int, stops: int = 1) -> Run:
        """Train once and measure; a world that misses random numbers is begun again with care."""
        try:
            return self._once(candidate, effort, paused, seed, stops)
        except NondeterministicStep:
            self._world, self._careful = None, True
            return self._once(candidate, effort, paused, seed, stops)

    def _once(self, candidate: Configuration, effort: float, paused: Weights, seed: int, stops: int) -> Run:
        self._warm_up(candidate, seed)
        began = time.process_time()
        learner = self._built(candidate, seed)
        can_pause = isinstance(learner, Pausing)
        if paused and isinstance(learner, Pausing):
            learner.load(paused)
        before, seconds = learner.steps, time.process_time() - began
        curve: list[tuple[int, float]] = []
        for steps in _shares(max(1, round(effort * self.steps)), stops if can_pause else 1):
            began = time.process_time()
            learner.advance(steps)
            seconds += time.process_time() - began
            front = self._judge(seed).front(learner.policies())
            curve.append((learner.steps, hypervolume(front, np.array(self.reference))))
        metrics = {**self._worth(front), "steps": float(learner.steps), "cpu_seconds": seconds}
        rest = learner.state() if isinstance(learner, Pausing) else {}
        return Run(metrics, front, rest, learner.steps - before, curve)

    def _warm_up(self, candidate: Configuration, seed: int) -> None:
        """Import, compile and walk about, so that the CPU time of a process's first run is that of the others."""
        if getattr(builder(candidate.algorithm), "shares_world", False):
            self._shared_world()
        if candidate.algorithm in BUILT_IN and candidate.algorithm not in _warm:
            _warm.add(candidate.algorithm)
            self._built(candidate, seed).advance(1)

    def _built(self, candidate: Configuration, seed: int) -> Learner:
        environment = self.environment
        plan = Plan(self.steps, seed, environment.objectives, environment.limit, self.reference, self.gamma, self.grid)
        build = builder(candidate.algorithm)
        shares: bool = getattr(build, "shares_world", False)
        return build(self._shared_world() if shares else maker(environment), candidate.values, plan)

    def _shared_world(self) -> Any:
        """Return the table of the environment that all runs of this process share."""
        from automl.trainers.morl.tabular.world import World

        if self._world is None or self._world.full:
            self._world = World(maker(self.environment), self.environment.limit, careful=self._careful)
        return self._world

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
        usual, objectives = self.environment.known, self.environment.objectives
        if given is not None and len(given) != objectives:
            raise UsageError(
                f"The reference point has {len(given)} numbers, the rewards of {self.environment.name} {objectives}.",
                f"Give {objectives}, separated by commas, or leave it out.",
            )
        if given is not None:
            return tuple(map(float, given))
        if usual is not None:
            return usual.reference
        return probed(self.environment, self.gamma, seed_of("probing", 0))


def _shares(steps: int, parts: int) -> list[int]:
    """Split steps into parts that are as equal as can be, none of them empty."""
    ends = [steps * (i + 1) // parts for i in range(parts)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False) if end > start]


def _silent(step: int, metrics: Metrics) -> None:
    """Nobody listens where a test runs in one piece."""


def _refuse_bad_numbers(counts: Mapping[str, int], gamma: float) -> None:
    for name, value in counts.items():
        if value < 1:
            raise UsageError(f"'{name}' must be at least 1, got {value}.")
    if not 0 < gamma <= 1:
        raise UsageError(f"gamma must be above 0 and at most 1, got {gamma}.")
