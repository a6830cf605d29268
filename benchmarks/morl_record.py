"""Records what random configurations of the built-in learner come to: the tables that `morl_replay.py` replays.

    python benchmarks/morl_record.py            # writes benchmarks/data/morl_ENVIRONMENT.json.gz
    python benchmarks/morl_record.py --score    # keeps what is there, and trains the finalists again
    python benchmarks/morl_record.py --environments fruit-tree-v0 deep-sea-treasure-concave-v0 --configurations 80

The first configuration is the default. Each is trained with every seed, and its policies are measured after a quarter,
a half and all of the steps, as trainer `morl` does for an evaluation that is continued. All have the same seeds. Those
that a search might end with, by the mean of their three best seeds, are then trained with further seeds: their mean is
what a search is scored by that saw none of them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.choices import at_random, run
from automl.core.domains import Value
from automl.search_spaces.morl.candidate import Configuration
from automl.search_spaces.morl.space import MorlSpace
from automl.trainers.morl.trainer import MorlTrainer

DATA = Path(__file__).parent / "data"
ENVIRONMENTS = ("four-room-v0", "resource-gathering-v0")
EFFORTS = (0.25, 0.5, 1.0)
CONFIGURATIONS, SEEDS = 100, 5
FINALISTS, FURTHER = 25, 8
ROUNDED = 1e-3
"""Values are kept with four decimals: a score further from the recorded mean than this has seeds of its own."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """What was recorded in one environment.

    Attributes:
        environment: its id.
        rows: hyperparameters of each configuration.
        hypervolume: (configurations, seeds, efforts).
        seconds: CPU seconds of the whole training, (configurations, seeds).
        score: mean of the final hypervolume over further seeds for those that a search might end with, of the others
            that of the recorded ones; (configurations,).
    """

    environment: str
    rows: tuple[Mapping[str, Value], ...]
    hypervolume: Array
    seconds: Array
    score: Array

    @property
    def means(self) -> Array:
        """Means of the final hypervolume over all seeds, recorded and further ones, (configurations,)."""
        recorded = self.hypervolume[:, :, -1]
        mean, many = recorded.mean(axis=1), recorded.shape[1]
        further = np.where(np.abs(self.score - mean) > ROUNDED, FURTHER, 0)
        means: Array = (many * mean + further * self.score) / (many + further)
        return means

    @property
    def deviations(self) -> Array:
        """Deviations of the recorded values from their own mean, made as large as they are from the true one."""
        recorded = self.hypervolume[:, :, -1]
        many = recorded.shape[1]
        found: Array = (recorded - recorded.mean(axis=1, keepdims=True)) * np.sqrt(many / (many - 1))
        return found


def read(environment: str) -> Table:
    """Read a table."""
    with gzip.open(DATA / f"morl_{environment}.json.gz", "rt") as file:
        told = json.load(file)
    values, seconds = np.array(told["hypervolume"]), np.array(told["seconds"])
    return Table(
        environment, tuple(told["rows"]), values, seconds, np.array(told.get("score", values[:, :, -1].mean(1)))
    )


def write(table: Table) -> None:
    """Write a table."""
    told = {
        "rows": [dict(row) for row in table.rows],
        "hypervolume": np.round(table.hypervolume, 4).tolist(),
        "seconds": np.round(table.seconds, 4).tolist(),
        "score": np.round(table.score, 4).tolist(),
    }
    text = json.dumps(told, separators=(",", ":")).encode()
    (DATA / f"morl_{table.environment}.json.gz").write_bytes(gzip.compress(text, mtime=0))


def rows(many: int) -> list[Configuration]:
    """Return the default, and configurations at random."""
    space = MorlSpace()
    rng = np.random.default_rng(2310)
    return [space.default("tabular"), *(run(space.build, at_random(rng))[0] for _ in range(many - 1))]


def trained(trainer: MorlTrainer, candidate: Configuration, seed: int) -> tuple[list[float], float]:
    """Train once; return the hypervolume at each effort, and the CPU seconds of learning."""
    done, weights, values, seconds = 0.0, None, [], 0.0
    for effort in EFFORTS:
        outcome = trainer.train(candidate, effort=effort - done, weights=weights, seed=seed, report=lambda *_: None)
        done, weights = effort, outcome.weights
        values.append(float(outcome.metrics["hypervolume"]))
        seconds += float(outcome.metrics["cpu_seconds"])
    return values, seconds


def record(environment: str, many: int, seeds: int) -> Table:
    """Train everything."""
    trainer: Any = MorlTrainer(environment, seeds=1)
    values, seconds = np.zeros((many, seeds, len(EFFORTS))), np.zeros((many, seeds))
    for place, candidate in enumerate(rows(many)):
        for seed in range(seeds):
            values[place, seed], seconds[place, seed] = trained(trainer, candidate, seed)
    names = tuple(candidate.values for candidate in rows(many))
    return Table(environment, names, values, seconds, values[:, :, -1].mean(axis=1))


def scored(table: Table) -> Table:
    """Train those that a search might end with again, with seeds that are not in the table."""
    trainer: Any = MorlTrainer(table.environment, seeds=1)
    candidates, score = rows(len(table.rows)), table.hypervolume[:, :, -1].mean(axis=1)
    hopes = np.sort(table.hypervolume[:, :, -1], axis=1)[:, -3:].mean(axis=1)
    for place in np.argsort(-hopes)[:FINALISTS]:
        values = [
            trainer.train(candidates[place], effort=1.0, weights=None, seed=seed, report=lambda *_: None).metrics
            for seed in range(SEEDS, SEEDS + FURTHER)
        ]
        score[place] = np.mean([metrics["hypervolume"] for metrics in values])
    return replace(table, score=score)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--configurations", type=int, default=CONFIGURATIONS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--environments", nargs="*", default=ENVIRONMENTS)
    parser.add_argument("--score", action="store_true", help="only train the finalists of recorded tables again")
    given = parser.parse_args()
    for environment in given.environments:
        began = time.process_time()
        table = read(environment) if given.score else record(environment, given.configurations, given.seeds)
        table = scored(table)
        write(table)
        means = table.hypervolume.mean(axis=1)[:, -1]
        took = time.process_time() - began
        print(f"{environment}: default {means[0]:.3g}, best {means.max():.4g}, {took:.0f} CPU s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
