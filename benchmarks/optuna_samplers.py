"""Our controllers in a plain Optuna script, beside Optuna's own samplers: the best value after 100 trials.

    python benchmarks/optuna_samplers.py

Five objectives, all minimised; their optima are not in the middle of any range. 20 seeds, the same for all. `below
Random` counts over all objectives and seeds how often the best value is lower than that of Optuna's RandomSampler with
the same seed (ties count half). Bar: every controller that learns is below Random in the mean of every objective, and
more often than not in the pairs.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna

from automl.integrations.optuna import sampler, samplers

TRIALS, SEEDS = 100, 20


def numeric(trial: Any) -> float:
    """A valley in six real numbers."""
    x = [trial.suggest_float(f"x{i}", -5, 5) for i in range(6)]
    return sum((v - 1.3 * math.sin(i + 1)) ** 2 * (1 + i) for i, v in enumerate(x))


def tuning(trial: Any) -> float:
    """Four settings of a training, two of them on a logarithmic scale, that depend on each other."""
    rate = math.log10(trial.suggest_float("rate", 1e-6, 1.0, log=True))
    decay = math.log10(trial.suggest_float("decay", 1e-7, 1e-1, log=True))
    batch = math.log2(trial.suggest_int("batch", 8, 512, log=True))
    momentum = trial.suggest_float("momentum", 0, 0.99)
    return (rate + 2.6 - 0.3 * (batch - 5.2)) ** 2 + 0.2 * (decay + 4.4) ** 2 + 2 * (momentum - 0.83) ** 2


def mixed(trial: Any) -> float:
    """Names, whole numbers and reals; one name shifts the best numbers."""
    kind = trial.suggest_categorical("kind", ["a", "b", "c", "d"])
    gate = trial.suggest_categorical("gate", [True, False])
    n = trial.suggest_int("n", 0, 30, step=3)
    x = trial.suggest_float("x", -4, 4)
    y = trial.suggest_float("y", 0, 1, step=0.05)
    place = {"a": -3.1, "b": -0.7, "c": 0.9, "d": 2.4}[kind]
    return abs(x - place) + {"a": 1.0, "b": 2.0, "c": 0.0, "d": 0.5}[kind] + abs(n - 21) / 6 + 3 * abs(y - 0.2) + gate


def conditional(trial: Any) -> float:
    """Up to six layers with a width and an operation each; names exist only where the layer does."""
    depth = trial.suggest_int("depth", 1, 6)
    loss = 4.0 * abs(depth - 4)
    for i in range(depth):
        loss += abs(math.log2(trial.suggest_categorical(f"layer{i}/width", [8, 16, 32, 64, 128])) - 3 - i % 4)
        op = trial.suggest_categorical(f"layer{i}/op", ["conv", "pool", "skip"])
        loss += ("conv", "pool", "skip").index(op) * 0.7
        if op == "conv":
            loss += abs(trial.suggest_int(f"layer{i}/kernel", 1, 7, step=2) - 3) / 4
    return loss


def names(trial: Any) -> float:
    """Ten names of five alternatives, of which neighbours must agree."""
    chosen = [trial.suggest_categorical(f"cell{i}/op", list("vwxyz")) for i in range(10)]
    alone = sum("vwxyz".index(op) != (3 * i) % 5 for i, op in enumerate(chosen))
    return alone + 0.5 * sum(chosen[i] == chosen[i + 1] for i in range(9))


OBJECTIVES: list[Callable[[Any], float]] = [numeric, tuning, mixed, conditional, names]
OPTUNA: dict[str, Callable[[int], Any]] = {
    "Optuna Random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "Optuna TPE": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "Optuna NSGA-II": lambda seed: optuna.samplers.NSGAIISampler(seed=seed, population_size=20),
}


def ours(name: str) -> Callable[[int], Any]:
    return lambda seed: sampler(name, seed=seed)


def best(make: Callable[[int], Any], objective: Callable[[Any], float], seed: int) -> float:
    study = optuna.create_study(sampler=make(seed))
    study.optimize(objective, n_trials=TRIALS)
    return float(study.best_value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    seeds = range(parser.parse_args().seeds)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    print(f"python benchmarks/optuna_samplers.py: mean best after {TRIALS} trials ± standard error, {len(seeds)} seeds")
    print(f"{'':16}" + "".join(f"{o.__name__:>15}" for o in OBJECTIVES) + f"{'below Random':>14}{'CPU ms/trial':>14}")
    chance: Any = None
    missed = []
    for label, make in {**OPTUNA, **{name: ours(name) for name in samplers()}}.items():
        started = time.process_time()
        values = np.array([[best(make, objective, seed) for seed in seeds] for objective in OBJECTIVES])
        spent = 1000 * (time.process_time() - started) / (values.size * TRIALS)
        chance = values if chance is None else chance
        below = float(np.mean(values < chance) + 0.5 * np.mean(values == chance))
        errors = values.std(1, ddof=1) / math.sqrt(len(seeds))
        cells = "".join(f"{f'{m:.2f} ± {e:.2f}':>15}" for m, e in zip(values.mean(1), errors, strict=True))
        print(f"{label:16}{cells}{below:>14.0%}{spent:>14.1f}", flush=True)
        if label in samplers() and label != "random" and not (all(values.mean(1) < chance.mean(1)) and below > 0.5):
            missed.append(label)
    print(f"bar missed by: {', '.join(missed)}" if missed else "bar met by every controller that learns")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
