"""Does the policy of EAS learn? Transformation against random edits on the synthetic landscape of towers.

    python benchmarks/controller_landscape.py

Every arm starts from the same root and gives each of 150 children four wider steps, then five deeper steps, in batches
of ten, without re-rooting; only who answers differs. Random widens each layer with probability 1/2 and inserts
uniformly. Five seeds; noise of 0.01 on every measurement. Bars: `transformation` with its default learning beats random
by 0.06 in the mean of the last three batches and by 0.03 in the best of 150.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np

from automl.controllers.random import Random
from automl.controllers.transformation import Transformation
from automl.core.controller import Controller
from automl.core.objectives import Objectives
from automl.testing.drive import drive
from automl.testing.towers import TowerSpace, TowerTrainer

CHILDREN, BATCHES, SEEDS = 10, 15, 5
SETTING: dict[str, Any] = {"schedule": "widen*4,deepen*5", "children": CHILDREN, "stages": (CHILDREN * BATCHES,)}
RAW: dict[str, Any] = {"standardised": False}
ARMS: dict[str, dict[str, Any] | None] = {
    "random": None,
    "transformation (default learning)": {},
    "not standardised, lr 1e-2": RAW,
    "paper profile's learning, lr 2e-3": {**RAW, "lr": 2e-3, "baseline": "ema_as_released"},
    "EMA from the first batch, lr 1e-2": {**RAW, "baseline": "ema"},
    "EMA from zero (literal), lr 1e-2": {**RAW, "baseline": "ema_from_zero"},
    "EMA from zero (literal), lr 2e-3": {**RAW, "lr": 2e-3, "baseline": "ema_from_zero"},
}
BARS = {"last": 0.06, "best": 0.03}


def controller(settings: dict[str, Any] | None, seed: int) -> Controller:
    space, objectives = TowerSpace(), Objectives.parse(["max:val_accuracy"])
    if settings is None:
        return Random(space, objectives, seed, source="grow", edits="widen*4,deepen*5")
    return Transformation(space, objectives, seed, **SETTING, **settings)


def children(settings: dict[str, Any] | None, seed: int) -> list[float]:
    """Return the measured accuracies of 150 children of the root, in order."""
    chosen = controller(settings, seed)
    results = drive(chosen, chosen.space, TowerTrainer(), 1 + CHILDREN * BATCHES, seed=seed)
    return [float(result.metrics["val_accuracy"]) for result in results[1:]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    seeds = range(parser.parse_args().seeds)
    print(f"{CHILDREN * BATCHES} children of one root, batches of {CHILDREN}, 4 wider + 5 deeper, {len(seeds)} seeds")
    print(f"{'policy':36} {'mean of the last 3 batches':>28} {'best of 150':>18} {'CPU ms/proposal':>16}")
    means: dict[str, dict[str, float]] = {}
    for name, settings in ARMS.items():
        started = time.process_time()
        runs = np.array([children(settings, seed) for seed in seeds])
        milliseconds = 1000.0 * (time.process_time() - started) / runs.size
        last, best = runs[:, -3 * CHILDREN :].mean(axis=1), runs.max(axis=1)
        means[name] = {"last": float(last.mean()), "best": float(best.mean())}
        print(
            f"{name:36} {last.mean():20.3f} ± {last.std():.3f} {best.mean():10.3f} ± {best.std():.3f}"
            f" {milliseconds:16.1f}"
        )
    return verdict(means["transformation (default learning)"], means["random"])


def verdict(mine: dict[str, float], random: dict[str, float]) -> int:
    """Print whether the bars are met; return the exit code."""
    met = True
    for key, bar in BARS.items():
        gain = mine[key] - random[key]
        met &= gain >= bar
        print(f"{key:5} {gain:+.3f} over random, bar +{bar:.2f}: {'met' if gain >= bar else 'NOT met'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
