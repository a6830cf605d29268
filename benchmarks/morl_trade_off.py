"""Hypervolume against CPU time: what the recorded configurations offer on four-room, and where the default lies.

    python benchmarks/morl_trade_off.py

Read from the table of `morl_record.py`: the mean hypervolume over five seeds, and the median of the CPU seconds that a
training took. Bar: a configuration with three times the default's hypervolume at half of its CPU time. The default
takes the first of equal actions and stays where it began, so that nearly all of its steps are looked up: nothing is
cheaper than going nowhere. The same default with ties at random is one whose time can be undercut; it is no row of the
table, and is trained here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from morl_record import read

from automl.core.pareto import front_indices
from automl.search_spaces.morl.space import MorlSpace
from automl.trainers.morl.trainer import MorlTrainer

ENVIRONMENT, SEEDS = "four-room-v0", 5
TIMES, SHARE = 3.0, 0.5


def trained() -> tuple[float, float]:
    """Return hypervolume and CPU seconds of the default with ties at random, after a training that does not count."""
    space, trainer = MorlSpace(), MorlTrainer(ENVIRONMENT, seeds=1)
    own = {**space.default("tabular").values, "ties": "random"}
    candidate = space.load({"algorithm": "tabular", "hyperparameters": own})
    told = [
        trainer.train(candidate, effort=1.0, weights=None, seed=seed, report=lambda *_: None).metrics
        for seed in (SEEDS, *range(SEEDS))
    ][1:]
    values, seconds = ([float(metrics[name]) for metrics in told] for name in ("hypervolume", "cpu_seconds"))
    return float(np.mean(values)), float(np.median(seconds))


def told_of(name: str, base: tuple[float, float], points: Sequence[Any]) -> bool:
    """Print whether a point has three times the hypervolume of another configuration at half its time."""
    value, seconds = base
    inside = [point for point in points if point[1] <= SHARE * seconds]
    best = max(inside, key=lambda point: float(point[0]), default=None)
    met = best is not None and best[0] >= TIMES * value
    told = "nothing" if best is None else f"{best[0] / value:.2f} times the hypervolume at {best[1] / seconds:.2f}"
    verdict = f"at half of it: {told}, bar {TIMES:g}: {'met' if met else 'NOT met'}"
    print(f"{name}: {value:.4g} at {seconds:.3f} CPU s; {verdict}")
    return met


def main() -> int:
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
    met = told_of("the default", points[0], points)
    told_of("the default with ties at random", trained(), points)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
