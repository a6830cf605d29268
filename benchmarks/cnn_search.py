"""Six ways to search small networks for Fashion-MNIST at equal training MACs, and a hand-written network beside them.

    python benchmarks/cnn_search.py                      # everything, 3 seeds, prints the table
    python benchmarks/cnn_search.py --seeds 7 --arms hill_climb random-4

Protocol: Fashion-MNIST at 14 x 14 pixels (2 x 2 means), 6,000 images to train on, 5,000 to select with, the 10,000 test
images touched once per finished network. Every search gets the same training MACs, the training of its start net
included; every network stays below the same MACs per image. Growing controllers and scratch ones alike end with a full
training of their winner, from kept weights and from scratch. The epochs per network of random search are tuned: it is
run with 2, 4 and 8, and the growing controllers are compared with the best of the three. MACs are counted, not seconds.

The data are those of Debian's package dataset-fashion-mnist, or any folder with the four IDX files (`--data`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SEARCH_MACS = 3e11
MOST_MACS = 300_000
TRAINER = {
    "trainer.shrink": 2, "trainer.train_images": 6000, "trainer.validation_images": 5000, "trainer.final_epochs": 20,
    "trainer.batch_size": 64,
}  # fmt: skip
SPACE = {"space.max_macs": MOST_MACS, "space.max_params": 0}
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "transformation": ("transformation", {"trainer.epochs": 2}),
    "hill_climb": ("hill_climb", {"trainer.epochs": 2}),
    "evolution": ("evolution", {"trainer.epochs": 4}),
    "bayesian": ("bayesian", {"trainer.epochs": 4}),
    "random-2": ("random", {"trainer.epochs": 2}),
    "random-4": ("random", {"trainer.epochs": 4}),
    "random-8": ("random", {"trainer.epochs": 8}),
}
GROWING = ("transformation", "hill_climb")
SCRATCH = ("random-2", "random-4", "random-8")
HAND = "hand-written"


def run_arm(arm: str, seed: int, data: str, folder: str) -> dict[str, Any]:
    """Run one search, or train the hand-written network, in this process; return what the table needs."""
    if arm == HAND:
        return run_hand_written(seed, data)
    import automl
    from automl.reading import open_archive

    controller, settings = ARMS[arm]
    out = Path(folder) / f"{arm}-{seed}"
    summary = automl.search(
        "cnn", data=data, controller=controller, cost=SEARCH_MACS, seed=seed, out=str(out), optuna="none",
        mlflow="none", baselines=["none"], quiet=True, set={**TRAINER, **SPACE, **settings},
    )  # fmt: skip
    finals = {body["start"]: body["metrics"] for body in summary.json["final"]}
    return {
        "curve": open_archive(out).best_so_far(by="cost"),
        "trials": summary.json["trials"],
        "val": summary.best.metrics["val_accuracy"],
        "macs": summary.best.metrics["macs"],
        "params": summary.best.metrics["params"],
        "text": summary.json["best"]["text"],
        **{start: metrics["test_accuracy"] for start, metrics in finals.items()},
        **{f"{start}_val": metrics["val_accuracy"] for start, metrics in finals.items()},
    }


def run_hand_written(seed: int, data: str) -> dict[str, Any]:
    """Train one sensible network of about the largest size: widths doubling with each pooling, two layers a block."""
    from automl.registry import load

    settings = {key.removeprefix("trainer."): value for key, value in TRAINER.items()}
    trainer = load("trainers", "cnn")(data, **settings)
    space = load("search_spaces", "cnn")(
        **{k: v for k, v in trainer.facts().items() if k in ("input_shape", "classes")},
        max_macs=MOST_MACS,
        max_params=0,
    )
    candidate = space.load(hand_written())
    space.check(candidate)
    outcome = trainer.finish(candidate, weights=None, seed=seed, report=lambda *_: None)
    test = trainer.test(candidate, outcome.weights)["test_accuracy"]
    metrics = outcome.metrics
    return {
        "curve": [], "trials": 1, "val": metrics["val_accuracy"], "macs": metrics["macs"], "params": metrics["params"],
        "text": space.describe(candidate), "scratch": test, "scratch_val": metrics["val_accuracy"],
    }  # fmt: skip


def hand_written() -> dict[str, Any]:
    """Return C8-P-C16-C16-P-C24-C32-GAP, all kernels 3 x 3: 277 k MACs at 14 x 14."""
    widths = ((8,), (16, 16), (24, 32))
    names = iter(range(99))
    blocks = [[{"conv": width, "kernel": 3, "id": f"c{next(names)}"} for width in block] for block in widths]
    return {"blocks": blocks, "pools": ["max", "max"], "head": "gap", "hidden": []}


def run_all(arms: Sequence[str], seeds: Sequence[int], data: str, at_once: int) -> dict[tuple[str, int], Any]:
    """Run every arm with every seed, each in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:

        def run(job: tuple[str, int]) -> None:
            command = [sys.executable, __file__, "--data", data, "--one", job[0], str(job[1]), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{job} failed:\n{done.stderr[-2000:]}")
            found[job] = json.loads(done.stdout.splitlines()[-1])
            print(f"  {job[0]}, seed {job[1]}: {found[job]}", file=sys.stderr)

        list(pool.map(run, [(arm, seed) for seed in seeds for arm in arms]))
    return found


def spread(values: Sequence[float | None], scale: float = 100.0, digits: int = 2) -> str:
    """Return mean and standard deviation over the seeds."""
    known = [value * scale for value in values if value is not None]
    if not known:
        return "-"
    deviation = statistics.stdev(known) if len(known) > 1 else 0.0
    return f"{statistics.mean(known):.{digits}f} ± {deviation:.{digits}f}"


def cost_to_reach(curve: Sequence[Sequence[float]], accuracy: float) -> float | None:
    """Return the training MACs after which a search had found a validation accuracy, None if it never did."""
    return next((cost for cost, best in curve if best >= accuracy), None)


def print_table(found: dict[tuple[str, int], Any], arms: Sequence[str], seeds: Sequence[int]) -> None:
    """Print accuracy, size and number of networks of every arm."""
    columns = "val in search", "test, kept", "test, scratch", "test, chosen", "k MACs", "k params", "nets"
    print(f"{'':15}" + "".join(f"{name:>16}" for name in columns))
    for arm in arms:
        runs = [found[arm, seed] for seed in seeds]
        cells = [
            spread([run["val"] for run in runs]),
            spread([run.get("kept") for run in runs]),
            spread([run.get("scratch") for run in runs]),
            spread([chosen(run) for run in runs]),
            spread([run["macs"] for run in runs], 1e-3, 0),
            spread([run["params"] for run in runs], 1e-3, 1),
            spread([run["trials"] for run in runs], 1.0, 0),
        ]
        print(f"{arm:15}" + "".join(f"{cell:>16}" for cell in cells))


def chosen(run: dict[str, Any]) -> float:
    """Return the test accuracy of the full training that validation data choose."""
    starts = [start for start in ("kept", "scratch") if start in run]
    best = max(starts, key=lambda start: run[f"{start}_val"])
    return float(run[best])


def print_verdict(found: dict[tuple[str, int], Any], arms: Sequence[str], seeds: Sequence[int]) -> None:
    """Compare the growing controllers with the best-tuned random search and with the hand-written network."""
    random = max(
        (arm for arm in SCRATCH if arm in arms), key=lambda arm: statistics.mean(found[arm, s]["val"] for s in seeds)
    )
    print(f"\nbest-tuned random search by validation: {random}")
    for arm in (arm for arm in GROWING if arm in arms):
        ratios = []
        for seed in seeds:
            target = found[random, seed]["curve"][-1][1]
            spent = next(cost for cost, best in found[random, seed]["curve"] if best >= target)
            reached = cost_to_reach(found[arm, seed]["curve"], target)
            ratios.append(float("inf") if reached is None else reached / spent)
        gain = statistics.mean(chosen(found[arm, s]) - chosen(found[random, s]) for s in seeds) * 100
        share = statistics.median(ratios)
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{arm}: reaches its best validation accuracy with {share:.2f} of its MACs (by seed {each}; goal 0.50)")
        print(f"{arm}: ends {gain:+.2f} points from it on test (goal +0.30)")
        if HAND in arms:
            hand = statistics.mean(chosen(found[arm, s]) - chosen(found[HAND, s]) for s in seeds) * 100
            print(f"{arm}: ends {hand:+.2f} points from the hand-written network on test (goal +0.30)")


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=[*ARMS, HAND])
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--one", nargs=3, metavar=("ARM", "SEED", "FOLDER"))
    options = parser.parse_args()
    if options.one:
        arm, seed, folder = options.one
        print(json.dumps(run_arm(arm, int(seed), options.data, folder)))
        return
    found = run_all(options.arms, options.seeds, options.data, options.at_once)
    print(f"Fashion-MNIST 14 x 14, {SEARCH_MACS:.0e} training MACs per search, at most {MOST_MACS:,} MACs per image")
    print(f"accuracy in %, mean ± standard deviation over seeds {', '.join(map(str, options.seeds))}\n")
    print_table(found, options.arms, options.seeds)
    print_verdict(found, options.arms, options.seeds)
    print("\nnetworks found with the first seed:")
    for arm in options.arms:
        print(f"  {arm:15} {found[arm, options.seeds[0]]['text']}")


if __name__ == "__main__":
    main()
