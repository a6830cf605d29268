"""The built-in learner `tabular` against MPMOQLearning of morl-baselines: is it as good, and how much faster?

    pip install --target FOLDER --no-deps morl-baselines==1.3.0 pymoo==0.6.2
    PYTHONPATH=FOLDER python benchmarks/morl_speed.py

Both learn with equal settings for an equal number of steps, from the same seeds, and this project's judge measures the
policies of both. The library asks for wandb, cvxpy and pycddlib when it is imported; weights at random need none of
them, so empty modules stand in for those that are not installed. Its 100 evenly spread weights, which take seconds the
first time, are made before the clock starts, as is the learner's compiled code. CPU seconds of this process.

`fresh` has an empty table of the environment for every run; in a search runs share it, as in `shared`. Where the
built-in learner is the better one, one difference is known: the library looks up the table that the next one starts
from by its place among the values that are not dominated, which is another one than its place among the tables.

Checked as well: one worker and two find the same fronts, two are faster, and hypervolumes are right.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from automl.trainers.morl.comparison import interval
from automl.trainers.morl.environments import KNOWN, Environment, maker, read
from automl.trainers.morl.indicators import hypervolume, weight_grid
from automl.trainers.morl.judge import Judge
from automl.trainers.morl.learner import Plan
from automl.trainers.morl.seeds import seed_of
from automl.trainers.morl.tabular.chance import seed_globals
from automl.trainers.morl.tabular.learner import Tabular
from automl.trainers.morl.tabular.world import World

ENVIRONMENTS = ("four-room-v0", "resource-gathering-v0")
POLICIES = 10
SHARED: Mapping[str, Any] = {
    "learning_rate_end": 1.0, "policies": POLICIES, "selection": "random", "improvement": False, "transfer": True,
    "probes": 1, "replays": 0, "ties": "first",
}  # fmt: skip
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "default": {**SHARED, "learning_rate": 0.1, "horizon": 10.0, "epsilon": 0.1, "epsilon_schedule": "constant"},
    "tuned by hand": {
        **SHARED, "learning_rate": 0.5, "horizon": 50.0, "epsilon": 1.0, "epsilon_schedule": "run",
        "epsilon_end": 0.1, "epsilon_decay": 0.5,
    },
}  # fmt: skip
FASTER = 5.0


@dataclass(frozen=True)
class Run:
    """One training: what its policies are worth, and how many steps it took in a CPU second."""

    hypervolume: float
    rate: float


def stand_ins() -> None:
    """Let empty modules stand in for what the library imports and weights at random do not need."""
    for name in ("wandb", "cvxpy", "cdd"):
        if importlib.util.find_spec(name) is None:
            module: Any = types.ModuleType(name)
            module.SolverError = RuntimeError
            sys.modules[name] = module


def worth(environment: Environment, policies: Sequence[Any], seed: int) -> float:
    """Return the hypervolume of policies."""
    known = KNOWN[environment.name]
    judge = Judge(
        maker(environment), environment.objectives, known.gamma, environment.limit, 20, known.chance, seed
    )  # fmt: skip
    return hypervolume(judge.front(policies), np.array(known.reference))


def own(environment: Environment, world: World, settings: Mapping[str, Any], seed: int) -> Run:
    """Train the built-in learner."""
    known = KNOWN[environment.name]
    grid = weight_grid(environment.objectives, 100)
    plan = Plan(
        known.steps, seed, environment.objectives, environment.limit, known.reference, known.gamma, grid
    )  # fmt: skip
    began = time.process_time()
    learner = Tabular(world, settings, plan)
    learner.advance(known.steps)
    rate = learner.steps / (time.process_time() - began)
    return Run(worth(environment, learner.policies(), seed), rate)


@dataclass(frozen=True)
class Follower:
    """A policy of the library."""

    agent: Any

    def start(self) -> Callable[[Any, Any], Any]:
        """Return what chooses actions."""
        return lambda observation, _: self.agent.eval(observation, self.agent.weights)


def library(environment: Environment, settings: Mapping[str, Any], seed: int) -> Run:
    """Train the library's learner."""
    learner: Any = import_module("morl_baselines.multi_policy.multi_policy_moqlearning.mp_mo_q_learning")
    learner.equally_spaced_weights(environment.objectives, 100)
    steps, made, reference = KNOWN[environment.name].steps, environment.make(), np.zeros(environment.objectives)
    seed_globals(seed)
    made.reset(seed=seed)
    made.action_space.seed(seed)
    falls = settings["epsilon_schedule"] == "run"
    agent = learner.MPMOQLearning(
        made,
        learning_rate=settings["learning_rate"],
        gamma=1 - 1 / settings["horizon"],
        initial_epsilon=settings["epsilon"],
        final_epsilon=settings["epsilon"] * settings.get("epsilon_end", 1.0),
        epsilon_decay_steps=int(settings["epsilon_decay"] * steps) if falls else None,
        seed=seed,
        log=False,
    )
    other = environment.make()
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        agent.train(steps, other, reference, timesteps_per_iteration=steps // POLICIES, num_eval_episodes_for_front=1)
    rate = steps / (time.process_time() - began)
    return Run(worth(environment, [Follower(policy) for policy in agent.policies], seed), rate)


def race(name: str, label: str, seeds: int) -> bool:
    """Print both learners on an environment; say whether the bars are met."""
    environment, settings = read(name, "{}"), SETTINGS[label]
    limit, make = environment.limit, maker(environment)
    own(environment, World(make, limit), settings, 0)  # compiles
    table = World(make, limit)
    numbers = [seed_of("probing", seed) for seed in range(seeds)]
    arms: dict[str, list[Run]] = {"morl-baselines": [], "tabular, fresh": [], "tabular, shared": []}
    for seed in numbers:
        arms["morl-baselines"].append(library(environment, settings, seed))
        arms["tabular, fresh"].append(own(environment, World(make, limit), settings, seed))
        arms["tabular, shared"].append(own(environment, table, settings, seed))
    print(f"\n{name}, {label}, {KNOWN[name].steps} steps, {seeds} seeds")
    print(f"{'learner':18} {'hypervolume [95 % interval]':>32} {'steps/s':>10} {'times as fast':>14}")
    base = float(np.median([run.rate for run in arms["morl-baselines"]]))
    for arm, runs in arms.items():
        values, rate = np.array([run.hypervolume for run in runs]), float(np.median([run.rate for run in runs]))
        low, high = interval(values)
        told = f"{values.mean():.4g} [{low:.4g}, {high:.4g}]"
        print(f"{arm:18} {told:>32} {rate:10.0f} {rate / base:14.1f}", flush=True)
    return verdict(name, label, arms)


def verdict(name: str, label: str, arms: Mapping[str, Sequence[Run]]) -> bool:
    """Print whether the built-in learner is as good, and how much faster."""
    values = {arm: np.array([run.hypervolume for run in runs]) for arm, runs in arms.items()}
    rates = {arm: float(np.median([run.rate for run in runs])) for arm, runs in arms.items()}
    mine, other = values["tabular, fresh"], values["morl-baselines"]
    as_good = bool(mine.mean() >= other.mean() - other.std(ddof=1))
    checks = {f"hypervolume {mine.mean():.4g} against {other.mean():.4g} - {other.std(ddof=1):.2g}": as_good}
    for arm in ("tabular, fresh", "tabular, shared"):
        times = rates[arm] / rates["morl-baselines"]
        checks[f"{arm}: {times:.1f} times as fast, bar {FASTER:g}"] = times >= FASTER
    for said, met in checks.items():
        print(f"{name}, {label}, n={len(mine)}, {said}: {'met' if met else 'NOT met'}")
    return all(checks.values())


def compile_seconds() -> tuple[float, float]:
    """Return CPU seconds of the first training of 100 steps: with nothing compiled, and compiled by an earlier one."""
    code = """
import time
from automl.search_spaces.morl.space import default_of, known
from automl.trainers.morl.trainer import MorlTrainer
trainer, default = MorlTrainer("deep-sea-treasure-v0", seeds=1, steps=100), default_of(known("tabular"))
began = time.process_time()
trainer.train(default, effort=1.0, weights=None, seed=0, report=lambda *_: None)
print(time.process_time() - began)
"""
    with tempfile.TemporaryDirectory() as folder:
        quiet = {**os.environ, "NUMBA_CACHE_DIR": folder}
        runs = [subprocess.run([sys.executable, "-c", code], env=quiet, capture_output=True, text=True) for _ in "ab"]
    first, second = (float(run.stdout.split()[-1]) for run in runs)
    return first, second


def same_fronts() -> bool:
    """Say whether a search finds the same fronts with one worker and with two."""
    import automl
    from automl.reading import open_archive

    fronts = []
    with tempfile.TemporaryDirectory() as folder:
        for workers in (1, 2):
            out = Path(folder) / f"run{workers}"
            automl.search(
                "morl", data="resource-gathering-v0", controller="random", trials=8, seed=3, workers=workers,
                out=str(out), finalists=1, optuna="none", mlflow="none", baselines=["none"], quiet=True,
                set={"held_out": 2, "steps": 3000},
            )  # fmt: skip
            results = open_archive(out).results
            fronts.append({r.proposal.trial: r.outcome.extras["fronts"] for r in results if r.outcome})
    same = fronts[0] == fronts[1] and len(fronts[0]) == 8
    print(f"\nfronts of 8 trials x 2 seeds, one worker and two, equal bit for bit: {'met' if same else 'NOT met'}")
    return same


def two_workers() -> bool:
    """Say how many times as fast two workers search as one: seconds of wall time, in turns, medians of three.

    Each search has a process of its own, as from the command line. It goes from its first question to its last answer,
    so the start of the second worker is in it; the whole has the trainings of the finalists and held-out seeds as well.
    """
    code = """
import sys, time, automl
told, began = [], time.perf_counter()
automl.search(
    "morl", data="resource-gathering-v0", controller="random", trials=24, seed=int(sys.argv[1]), out=sys.argv[3],
    workers=int(sys.argv[2]), optuna="none", mlflow="none", baselines=["none"], quiet=True,
    set={"held_out": 2, "steps": 100_000}, callbacks=[lambda _: told.append(time.perf_counter() - began)],
)
print(told[-1], time.perf_counter() - began)
"""
    searches: dict[int, list[float]] = {1: [], 2: []}
    wholes: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        for turn, workers in itertools.product(range(3), searches):
            command = [sys.executable, "-c", code, str(turn), str(workers), f"{folder}/{turn}-{workers}"]
            search, whole = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-2:]
            searches[workers].append(float(search))
            wholes[workers].append(float(whole))
    met = True
    for name, seconds, bar in (("search of 24 trials x 2 seeds", searches, 1.6), ("with its finalists", wholes, None)):
        one, two = (statistics.median(seconds[workers]) for workers in (1, 2))
        verdict = f", bar {bar}: {'met' if one / two >= bar else 'NOT met'}" if bar else ""
        met &= not bar or one / two >= bar
        print(f"{name}: {one:.1f} s with one worker, {two:.1f} s with two, {one / two:.2f} times as fast{verdict}")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} processes on {os.cpu_count()} cores")
    return met


def right_volumes() -> bool:
    """Say whether hypervolumes of random fronts are those of pymoo, and, as that may ask moocore too, of a grid."""
    hv: Any = import_module("pymoo.indicators.hv").HV
    rng, met = np.random.default_rng(0), True
    for objectives in (2, 3, 4):
        apart = {"pymoo": 0.0, "cells of a grid": 0.0}
        for _ in range(100):
            points, reference = rng.random((rng.integers(1, 10), objectives)), np.full(objectives, -0.1)
            mine = hypervolume(points, reference)
            theirs = {"pymoo": float(hv(ref_point=-reference)(-points)), "cells of a grid": by_cells(points, reference)}
            apart = {who: max(far, abs(mine - theirs[who]) / mine) for who, far in apart.items()}
        for who, far in apart.items():
            met &= far <= 1e-9
            said = f"{objectives} objectives, n=100 fronts: at most {far:.1e} apart from {who}, bar 1e-09"
            print(f"{said}: {'met' if far <= 1e-9 else 'NOT met'}")
    return met


def by_cells(points: Any, reference: Any) -> float:
    """Return the volume of all cells, between any two coordinates of the points, that a point dominates."""
    edges = [np.concatenate([[low], np.sort(axis)]) for low, axis in zip(reference, points.T, strict=True)]
    tops = np.stack(np.meshgrid(*[edge[1:] for edge in edges], indexing="ij"), axis=-1)
    sizes = np.prod(np.meshgrid(*[np.diff(edge) for edge in edges], indexing="ij"), axis=0)
    inside = (points[:, *[None] * len(edges), :] >= tops).all(axis=-1).any(axis=0)
    return float((sizes * inside).sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore")
    stand_ins()
    met = [race(name, label, seeds) for label in SETTINGS for name in ENVIRONMENTS]
    first, second = compile_seconds()
    print(f"\nfirst training in a process: {first:.1f} CPU s with nothing compiled, {second:.1f} s ever after")
    met += [same_fronts(), two_workers(), right_volumes()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ModuleNotFoundError as error:
        sys.exit(f"{error}. Type: pip install --target FOLDER --no-deps morl-baselines==1.3.0 pymoo==0.6.2")
