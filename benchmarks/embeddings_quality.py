"""What a byte buys: learned plans of embedding dimensions beside their controls, at equal bytes, tested once.

    python benchmarks/embeddings_quality.py ratings PATH/ml-100k       # MovieLens-100K, matrix factorisation
    python benchmarks/embeddings_quality.py flights                    # the shipped data, FM and DeepFM
    python benchmarks/embeddings_quality.py games PATH/Video.txt.gz    # top-k, matrix factorisation

Rows: `dense` keeps all K columns everywhere; `uniform` has one dimension everywhere, trained from scratch; `truncate`,
`magnitude` and `search` read a warm start or the search that follows it, and train on (principal axes first: "aligned";
without: "coordinates"); `search, elements` is the published form, a mask of single values on unaligned coordinates;
`damage` keeps of a warm start what it would miss most; `search` reads the searched tables so, too. `exported` is what
the search exports at a budget: of search, damage, truncate and magnitude the best on the part that selects; `best of
three` is the same without damage.

Every row and budget takes, of the same grid of L2 penalties, what is best on the part that selects; for top-k that was
found out beforehand, with seeds that are not among those measured, and only uniform dimensions choose from a grid once
more. The division of the data and all seeds go with the seed of a row, so rows are paired; the figures are means over
seeds, with the standard error of the mean, and of paired differences. Bytes are those of the embedding tables. Test
data are touched once per finished model and decide nothing. Seconds are of process CPU time.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import statistics
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from lib.plans import Measured, plans

FULL, QUARTER, EIGHTH, SIXTEENTH, THIRTYSECOND = "1", "1/4", "1/8", "1/16", "1/32"
RULES = ("search", "truncate", "magnitude", "damage")


@dataclass(frozen=True)
class Case:
    """A data set, a model, and what is asked of them.

    Attributes:
        name: what to call it.
        settings: of the trainer.
        budgets: shares of the dense tables.
        l2: the grid of penalties.
        width: K.
        blocks: per field.
        forms: forms of the space that are searched.
        sign: 1 where more is better, else -1.
        digits: decimals to print.
        tuned: settings of each budget, and of what is trained from scratch (""), where they are known beforehand.
        uniform: further settings that uniform dimensions choose from.
        rules: what is read of the search.
    """

    name: str
    settings: Mapping[str, Any]
    budgets: tuple[str, ...]
    l2: tuple[float, ...]
    width: int = 64
    blocks: int = 10
    forms: tuple[str, ...] = ("aligned", "cells", "elements")
    sign: float = 1.0
    digits: int = 4
    tuned: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    uniform: tuple[Mapping[str, float], ...] = ()
    rules: tuple[str, ...] = RULES


CASES = {
    "ratings": [
        Case("ML-100K, MF, test MSE", {"model": "mf"}, (QUARTER, EIGHTH, SIXTEENTH, THIRTYSECOND),
             (0.05, 0.1, 0.2), forms=("aligned", "elements"), sign=-1.0),
    ],
    "flights": [
        Case(f"late flights, {model}, test AUC", {"model": model}, (EIGHTH,), (0.0, 5e-4, 5e-3), width=32, blocks=6,
             forms=("aligned",))
        for model in ("fm", "deepfm")
    ],
    "games": [
        Case("video games (who and what is there ten times), MF, test NDCG@20", {
                 "model": "mf", "task": "topk", "min_count": 10, "schema": {"columns": ["user", "item"]}, "l2": 0.1,
             }, (QUARTER, SIXTEENTH), (0.1,), forms=("aligned",), rules=("search", "truncate"), tuned={
                 "": {"lr": 0.015},
                 QUARTER: {"lr": 0.05, "inherit_lr": 0.1, "inherit_l2": 0.1, "inherit_epochs": 8, "search_lr": 0.05},
                 SIXTEENTH: {"lr": 0.05, "inherit_lr": 0.1, "inherit_l2": 0.05},
             }, uniform=({"lr": 0.05, "l2": 0.1}, {"lr": 0.05, "l2": 0.05}, {"lr": 0.015, "l2": 0.05},
                        {"lr": 0.1, "l2": 0.05, "epochs": 40})),
    ],
}  # fmt: skip


@dataclass
class Table:
    """What was measured of a case: by row and budget, one per seed."""

    chosen: dict[tuple[str, str], list[Measured]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, row: str, budget: str, candidates: Sequence[Measured], sign: float) -> None:
        """Add the best of some on the part that selects."""
        best = max(candidates, key=lambda each: sign * each.quality)
        self.chosen.setdefault((row, budget), []).append(best)

    def tested(self, row: str, budget: str) -> list[float]:
        """Return the test figures of a row, by seed."""
        return [each.tested for each in self.chosen.get((row, budget), [])]


def measure(case: Case, data: str | None, seeds: Sequence[int], jobs: int) -> Table:
    """Measure all rows of a case."""
    table = Table()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as workers:
        every = list(workers.map(one_seed, *zip(*[(case, data, seed) for seed in seeds], strict=True)))
    for found in every:
        for row, budget in found[0]:
            table.add(row, budget, [each[row, budget] for each in found if (row, budget) in each], case.sign)
        for budget in case.budgets:
            aligned = [table.chosen[f"{rule}, aligned", budget][-1] for rule in case.rules]
            if case.rules == RULES:
                table.add("best of three", budget, aligned[:3], case.sign)
            table.add("exported", budget, aligned, case.sign)
        costs(table, found[:1] if case.tuned else found)
    return table


def one_seed(case: Case, data: str | None, seed: int) -> list[dict[tuple[str, str], Measured]]:
    """Measure all rows for one seed and every setting."""
    grid: list[dict[str, float]] = [{}] if case.tuned else [{"l2": l2} for l2 in case.l2]
    found = [one_setting(case, data, seed, setting) for setting in grid]
    found += [one_uniform(case, data, seed, setting) for setting in case.uniform]
    print(f"  {case.name}: seed {seed} done", file=sys.stderr, flush=True)
    return found


class Tuned:
    """A trainer with settings of its own for each budget.

    Args:
        trainers: by share of the bytes of the widest tables; relaxed plans go to the first.
        whole: those bytes.
    """

    def __init__(self, trainers: Mapping[float, Any], whole: float) -> None:
        self.trainers, self.whole = trainers, whole
        self.relaxed = next(iter(trainers.values()))
        self.default_objectives, self.test = self.relaxed.default_objectives, self.relaxed.test

    def train(self, candidate: Any, **asked: Any) -> Any:
        """Train a plan with the settings of the budget that its bytes are nearest to."""
        if candidate.stage != "plain":
            return self.relaxed.train(candidate, **asked)
        share = embedding_bytes(candidate, self.relaxed) / self.whole
        nearest = min(self.trainers, key=lambda each: abs(math.log(each / share)))
        return self.trainers[nearest].train(candidate, **asked)


def embedding_bytes(candidate: Any, trainer: Any) -> float:
    """Return the bytes of the tables of a plan."""
    from automl.search_spaces.embeddings import size
    from automl.trainers.embeddings.facts import fields_in

    return float(size(candidate, fields_in(trainer.facts())).bytes)


def one_setting(
    case: Case, data: str | None, seed: int, setting: Mapping[str, float]
) -> dict[tuple[str, str], Measured]:
    """Measure all rows for one seed and one setting; the relaxed stages are rows, too, without a budget."""
    import automl.trainers.embeddings.fit  # noqa: F401 - or the first training's seconds would have its imports
    from automl.search_spaces.embeddings import EmbeddingSpace
    from automl.trainers.embeddings import EmbeddingsTrainer

    def made(tuned: Mapping[str, float]) -> EmbeddingsTrainer:
        return EmbeddingsTrainer(data, **{**case.settings, **setting, **tuned}, data_seed=seed, repeats=1)

    trainer: Any = made(case.tuned.get("", {}))
    facts: dict[str, Any] = {name: each for name, each in trainer.facts().items() if name in ("fields", "rotatable")}
    found: dict[tuple[str, str], Measured] = {}

    def run(controller: str, form: Any, **settings: Any) -> list[Measured]:
        space = EmbeddingSpace(**facts, max_dim=case.width, blocks=case.blocks, form=form)
        return plans(trainer, space, controller, seed, {"seeds": 1, **settings})

    for each in run("uniform", "cells", budgets=(FULL, *case.budgets), seeds=1):
        found["dense" if each.budget == FULL else "uniform", each.budget] = each
    if case.tuned:
        own = {float(Fraction(budget)): made(case.tuned[budget]) for budget in case.budgets}
        trainer = Tuned(own, found["dense", FULL].bytes)
    for form in case.forms:
        controls = () if form == "elements" else case.rules[1:]
        ran = run("differentiable", form, budgets=case.budgets, controls=controls, seeds=1)
        for each in ran:
            if each.budget:
                label = {"aligned": "aligned", "cells": "coordinates", "elements": "elements"}[form]
                found[f"{each.rule}, {label}", each.budget] = each
        if form == "aligned":
            found["warm start and search", "seconds"] = total([each for each in ran if not each.budget])
    return found


def one_uniform(
    case: Case, data: str | None, seed: int, setting: Mapping[str, float]
) -> dict[tuple[str, str], Measured]:
    """Measure uniform dimensions from scratch for one seed and one setting."""
    from automl.search_spaces.embeddings import EmbeddingSpace
    from automl.trainers.embeddings import EmbeddingsTrainer

    trainer = EmbeddingsTrainer(data, **{**case.settings, **setting}, data_seed=seed, repeats=1)
    facts: dict[str, Any] = {name: each for name, each in trainer.facts().items() if name in ("fields", "rotatable")}
    space = EmbeddingSpace(**facts, max_dim=case.width, blocks=case.blocks, form="cells")
    ran = plans(trainer, space, "uniform", seed, {"seeds": 1, "budgets": case.budgets})
    return {("uniform", each.budget): each for each in ran}


def total(segments: Sequence[Measured]) -> Measured:
    """Return segments as one, with their seconds."""
    last = segments[-1]
    seconds = sum(each.seconds for each in segments)
    return Measured(last.rule, "", last.quality, math.nan, last.bytes, seconds, last.candidate)


def costs(table: Table, found: Sequence[Mapping[tuple[str, str], Measured]]) -> None:
    """Add how much longer than one dense training a search takes, and the whole pipeline; medians over penalties."""
    for each in found:
        dense = each["dense", FULL].seconds
        searched = each["warm start and search", "seconds"].seconds
        table.seconds.setdefault("dense", []).append(dense)
        table.seconds.setdefault("search", []).append(searched / dense)
        for (row, _), one in each.items():
            if row == "search, aligned":
                table.seconds.setdefault("pipeline", []).append((searched + one.seconds) / dense)
                table.seconds.setdefault("a further budget", []).append(one.seconds / dense)


def show(case: Case, table: Table, seeds: Sequence[int]) -> None:
    """Print the rows of a case."""
    d = case.digits
    print(f"\n{case.name}: K = {case.width}, {len(seeds)} seeds, L2 of {', '.join(map(str, case.l2))}")
    for budget, tuned in case.tuned.items():
        print(f"  {budget or 'from scratch'}: {_listed(tuned)}")
    for tuned in case.uniform:
        print(f"  or, for uniform alone: {_listed(tuned)}")
    dense = table.tested("dense", FULL)
    size = table.chosen["dense", FULL][0].bytes
    print(f"{'':<26}" + "".join(f"{f'{b} of the bytes':>22}" for b in case.budgets))
    print(f"{'dense, all bytes':<26}{mean(dense, d):>22}   ({size:,.0f} bytes)")
    rows = list(dict.fromkeys(row for row, budget in table.chosen if budget in case.budgets))
    for row in rows:
        print(f"{row:<26}" + "".join(f"{mean(table.tested(row, b), d):>22}" for b in case.budgets))
    print("paired differences of `exported` (positive: better)")
    for row in ("dense", *(row for row in rows if row != "exported")):
        cells = []
        for budget in case.budgets:
            other = dense if row == "dense" else table.tested(row, budget)
            gains = [case.sign * (a - b) for a, b in zip(table.tested("exported", budget), other, strict=False)]
            cells.append(f"{mean(gains, d, signed=True):>22}")
        print(f"  to {row:<23}" + "".join(cells))
    if case.tuned:
        for row, budget in (("dense", FULL), *((row, b) for b in case.budgets for row in ("uniform", "exported"))):
            by_seed = " ".join(f"{each:.{d}f}" for each in table.tested(row, budget))
            print(f"by seed, {row}, {budget} of the bytes: {by_seed}")
        for budget in case.budgets:
            means = [statistics.fmean(table.tested(*row)) for row in (("dense", FULL), ("uniform", budget))]
            exported = statistics.fmean(table.tested("exported", budget))
            print(f"exported at {budget}: {exported / means[0]:.3f} x dense, {exported / means[1]:.3f} x uniform")
    winners = {b: [each.rule for each in table.chosen["exported", b]] for b in case.budgets}
    print("who was exported: " + "; ".join(f"{b}: {', '.join(who)}" for b, who in winners.items()))
    dims = table.chosen["search, aligned", case.budgets[-1]][0].candidate.dims
    print(f"dims of `search, aligned` at {case.budgets[-1]}, hot to cold, a field each: {dims}")
    cost = {name: statistics.median(values) for name, values in table.seconds.items()}
    print(
        f"one dense training {cost['dense']:.1f} s; in those: warm start and search {cost['search']:.2f}, "
        f"with one retraining {cost['pipeline']:.2f}, a further budget {cost['a further budget']:.2f}"
    )


def _listed(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def mean(values: Sequence[float], digits: int, *, signed: bool = False) -> str:
    """Return a mean with its standard error."""
    if not values:
        return "-"
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    sign = "+" if signed else ""
    return f"{statistics.fmean(values):{sign}.{digits}f} ± {error:.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=list(CASES), nargs="?")
    parser.add_argument("data", nargs="?")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--model")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a seed of its own")
    options = parser.parse_args()
    if not options.case or not (options.data or options.case == "flights"):
        print("Name a case and its data: see --help.")
        return
    for case in CASES[options.case]:
        if options.model in (None, case.settings["model"]):
            show(case, measure(case, options.data, options.seeds, options.jobs), options.seeds)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
