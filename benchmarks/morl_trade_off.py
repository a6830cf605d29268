"""Hypervolume against CPU time: what the recorded configurations offer on four-room, and where the default lies.

    python benchmarks/morl_trade_off.py            # with morl-baselines installed, its own learner as well

Read from the table of `morl_record.py`: the mean hypervolume over five seeds, and the median of the CPU seconds that a
training took. Bar: one point of the front with three times the default's hypervolume at half of its CPU time.

What that says depends on whose default. MPMOQLearning of morl-baselines steps the environment every time. The built-in
learner looks known steps up, and the same default takes the first of equal actions and stays where it began, so that
nearly all of its steps are known: nothing is cheaper than going nowhere, for as long. So a point of the front may also
be a shorter training, which is another choice between time and quality. Candidates for a quarter of the steps are taken
from the table, and are trained here with five further seeds beside the default, in turns.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from morl_record import EFFORTS, Table, read

from automl.core.pareto import front_indices
from automl.search_spaces.morl.candidate import Configuration
from automl.search_spaces.morl.space import MorlSpace
from automl.trainers.morl.trainer import MorlTrainer

ENVIRONMENT, SEEDS = "four-room-v0", 5
TIMES, SHARE = 3.0, 0.5
CANDIDATES = 5


def trained(trainer: Any, candidate: Configuration, effort: float = 1.0) -> tuple[float, float]:
    """Return hypervolume and CPU seconds over further seeds, after a training that does not count."""
    told = [
        trainer.train(candidate, effort=effort, weights=None, seed=seed, report=lambda *_: None).metrics
        for seed in (SEEDS, *range(SEEDS, 2 * SEEDS))
    ][1:]
    values, seconds = ([float(metrics[name]) for metrics in told] for name in ("hypervolume", "cpu_seconds"))
    return float(np.mean(values)), float(np.median(seconds))


def shorter(table: Table, limit: float) -> list[Configuration]:
    """Return the best rows after a quarter of the steps that should take at most so many seconds."""
    space, values = MorlSpace(), table.hypervolume[:, :, 0].mean(axis=1)
    quick = np.flatnonzero(np.median(table.seconds, axis=1) * EFFORTS[0] <= limit)
    best = sorted(quick, key=lambda row: -values[row])[:CANDIDATES]
    return [space.load({"algorithm": "tabular", "hyperparameters": dict(table.rows[row])}) for row in best]


def told_of(name: str, base: tuple[float, float], points: Sequence[Any]) -> bool:
    """Print whether a point has three times the hypervolume of another configuration at half of its time."""
    value, seconds = base
    inside = [point for point in points if point[1] <= SHARE * seconds]
    best = max(inside, key=lambda point: float(point[0]), default=None)
    met = best is not None and best[0] >= TIMES * value
    told = "nothing" if best is None else f"{best[0] / value:.2f} times the hypervolume at {best[1] / seconds:.2f}"
    verdict = f"at half of it: {told}, bar {TIMES:g}: {'met' if met else 'NOT met'}"
    print(f"{name}: {value:.4g} at {seconds:.3f} CPU s; {verdict}")
    return met


def main() -> int:
    print("python benchmarks/morl_trade_off.py")
    table = read(ENVIRONMENT)
    values, seconds = table.hypervolume[:, :, -1].mean(axis=1), np.median(table.seconds, axis=1)
    points = list(zip(values.tolist(), seconds.tolist(), strict=True))
    front = sorted(front_indices([(value, -taken) for value, taken in points]), key=lambda i: points[i][1])
    print(
        f"{ENVIRONMENT}, {len(points)} configurations, n={table.seconds.shape[1]} seeds: those that no other dominates"
    )
    for i in front:
        value, taken = points[i]
        times = taken / points[0][1]
        print(f"  {value:7.4g} at {taken:.3f} CPU s, {times:5.1f} times the default's{' (default)' * (i == 0)}")
    told_of("the default", points[0], points)
    space, trainer = MorlSpace(), MorlTrainer(ENVIRONMENT, seeds=1)
    own = {**space.default("tabular").values, "ties": "random"}
    random_ties = space.load({"algorithm": "tabular", "hyperparameters": own})
    told_of("the default with ties at random", trained(trainer, random_ties), points)
    default = trained(trainer, space.default("tabular"))
    quarter = [trained(trainer, one, EFFORTS[0]) for one in shorter(table, SHARE * default[1])]
    met = told_of(f"the default, and {len(quarter)} rows trained for a quarter of the steps", default, quarter)
    if find_spec("morl_baselines"):
        theirs = MorlSpace(algorithm=("mpmoqlearning",)).default("mpmoqlearning")
        told_of("the same default in morl-baselines", trained(trainer, theirs), points)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
