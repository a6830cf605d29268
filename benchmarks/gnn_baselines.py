"""Two published networks and random ones, trained by trainer `gnn`: accuracy over seeds, and what they cost.

    python benchmarks/gnn_baselines.py                                # Cora, 10 seeds
    python benchmarks/gnn_baselines.py --citeseer FOLDER --seeds 20   # FOLDER holds the files ind.citeseer.*

Protocol: the public split of Planetoid, 200 epochs, the epoch with the best validation accuracy (of equals the lower
validation loss), test nodes read once per finished network. GCN 16 is Kipf and Welling's (lr 0.01, dropout 0.5), GAT
8x8 is Veličković's (lr 0.005, dropout 0.6); both without norms, weight decay 5e-4. Random networks are drawn from
space `gnn` within its limits and trained as a search trains them, 100 epochs with layer norm. Seconds are CPU seconds
of one thread, without imports; on a machine that others use, the fastest of the seeds is closest to the truth.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from lib.planetoid import citeseer

from automl.core.choices import at_random, run
from automl.search_spaces.gnn import Gnn, GnnSpace, Layer
from automl.trainers.gnn import GnnTrainer

RECIPES: dict[str, tuple[int, int, dict[str, float]]] = {
    "GCN 16": (1, 16, {"lr": 0.01, "dropout": 0.5}),
    "GAT 8x8": (8, 8, {"lr": 0.005, "dropout": 0.6}),
}
BARS = {
    ("GCN 16", "cora"): 81.0,
    ("GAT 8x8", "cora"): 82.2,
    ("GCN 16", "citeseer"): 70.3,
    ("GAT 8x8", "citeseer"): 71.0,
}
CPU_BAR = {("GAT 8x8", "cora"): 5.0}


def network(name: str, classes: int) -> Gnn:
    """Return a published network."""
    heads, width, _ = RECIPES[name]
    attention, activation = ("gcn", "relu") if name.startswith("GCN") else ("gat", "elu")
    hidden = Layer(width, heads, attention, "sum", "identity", activation)
    return Gnn((hidden, Layer(classes, 1, attention, "sum", "identity", "linear")))


def quiet(step: int, metrics: Any) -> None:
    """Hear no report."""


def baseline(name: str, data: Any, where: str, seeds: int) -> str:
    trainer = GnnTrainer(data, epochs=200, norm="none", **RECIPES[name][2])
    candidate = network(name, trainer.graph.outputs)
    trainer.train(candidate, effort=0.02, weights=None, seed=0, report=quiet)  # tensors are made, code is loaded
    seconds, found = [], []
    for seed in range(seeds):
        before = time.process_time()
        outcome = trainer.train(candidate, effort=1.0, weights=None, seed=seed, report=quiet)
        seconds.append(time.process_time() - before)
        assert outcome.weights is not None
        found.append((outcome.metrics["val_accuracy"], trainer.test(candidate, outcome.weights)["test_accuracy"]))
    val, test = (100 * np.array(part) for part in zip(*found, strict=True))
    bars = [verdict(test.mean() >= bar, f"at least {bar}") for key, bar in BARS.items() if key == (name, where)]
    bars += [verdict(min(seconds) <= bar, f"at most {bar} s") for key, bar in CPU_BAR.items() if key == (name, where)]
    return (
        f"{where:9} {name:8} val {val.mean():5.2f} ± {val.std(ddof=1):4.2f}  test {test.mean():5.2f} ± "
        f"{test.std(ddof=1):4.2f}  CPU s {min(seconds):5.2f} to {max(seconds):5.2f}, median "
        f"{statistics.median(seconds):5.2f}  {'; '.join(bars)}"
    )


def verdict(passed: bool, bar: str) -> str:
    return f"{bar}: {'pass' if passed else 'FAIL'}"


def random_networks(data: Any, where: str, count: int) -> str:
    trainer = GnnTrainer(data)
    facts = trainer.facts()
    space = GnnSpace(features=facts["features"], outputs=facts["outputs"])
    seconds, found = [], []
    for seed in range(count):
        candidate, _ = run(space.build, at_random(np.random.default_rng(seed)))
        before = time.process_time()
        outcome = trainer.train(candidate, effort=1.0, weights=None, seed=seed, report=quiet)
        seconds.append(time.process_time() - before)
        found.append(outcome.metrics["val_accuracy"])
    share = sum(value > 0.7 for value in found) / count
    return (
        f"{where:9} {count} random networks, 100 epochs: CPU s mean {statistics.mean(seconds):.2f}, median "
        f"{statistics.median(seconds):.2f}, most {max(seconds):.2f}; val median {statistics.median(found):.3f}, best "
        f"{max(found):.3f}, {share:.0%} above 0.7"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--random", type=int, default=20, help="random networks on each graph")
    parser.add_argument("--citeseer", type=Path, help="folder with the files ind.citeseer.*")
    args = parser.parse_args()
    graphs: list[tuple[str, Any]] = [("cora", None)]
    if args.citeseer:
        graphs.append(("citeseer", citeseer(args.citeseer)))
    for where, data in graphs:
        for name in RECIPES:
            print(baseline(name, data, where, args.seeds), flush=True)
        if args.random:
            print(random_networks(data, where, args.random), flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
