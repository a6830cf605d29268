"""Controllers compared by replaying recorded trainings: many repetitions of a search in a second each.

    python benchmarks/morl_replay.py --part levels      # on other tables: where the level of a race was chosen
    python benchmarks/morl_replay.py --part racing
    python benchmarks/morl_replay.py --part models
    python benchmarks/morl_replay.py --part models --only gp --models 12      # takes longer

`benchmarks/data` holds what 100 random configurations of the built-in learner came to, each with five seeds and after a
quarter, a half and all of the steps (`morl_record.py`). Two ways to replay them:

1. Random search and what is wrapped around it (pruning, racing) deals the recorded configurations like cards: whatever
   is drawn becomes the next row of a shuffled table. An evaluation comes to the row's mean over all of its seeds (of
   those that a search might end with: 13) and a deviation, drawn from the recorded ones; the winner is scored by the
   mean. Were the five recorded values dealt themselves, three seeds of a configuration would be most of what there is
   of it: whoever measures carefully would only find, more surely, the row whose five happened to be the best.
2. A model of the objective proposes configurations that nobody has recorded. They are answered by a forest that has
   learned the table: a mean, and noise as it was measured on configurations in the same leaf of one of its trees; the
   winner is scored by the forest's mean. How well the forest foretells what it has not seen is printed (R², ten folds).

All controllers are the project's own, driven as a study drives them. P is the probability that a repetition of one
finds better than a repetition of the other, ties counting half.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from morl_record import ENVIRONMENTS, Table, read

from automl.controllers.bayesian import Bayesian
from automl.controllers.halving import Halving
from automl.controllers.random import Random
from automl.controllers.surrogate import Surrogate
from automl.core.choices import Choose
from automl.core.controller import Controller
from automl.core.domains import Integers, Value
from automl.core.judging import Judging
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Result, Weights
from automl.core.space import SearchSpace
from automl.core.trainer import Report, Trainer
from automl.search_spaces.morl.candidate import Configuration
from automl.search_spaces.morl.space import MorlSpace
from automl.testing.drive import drive
from automl.trainers.morl.comparison import interval

Array = npt.NDArray[Any]
OBJECTIVES = Objectives.parse(["max:hypervolume"])
TRIALS, SEEDS, RUNS = 30, 3, 90
ALL_SEEDS = f"random, all {SEEDS} seeds"
LEVELS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
CHOOSING = ("deep-sea-treasure-v0", "deep-sea-treasure-concave-v0")
"""Tables of 60 configurations, for choices that are reported on the others."""
BASE = 200
"""Repetitions of random search that models are compared with: forty are a few percent off."""
MODELS = ("tpe", "cmaes", "nsgaii", "surrogate")


@dataclass(frozen=True)
class Row:
    """A row of the table, as the n-th card that was dealt."""

    card: int


class Cards(SearchSpace[Row]):
    """Whatever is drawn is the next row."""

    def __init__(self) -> None:
        self.dealt: dict[int, int] = {}

    def build(self, choose: Choose) -> Row:
        return Row(self.dealt.setdefault(choose("draw", Integers(0, 2**40)), len(self.dealt)))

    def load(self, json: Any) -> Row:
        return Row(**json)

    def inherit(self, child: Row, parent: Row, weights: Weights) -> Weights:
        return dict(weights)


@dataclass
class Recorded(Trainer):
    """Answers with what was recorded; a continued evaluation stays with its seed, a new one draws another."""

    table: Table
    rng: np.random.Generator

    metrics = {"hypervolume": "max"}

    def __post_init__(self) -> None:
        self.deal = self.rng.permutation(len(self.table.rows))
        self.means = self.table.means
        self.deviations = self.table.deviations

    def train(self, candidate: Row, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        row = self._row(candidate)
        column = int(self.rng.integers(self.deviations.shape[1]) if weights is None else weights["column"])
        done = effort + (0.0 if weights is None else float(weights["done"]))
        value = self.table.hypervolume[row, column, (0.25, 0.5, 1.0).index(done)]
        if done == 1.0:
            value = self.means[row] + self.deviations[row, column]
        return Outcome({"hypervolume": value}, {"done": np.array(done), "column": np.array(column)}, cost=effort)

    def held_out(self, candidate: Row) -> float:
        """Return the mean over all seeds."""
        return float(self.means[self._row(candidate)])

    def _row(self, candidate: Row) -> int:
        return int(self.deal[candidate.card % len(self.deal)])

    def fingerprint(self) -> str:
        return self.table.environment


Make = Callable[[SearchSpace[Any], Objectives, int], Controller]


@dataclass(frozen=True)
class Arm:
    """A controller, and when it stops.

    Attributes:
        make: makes it.
        trials: most trials, stopped early or not.
        cost: most cost, in whole trainings.
    """

    make: Make
    trials: float = math.inf
    cost: float = math.inf


@dataclass(frozen=True)
class Found:
    """What repetitions of a search came to: held-out scores of the winners, and costs in whole trainings."""

    scores: Array
    costs: Array


def winner(results: Sequence[Result]) -> Any:
    """Return the candidate of the best trial, as a study ranks them."""
    judged: dict[int, Judging] = {}
    for result in results:
        judged.setdefault(result.proposal.trial, Judging(OBJECTIVES)).add(result)
    best = max(judged.values(), key=lambda each: (not each.tentative, each.metrics["hypervolume"]))
    assert best.judged is not None
    return best.judged.proposal.candidate


def within(arm: Arm, results: Sequence[Result]) -> list[Result]:
    """Return the results up to where an arm stops."""
    costs = itertools.accumulate(result.outcome.cost if result.outcome else 0.0 for result in results)
    pairs = zip(results, costs, strict=True)
    return [result for result, cost in pairs if cost <= arm.cost + 1e-9 and result.proposal.trial < arm.trials]


def replayed(table: Table, arm: Arm, repetitions: int) -> Found:
    """Repeat a search; the same repetition of another arm is dealt the same cards."""
    scores, costs = np.zeros(repetitions), np.zeros(repetitions)
    most = int(2 * arm.trials) if math.isfinite(arm.trials) else int(2 * arm.cost)
    for number in range(repetitions):
        space, trainer = Cards(), Recorded(table, np.random.default_rng(number))
        results = within(arm, drive(arm.make(space, OBJECTIVES, number), space, trainer, most))
        scores[number] = trainer.held_out(winner(results))
        costs[number] = sum(result.outcome.cost for result in results if result.outcome)
    return Found(scores, costs)


def show(arms: Mapping[str, Found], base: str) -> None:
    """Print arms beside one of them."""
    print(f"{'controller':34} {'cost':>7} {'held out [95 % interval]':>30} {'times':>6} {'P':>5}")
    for name, found in arms.items():
        low, high = interval(found.scores)
        times, p = compared(found, arms[base])
        told = f"{found.scores.mean():.4g} [{low:.4g}, {high:.4g}]"
        print(f"{name:34} {found.costs.mean():7.1f} {told:>30} {times:6.3f} {p:5.2f}", flush=True)


def compared(found: Found, base: Found) -> tuple[float, float]:
    """Return how many times as good, and with which probability better."""
    one, other = found.scores[:, None], base.scores[None, :]
    better = float(((one > other) + 0.5 * (one == other)).mean())
    return float(found.scores.mean() / base.scores.mean()), better


def halving(**settings: Any) -> Make:
    """Return `halving` around random search."""
    return partial(Halving, inner=Random, **settings)


def pruning(table: Table, repetitions: int) -> dict[str, bool]:
    """Stop the worse half of all trials at half of the steps."""
    arms = {
        "random": Arm(Random, trials=TRIALS),
        "halving eta=2 min_effort=.5": Arm(halving(eta=2, min_effort=0.5), trials=TRIALS),
    }
    found = {name: replayed(table, arm, repetitions) for name, arm in arms.items()}
    print(f"\n{table.environment}: pruning, {TRIALS} trials of one seed, {repetitions} repetitions")
    show(found, "random")
    pruned, whole = found["halving eta=2 min_effort=.5"], found["random"]
    times, _ = compared(pruned, whole)
    cost = float(pruned.costs.mean() / whole.costs.mean())
    return {f"cost {cost:.3f}, bar .78": cost <= 0.78, f"quality {times:.3f}, bar .97": times >= 0.97}


def racing(table: Table, repetitions: int) -> dict[str, bool]:
    """Give further seeds to the good ones only, at an equal number of runs; then stop early as well."""
    arms = {
        ALL_SEEDS: Arm(halving(min_effort=1.0, seeds=SEEDS, level=0.0), cost=RUNS),
        "halving, racing": Arm(halving(min_effort=1.0, seeds=SEEDS), cost=RUNS),
        "halving, racing, half the cost": Arm(halving(min_effort=1.0, seeds=SEEDS), cost=RUNS / 2),
        "halving, pruning + racing": Arm(halving(eta=2, min_effort=0.5, seeds=SEEDS), cost=RUNS),
        "the same, half the cost": Arm(halving(eta=2, min_effort=0.5, seeds=SEEDS), cost=RUNS / 2),
    }
    found = {name: replayed(table, arm, repetitions) for name, arm in arms.items()}
    print(f"\n{table.environment}: racing over {SEEDS} seeds, {RUNS} runs, {repetitions} repetitions")
    print(f"what seeds have in common: {shared(table):.1%} of the variance within configurations")
    show(found, ALL_SEEDS)
    times, p = compared(found["halving, racing"], found[ALL_SEEDS])
    half, _ = compared(found["the same, half the cost"], found[ALL_SEEDS])
    return {
        f"racing {times:.3f} (P {p:.2f}), bar 1.03": times >= 1.03,
        f"goal: pruning and racing at half the cost {half:.3f}, bar 1": half >= 1.0,
    }


def levels(table: Table, repetitions: int) -> None:
    """Print races at several levels, on tables that nothing is reported of: the default level was chosen here."""
    found = {}
    for level in LEVELS:
        arm = Arm(halving(min_effort=1.0, seeds=SEEDS, level=level), cost=RUNS)
        found[f"halving, racing at {level:g}" if level else ALL_SEEDS] = replayed(table, arm, repetitions)
    print(f"\n{table.environment}: racing over {SEEDS} seeds, {RUNS} runs, {repetitions} repetitions")
    show(found, ALL_SEEDS)


def shared(table: Table) -> float:
    """Return the share of the noise that is the seed's own, the same in all configurations: what pairs would take out.

    Of seeds that have nothing in common it is one over the number of configurations.
    """
    deviations = table.deviations
    return float(deviations.mean(axis=0).var() / deviations.var())


class Forest(Trainer):
    """Answers for any configuration, as a forest that has learned a table."""

    metrics = {"hypervolume": "max"}

    def __init__(self, table: Table) -> None:
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.model_selection import cross_val_predict

        final = table.hypervolume[:, :, -1]
        self.names = sorted({name for row in table.rows for name in row})
        inputs, means = np.array([self._coordinates(row) for row in table.rows]), final.mean(axis=1)
        forest = RandomForestRegressor(60, min_samples_leaf=2, max_features=0.5, random_state=0)
        guessed = cross_val_predict(forest, inputs, means, cv=10)
        self.r2 = 1 - float(((means - guessed) ** 2).sum() / ((means - means.mean()) ** 2).sum())
        self.forest = forest.fit(inputs, means)
        self.leaves = self.forest.apply(inputs)
        self.known: dict[Configuration, Array] = {}
        self.residuals = final - means[:, None]

    def train(
        self, candidate: Configuration, *, effort: float, weights: Weights | None, seed: int, report: Report
    ) -> Outcome:
        rng, leaves = np.random.default_rng(seed), self._leaves(candidate)
        noise = []
        for tree in rng.integers(len(leaves), size=2):  # two seeds a trial, as in a search
            alike = np.flatnonzero(self.leaves[:, tree] == leaves[tree])
            noise.append(rng.choice(self.residuals[rng.choice(alike)]))
        return Outcome({"hypervolume": self.mean(candidate) + float(np.mean(noise))}, cost=1.0)

    def mean(self, candidate: Configuration) -> float:
        """Return what a configuration is worth."""
        leaves = zip(self.forest.estimators_, self._leaves(candidate), strict=True)
        return float(np.mean([tree.tree_.value[leaf, 0, 0] for tree, leaf in leaves]))

    def fingerprint(self) -> str:
        return "forest"

    def _leaves(self, candidate: Configuration) -> Array:
        """Return the leaf of a configuration in every tree."""
        if candidate not in self.known:
            self.known[candidate] = self.forest.apply(self._coordinates(candidate.values)[None, :])[0]
        return self.known[candidate]

    def _coordinates(self, values: Mapping[str, Value]) -> Array:
        return np.array([_coordinate(values.get(name)) for name in self.names])


def _coordinate(value: Value | None) -> float:
    """Return a number for a value: lengths and rates by their logarithm, alternatives by their place."""
    if value is None:
        return -20.0
    if isinstance(value, str):
        return float(("constant", "run", "policy", "random", "ols", "gpi-ls", "first").index(value))
    return float(value) if isinstance(value, bool) or value == 0 else math.log(value)


def try_all() -> None:
    """Let Optuna's Gaussian process try all values of a whole number together, where it would search along a line.

    What it proposes is as good or better by its own measure, in a third of the time.
    """
    from optuna._gp import optim_mixed

    def every(acqf: Any, params: Array, value: float, place: int, grid: Array, xtol: float) -> Any:
        return optim_mixed._exhaustive_search(acqf, params, value, place, grid)

    optim_mixed._discrete_line_search = every


def modelled(table: Table, many: int, names: Sequence[str]) -> dict[str, float]:
    """Print models beside random search on a forest; return the probability of each to find better."""
    forest, space = Forest(table), MorlSpace()
    own: dict[str, Make] = {"random": Random, "surrogate": Surrogate}
    print(f"\n{table.environment}: models on a forest (R² {forest.r2:.2f} by ten folds), {TRIALS} trials")
    found = {}
    for name in ("random", *names):
        make = own.get(name) or partial(Bayesian, sampler=name)
        began, repetitions = time.process_time(), max(many, BASE) if name == "random" else many
        runs = [drive(make(space, OBJECTIVES, seed), space, forest, TRIALS, seed=seed) for seed in range(repetitions)]
        seconds = (time.process_time() - began) / repetitions
        found[name] = Found(np.array([forest.mean(winner(run)) for run in runs]), np.full(len(runs), float(TRIALS)))
        low, high = interval(found[name].scores)
        times, p = compared(found[name], found["random"])
        print(
            f"{name:10} {repetitions:4} repetitions: {found[name].scores.mean():.4g} [{low:.4g}, {high:.4g}],"
            f" {times:.3f} times, P {p:.2f}, {seconds:.1f} CPU s each",
            flush=True,
        )
    return {name: compared(one, found["random"])[1] for name, one in found.items() if name != "random"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=80, help="of pruning and racing")
    parser.add_argument("--models", type=int, default=40, help="repetitions of every model")
    parser.add_argument("--only", nargs="*", default=MODELS, help="which models")
    parser.add_argument("--part", choices=("racing", "models", "all", "levels"), default="all")
    given = parser.parse_args()
    print(f"python benchmarks/morl_replay.py {' '.join(sys.argv[1:])}")
    try_all()
    if given.part == "levels":
        for table in map(read, CHOOSING):
            levels(table, given.repetitions)
        return 0
    met, chances = [], []
    for table in map(read, ENVIRONMENTS):
        cards = given.part != "models"
        checks = {**pruning(table, given.repetitions), **racing(table, given.repetitions)} if cards else {}
        for said, reached in checks.items():
            print(f"{table.environment}, n={given.repetitions}, {said}: {'met' if reached else 'NOT met'}")
            met.append(reached or said.startswith("goal"))
        if given.part != "racing":
            chances.append(modelled(table, given.models, given.only))
    if chances:
        means = {name: float(np.mean([each[name] for each in chances])) for name in chances[0]}
        best = max(means, key=lambda name: means[name])
        verdict = "met" if means[best] >= 0.58 else "NOT met"
        print(f"\nbest model, {best}: P {means[best]:.2f} over both tables, bar .58: {verdict}")
        met.append(means[best] >= 0.58)
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
