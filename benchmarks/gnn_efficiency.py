"""How quickly controllers find good graph networks: best validation accuracy so far, on real trainings on Cora.

    python benchmarks/gnn_efficiency.py --table runs/gnn_efficiency.jsonl

100 evaluations, five seeds, each controller. A network is trained once, whoever proposes it: its seed comes from its
own key, and its accuracy is written into a table that all searches read. So every controller sees the same landscape, a
proposal that was made before costs nothing but counts, and a run that was interrupted goes on where it was. To be
affordable, networks have at most 64 heads x width, and train 40 epochs instead of 100.

Printed are the mean of the best accuracy after 10, 25, 50 and 100 evaluations, the area under the curve (the mean of
the best so far over all evaluations), and for the last two the difference from random search with its 95% bounds, by
bootstrap over seeds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from automl.controllers.bayesian import Bayesian
from automl.controllers.conservative import Conservative
from automl.controllers.evolution import Evolution
from automl.controllers.random import Random
from automl.controllers.reinforce import Reinforce
from automl.core.controller import Controller
from automl.core.objectives import Objectives
from automl.core.records import Outcome
from automl.core.trainer import Trainer
from automl.search_spaces.gnn import Gnn, GnnSpace
from automl.testing.drive import drive
from automl.trainers.gnn import GnnTrainer

OBJECTIVES = Objectives.parse(["max:val_accuracy"])
ARMS: dict[str, Callable[..., Controller]] = {
    "random": Random,
    "conservative": Conservative,
    "reinforce": Reinforce,
    "evolution": partial(Evolution, population=20, sample=5),
    "bayesian": Bayesian,
}
PLACES = (10, 25, 50, 100)
GAIN_BAR = 0.5


class Recorded(Trainer):
    """Trains a network when it is first met, and remembers what came out.

    Args:
        space: tells which networks are the same.
        trainer: trains them.
        path: the table, one JSON per line; the first says what it is a table of.

    Attributes:
        known: accuracy by key.
        seconds: CPU seconds of all trainings in the table.
    """

    accepts = ("gnn",)
    metrics = {"val_accuracy": "max"}

    def __init__(self, space: GnnSpace, trainer: GnnTrainer, path: Path) -> None:
        self._space, self._trainer, self._path = space, trainer, path
        self.known: dict[str, float] = {}
        self.seconds = 0.0
        self._read()

    def _read(self) -> None:
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._write({"fingerprint": self.fingerprint()})
            return
        head, *rows = map(json.loads, self._path.read_text().splitlines())
        if head["fingerprint"] != self.fingerprint():
            sys.exit(f"{self._path} is a table of other trainings. Name another file, or remove this one.")
        self.known = {row["key"]: row["val_accuracy"] for row in rows}
        self.seconds = sum(row["seconds"] for row in rows)

    def _write(self, row: Mapping[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def fingerprint(self) -> str:
        return self._trainer.fingerprint()

    def train(self, candidate: Gnn, *, effort: float, weights: Any, seed: int, report: Any) -> Outcome:
        key = self._space.key(candidate)
        if key not in self.known:
            self._learn(key, candidate)
        return Outcome({"val_accuracy": self.known[key]})

    def _learn(self, key: str, candidate: Gnn) -> None:
        seed = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "little")
        started = time.process_time()
        outcome = self._trainer.train(candidate, effort=1.0, weights=None, seed=seed, report=lambda step, found: None)
        seconds = time.process_time() - started
        self.known[key] = float(outcome.metrics["val_accuracy"])
        self.seconds += seconds
        self._write({"key": key, "val_accuracy": self.known[key], "seconds": round(seconds, 3)})


def curve(make: Callable[..., Controller], recorded: Recorded, space: GnnSpace, evaluations: int, seed: int) -> Any:
    """Return the best accuracy so far in percent, after each evaluation."""
    results = drive(make(space, OBJECTIVES, seed), space, recorded, evaluations, seed=seed)
    return 100.0 * np.maximum.accumulate([float(result.metrics["val_accuracy"]) for result in results])


def difference(mine: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Return the difference of two means and its 95% bounds, each good for a one-sided statement."""
    rng = np.random.default_rng(0)
    means = [rng.choice(scores, (10_000, len(scores))).mean(axis=1) for scores in (mine, other)]
    low, high = np.quantile(means[0] - means[1], (0.05, 0.95))
    return float(np.mean(mine) - np.mean(other)), float(low), float(high)


def row(arm: str, curves: Any, random: Any) -> str:
    """Return the line of one controller: curves are (seeds, evaluations)."""
    places = [place for place in PLACES if place <= curves.shape[1]]
    after = "".join(f"{curves[:, place - 1].mean():7.2f}" for place in places)
    gains = [
        "{:+6.2f} ({:+.2f} to {:+.2f})".format(*difference(mine, other))
        for mine, other in ((curves[:, -1], random[:, -1]), (curves.mean(axis=1), random.mean(axis=1)))
    ]
    spread, area = curves[:, -1].std(), curves.mean()
    return f"{arm:13}{after}  ± {spread:4.2f}  area {area:6.2f}  - random {gains[0]}  area {gains[1]}"


def verdict(curves: Mapping[str, Any]) -> int:
    """Print the bars and who else came above; return the exit code."""
    last = {arm: float(found[:, -1].mean()) for arm, found in curves.items()}
    area = {arm: float(found.mean()) for arm, found in curves.items()}
    gain = last["conservative"] - last["random"]
    checks = {
        f"conservative above random: {gain:+.2f}, bar +{GAIN_BAR}": gain >= GAIN_BAR,
        "conservative at least reinforce": last["conservative"] >= last["reinforce"],
        "area: conservative above random": area["conservative"] > area["random"],
        "area: conservative at least reinforce": area["conservative"] >= area["reinforce"],
    }
    for said, met in checks.items():
        print(f"{said}: {'met' if met else 'NOT met'}")
    for other in ("evolution", "bayesian"):
        print(f"conservative - {other}: {last['conservative'] - last[other]:+.2f} (no bar)")
    return 0 if all(checks.values()) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", type=Path, default=Path("runs/gnn_efficiency.jsonl"))
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--max-width", type=int, default=64)
    given = parser.parse_args()
    trainer = GnnTrainer(epochs=given.epochs)
    facts: Any = trainer.facts()
    space = GnnSpace(features=facts["features"], outputs=facts["outputs"], max_width=given.max_width, known=False)
    recorded = Recorded(space, trainer, given.table)
    curves: dict[str, list[Any]] = {arm: [] for arm in ARMS}
    for seed in range(given.seeds):
        for arm, make in ARMS.items():
            started = time.process_time()
            curves[arm].append(curve(make, recorded, space, given.evaluations, seed))
            print(
                f"seed {seed} {arm:13} best {curves[arm][-1][-1]:.2f}, {time.process_time() - started:5.0f} CPU s; "
                f"{len(recorded.known)} networks so far, {recorded.seconds:.0f} CPU s",
                flush=True,
            )
    print(
        f"\nCora, {given.evaluations} evaluations, {given.seeds} seeds, {given.epochs} epochs, at most "
        f"{given.max_width} heads x width: {len(recorded.known)} networks trained in {recorded.seconds:.0f} CPU s for "
        f"{len(ARMS) * given.seeds * given.evaluations} evaluations\n"
        f"best validation accuracy after {', '.join(map(str, PLACES))} evaluations, x 100"
    )
    stacked = {arm: np.array(found) for arm, found in curves.items()}
    for arm, found in stacked.items():
        print(row(arm, found, stacked["random"]))
    return verdict(stacked)


if __name__ == "__main__":
    sys.exit(main())
