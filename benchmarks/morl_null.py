"""Where nothing is to be found the comparison says so: the default against itself, on disjoint seeds.

    python benchmarks/morl_null.py

Each repetition trains the default with 20 seeds and, as if it were a winner, with 20 others, and compares the two as a
search does at its end. At a level of 95 % one repetition in twenty is wrong by chance; the bar is 17 of 20 that say
that no gain can be detected. An interval that is a point says nothing, so tasks are those on which the default varies:
fruit-tree, and resource-gathering with ties at random.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np

from automl.core.domains import Value
from automl.search_spaces.morl.space import MorlSpace
from automl.trainers.morl.comparison import compare
from automl.trainers.morl.trainer import MorlTrainer

TASKS: dict[str, dict[str, Value]] = {"fruit-tree-v0": {}, "resource-gathering-v0": {"ties": "random"}}
SEEDS, BAR = 20, 0.85


def values(environment: str, changed: dict[str, Value], many: int) -> Any:
    """Return the hypervolume of so many trainings of the default, each with a seed of its own."""
    space, trainer = MorlSpace(), MorlTrainer(environment, seeds=1)
    own = {**space.default("tabular").values, **changed}
    candidate = space.load({"algorithm": "tabular", "hyperparameters": own})
    return np.array([
        trainer.train(candidate, effort=1.0, weights=None, seed=seed, report=lambda *_: None).metrics["hypervolume"]
        for seed in range(many)
    ])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    code = 0
    for environment, changed in TASKS.items():
        began = time.process_time()
        found = values(environment, changed, repetitions * SEEDS * 2).reshape(repetitions, 2, SEEDS)
        told = [compare(one, other) for one, other in found]
        silent = sum(not each.detectable for each in told)
        covered = "; ".join(f"[{each.gain_low:.3g}, {each.gain_high:.3g}]" for each in told if each.detectable)
        name = f"{environment}{''.join(f' {key}={value}' for key, value in changed.items())}"
        print(f"{name}: {found.mean():.4g}, from {found.min():.4g} to {found.max():.4g} over {found.size} seeds")
        print(f"  median interval of the gain {np.median([each.gain_high - each.gain_low for each in told]):.4g} wide")
        met = silent >= BAR * repetitions
        code |= not met
        print(
            f"  no detectable gain in {silent} of {repetitions}, n={SEEDS} each, bar {BAR * repetitions:.0f}:"
            f" {'met' if met else 'NOT met'}; others: {covered or 'none'}; {time.process_time() - began:.0f} CPU s",
            flush=True,
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
