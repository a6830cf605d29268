"""Population based training against random search, on a learner that pauses: the same CPU time, the better agent?

    python benchmarks/morl_pbt.py                                     # the built-in learner on four-room
    python benchmarks/morl_pbt.py --set algorithm=envelope            # deep-sea treasure; needs morl-baselines

Six members train side by side in six steps; after each the worst go on from one of the best, with their hyperparameters
changed a little. Random search trains one configuration after the other to the end, six of them or as many more as the
CPU time of the six members has room for: measuring on the way costs, and where good hyperparameters are dear ones, so
does going on from the best. Both have the default as their first. The value is the hypervolume of the best agent at the
end, which is what either would hand over. Ten repetitions, paired by their seeds. CPU seconds are those of this
process, with measuring on the way, without what is imported.

The library's own network for `envelope` takes minutes a training; here its size is fixed, and so are the number of
gradient steps and what one costs, so that all trainings take as long. They are short: with twice the steps random
search finds the whole front of this environment among six configurations.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers.pbt import Pbt
from automl.controllers.random import Random
from automl.core.controller import Controller
from automl.core.domains import Value
from automl.core.objectives import Objectives
from automl.core.records import Result
from automl.search_spaces.morl.space import MorlSpace
from automl.testing.drive import drive
from automl.trainers.morl.comparison import compare
from automl.trainers.morl.trainer import MorlTrainer

OBJECTIVES = Objectives.parse(["max:hypervolume"])
POPULATION, INTERVALS = 6, 6
TASKS: Mapping[str, Mapping[str, Any]] = {
    "tabular": {"data": "four-room-v0"},
    "envelope": {"data": "deep-sea-treasure-v0", "steps": 500},
}
FIXED: Mapping[str, Mapping[str, Value]] = {
    "tabular": {},
    "envelope": {
        "width": 64,
        "depth": 2,
        "batch_size": 32,
        "gradient_updates": 1,
        "sampled_weights": 4,
        "priorities": False,
        "learning_starts": 50,
    },
}
WINS, RATIO, CPU = 0.8, 1.05, 1.1


@dataclass(frozen=True)
class Found:
    """The hypervolume of the best agent of a search, how many were trained to the end, and the CPU seconds."""

    best: float
    trained: int
    seconds: float


def populated(controller: Controller, trainer: Any, seed: int) -> Found:
    """Train a population; every agent counts as it was at its last step."""
    began = time.process_time()
    results = drive(controller, controller.space, trainer, POPULATION * INTERVALS, seed=seed)
    return Found(max(last_values(results)), POPULATION, time.process_time() - began)


def drawn(controller: Controller, trainer: Any, seed: int, seconds: float) -> Found:
    """Train one configuration after the other, a population of them or more, until the CPU seconds are spent."""
    began = time.process_time()
    values: list[float] = []
    while len(values) < POPULATION or time.process_time() - began < seconds:
        trial = len(values)
        values += last_values(drive(controller, controller.space, trainer, 1, seed=seed + 1000 * trial))
    return Found(max(values), len(values), time.process_time() - began)


def last_values(results: Sequence[Result]) -> list[float]:
    """Return the hypervolume of each trial's last step."""
    last = {result.proposal.trial: result for result in results if result.outcome}
    return [float(result.metrics["hypervolume"]) for result in last.values()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first repetition")
    parser.add_argument("--set", default="algorithm=tabular", metavar="algorithm=NAME")
    given = parser.parse_args()
    algorithm = given.set.partition("=")[2]
    space = MorlSpace(
        algorithm=(algorithm,),
        observations="discrete" if algorithm == "tabular" else "continuous",
        fixed=FIXED[algorithm],
    )
    task = dict(TASKS[algorithm])
    trainer: Any = MorlTrainer(task.pop("data"), seeds=1, **task)
    fixed = " ".join(f"{name}={value}" for name, value in FIXED[algorithm].items())
    print(f"python benchmarks/morl_pbt.py --set {given.set}")
    print(f"{algorithm} on {trainer.environment.name}, {trainer.steps} steps, population {POPULATION}")
    print(f"fixed: {fixed or '-'}")
    print(f"{'repetition':10} {'pbt':>8} {'random':>8} {'of':>4} {'CPU s':>8} {'CPU s':>8}")
    trainer.train(space.default(algorithm), effort=0.1, weights=None, seed=0, report=lambda *_: None)  # imports
    pairs: list[tuple[Found, Found]] = []
    for seed in range(given.seed, given.seed + given.repetitions):
        pbt = Pbt(space, OBJECTIVES, seed, population=POPULATION, interval=1 / INTERVALS)
        mine = populated(pbt, trainer, seed)
        other = drawn(Random(space, OBJECTIVES, seed), trainer, seed, mine.seconds)
        pairs.append((mine, other))
        print(
            f"{seed:10} {mine.best:8.4g} {other.best:8.4g} {other.trained:4} {mine.seconds:8.1f} {other.seconds:8.1f}",
            flush=True,
        )
    return verdict(pairs)


def verdict(pairs: Sequence[tuple[Found, Found]]) -> int:
    """Print whether the bars are met; return the exit code."""
    mine, other = (np.array([pair[i].best for pair in pairs]) for i in (0, 1))
    spent = [float(np.sum([pair[i].seconds for pair in pairs])) for i in (0, 1)]
    told, wins = compare(mine, other), float((mine > other).sum() + 0.5 * (mine == other).sum())
    ratio, cost = told.mean / told.default, spent[0] / spent[1]
    many = len(pairs)
    print(f"mean {told.mean:.4g} against {told.default:.4g}, difference [{told.gain_low:.4g}, {told.gain_high:.4g}]")
    checks = {
        f"better in {wins:g} of {many} (ties half), bar {WINS * many:g}": wins >= WINS * many,
        f"{ratio:.3f} times the hypervolume, bar {RATIO:g}": ratio >= RATIO,
        f"{cost:.2f} times the CPU, bar {CPU:g}": cost <= CPU,
    }
    for said, met in checks.items():
        print(f"n={many}, {said}: {'met' if met else 'NOT met'}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
