"""What parameter sharing saves and what it costs: the same search on Cora with inherited weights, and from scratch.

    python benchmarks/gnn_sharing.py

Both arms are `conservative` on space `gnn` with one worker. From scratch every network trains 100 epochs; with sharing
the first one does, and every other trains 20 epochs on from the layers that the bank has for it. Seconds are CPU
seconds of this process on one thread: controller, inheritance and training. The three networks of an arm with the best
validation accuracy are trained anew from scratch, 200 epochs, two seeds each; the one with the best mean validation
accuracy is the winner, which is trained so again, with other seeds, and tested then.

Whether a short training from shared weights tells good networks from bad ones is the rank correlation, over networks
of the sharing arm, of the score they had there with the one of 100 epochs from scratch; beside it, as a control, 20
epochs from scratch.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from automl.controllers.conservative import Conservative
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Result
from automl.search_spaces.gnn import Gnn, GnnSpace
from automl.testing.drive import drive
from automl.trainers.gnn import GnnTrainer

OBJECTIVES = Objectives.parse(["max:val_accuracy"])
ADAPTATION = 0.2
CPU_BAR, LOSS_BAR, RANK_BAR = 0.3, 1.2, 0.5
FINALISTS = 3
EVERY = 10
"""Evaluations between two lines."""


class Watched(GnnTrainer):
    """The trainer, saying now and then how far it is."""

    said, started = 0, 0.0

    def train(self, candidate: Gnn, **asked: Any) -> Outcome:
        outcome = super().train(candidate, **asked)
        self.said += 1
        if self.said % EVERY == 0:
            print(f"  {self.said:4} evaluations, {time.process_time() - self.started:6.0f} CPU s", flush=True)
        return outcome


def searched(space: GnnSpace, trainer: Watched, evaluations: int, seed: int, **settings: Any) -> list[Result]:
    """Search once."""
    trainer.said, trainer.started = 0, time.process_time()
    return drive(Conservative(space, OBJECTIVES, seed, **settings), space, trainer, evaluations, seed=seed)


def winner(results: Sequence[Result], epochs: int) -> Gnn:
    """Return the finalist that is best on validation nodes when it is trained in full."""
    trainer = GnnTrainer(final_epochs=epochs, repeats=2)
    ranked = sorted(results, key=lambda result: -result.metrics.get("val_accuracy", 0.0))
    finalists = [result.proposal.candidate for result in ranked[:FINALISTS]]
    found = [trainer.finish(one, weights=None, seed=2, report=quiet).metrics["val_accuracy"] for one in finalists]
    chosen: Gnn = finalists[int(np.argmax(found))]
    return chosen


def retrained(candidate: Gnn, epochs: int, repeats: int) -> dict[str, float]:
    """Train a winner from scratch with all seeds, and test it; accuracies in percent."""
    trainer = GnnTrainer(final_epochs=epochs, repeats=repeats)
    outcome = trainer.finish(candidate, weights=None, seed=1, report=quiet)
    assert outcome.weights is not None
    found = {**outcome.metrics, **trainer.test(candidate, outcome.weights)}
    return {name: 100.0 * value for name, value in found.items() if "accuracy" in name}


def scratch(trainer: GnnTrainer, candidates: Sequence[Gnn], effort: float) -> list[float]:
    """Return the scores of networks that inherit nothing."""
    return [
        float(trainer.train(one, effort=effort, weights=None, seed=i, report=quiet).metrics["val_accuracy"])
        for i, one in enumerate(candidates)
    ]


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the rank correlation; equal values share their mean rank."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Sequence[float]) -> np.ndarray[Any, Any]:
    array = np.array(values)
    return (array[:, None] > array).sum(axis=1) + 0.5 * (array[:, None] == array).sum(axis=1)


def quiet(step: int, metrics: Any) -> None:
    """Hear no report."""


def arm(name: str, space: GnnSpace, given: argparse.Namespace, **settings: Any) -> tuple[list[Result], float, float]:
    """Run one arm and print it; return its results, its CPU seconds, and the test accuracy of its winner."""
    trainer = Watched(epochs=given.epochs)
    trainer.train(Gnn(space.limits.smallest(2).layers), effort=0.01, weights=None, seed=0, report=quiet)  # loads code
    print(name, flush=True)
    results = searched(space, trainer, given.evaluations, given.seed, **settings)
    seconds = time.process_time() - trainer.started
    best = max(float(result.metrics.get("val_accuracy", 0.0)) for result in results)
    print(f"{name}: {seconds:.0f} CPU s for {len(results)} evaluations; best val {100 * best:.2f}", flush=True)
    chosen = winner(results, 2 * given.epochs)
    found = retrained(chosen, 2 * given.epochs, given.repeats)
    print(
        f"{name}: winner {space.describe(chosen)}; trained anew {given.repeats} times: "
        f"val {found['val_accuracy']:.2f} ± {found['val_accuracy_sd']:.2f}, "
        f"test {found['test_accuracy']:.2f} ± {found['test_accuracy_sd']:.2f}",
        flush=True,
    )
    return results, seconds, found["test_accuracy"]


def inheritance(results: Sequence[Result], space: GnnSpace) -> str:
    """Say how many layers came from the bank."""
    hits = [int(r.outcome.extras["inherited_layers"]) for r in results[1:] if r.outcome]  # type: ignore[call-overload]
    layers = [len(r.proposal.candidate.layers) for r in results[1:] if r.outcome]
    return (
        f"layers from the bank: {sum(hits) / sum(layers):.0%}; networks with all of theirs: "
        f"{np.mean([h == n for h, n in zip(hits, layers, strict=True)]):.0%}, with none: "
        f"{np.mean([h == 0 for h in hits]):.0%}; bank of {space.bank_bytes / 1e6:g} MB"
    )


def correlations(shared: Sequence[Result], given: argparse.Namespace) -> float:
    """Print how scores agree with those of a full training; return the rank correlation of the shared ones."""
    places = np.unique(np.linspace(1, len(shared) - 1, given.ranked).round().astype(int))
    chosen = [shared[int(i)] for i in places if shared[int(i)].outcome]
    candidates = [result.proposal.candidate for result in chosen]
    trainer = GnnTrainer(epochs=given.epochs)
    full, short = scratch(trainer, candidates, 1.0), scratch(trainer, candidates, ADAPTATION)
    found = spearman([float(r.metrics["val_accuracy"]) for r in chosen], full)
    print(
        f"over {len(chosen)} networks of the sharing arm, rank correlation with {given.epochs} epochs from scratch: "
        f"shared {found:.2f}, {round(ADAPTATION * given.epochs)} epochs from scratch {spearman(short, full):.2f}",
        flush=True,
    )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=6, help="seeds of each winner")
    parser.add_argument("--ranked", type=int, default=30, help="networks for the rank correlation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bank-mb", type=float, default=8.0)
    given = parser.parse_args()
    facts = GnnTrainer().facts()
    space = GnnSpace(features=facts["features"], outputs=facts["outputs"], bank_mb=given.bank_mb, known=False)  # type: ignore[arg-type]
    shared, cheap, test = arm("sharing", space, given, sharing=True, adaptation=ADAPTATION)
    print(inheritance(shared, space), flush=True)
    correlation = correlations(shared, given)
    _, dear, reference = arm("scratch", space, given)
    checks = {
        f"CPU seconds, sharing to scratch: {cheap / dear:.2f}, bar {CPU_BAR}": cheap / dear <= CPU_BAR,
        f"test accuracy lost: {reference - test:+.2f} points, bar {LOSS_BAR}": reference - test <= LOSS_BAR,
        f"rank correlation: {correlation:.2f}, bar {RANK_BAR} for sharing by default": correlation >= RANK_BAR,
    }
    for said, met in checks.items():
        print(f"{said}: {'met' if met else 'NOT met'}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
