"""Towers: a complete toy system without any training, for tests of controllers and of the engine.

A tower is blocks of layers with a width each, like a small convolutional network. It can be built, grown and
inherited. Its trainer answers at once from a smooth landscape shaped like the published learning curve of
EAS: the smallest tower has an accuracy of 0.49, width and depth help with diminishing returns, and noise of
0.01 is added.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.core.choices import Choose
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.records import Outcome, Weights
from automl.core.space import SearchSpace
from automl.core.trainer import Report, Trainer

WIDTHS = tuple(range(4, 44, 4))
BLOCKS = 4
DEPTHS = tuple(range(1, 7))
MOST_WORDS = BLOCKS * (max(DEPTHS) + 1) - 1


@dataclass(frozen=True, slots=True)
class Tower:
    """Widths of the layers, block by block."""

    blocks: tuple[tuple[int, ...], ...]


class TowerSpace(SearchSpace[Tower]):
    """Towers of four blocks, each of one to six layers of width 4 to 40."""

    def build(self, choose: Choose) -> Tower:
        blocks = []
        for b in range(BLOCKS):
            depth = choose(f"block{b}/depth", DEPTHS)
            blocks.append(tuple(choose(f"block{b}/layer{i}/width", WIDTHS) for i in range(depth)))
        return Tower(tuple(blocks))

    def load(self, json: Any) -> Tower:
        return Tower(tuple(tuple(block) for block in json["blocks"]))

    def dump(self, candidate: Tower) -> Any:
        return {"blocks": [list(block) for block in candidate.blocks]}

    def describe(self, candidate: Tower) -> str:
        return " | ".join(" ".join(map(str, block)) for block in candidate.blocks)

    def check(self, candidate: Tower) -> None:
        widths = itertools.chain.from_iterable(candidate.blocks)
        if len(candidate.blocks) != BLOCKS or not set(widths) <= set(WIDTHS):
            raise InvalidCandidate(f"{candidate} is not a tower of {BLOCKS} blocks with widths in {WIDTHS}.")
        if not all(len(block) in DEPTHS for block in candidate.blocks):
            raise InvalidCandidate(f"{candidate} has a block whose depth is not in {DEPTHS}.")

    def root(self) -> Tower:
        return Tower(((WIDTHS[0],),) * BLOCKS)

    def words(self, candidate: Tower) -> list[str]:
        sentence: list[str] = []
        for block in candidate.blocks:
            sentence += [f"layer-{width}" for width in block] + ["pool"]
        return sentence[:-1]

    def edits(self, parent: Tower) -> list[str]:
        wide = any(width < WIDTHS[-1] for block in parent.blocks for width in block)
        deep = any(len(block) < DEPTHS[-1] for block in parent.blocks)
        return ["widen"] * wide + ["deepen"] * deep

    def grow(self, parent: Tower, choose: Choose) -> Tower:
        if choose("edit", ("widen", "deepen"), allowed=self.edits(parent)) == "widen":
            return self._widen(parent, choose)
        return self._deepen(parent, choose)

    def _widen(self, parent: Tower, choose: Choose) -> Tower:
        """Any layers one notch wider, as the Net2Wider actor of EAS does."""
        blocks, place = [], 0
        for block in parent.blocks:
            widths = []
            for width in block:
                open_ = (False, True) if width < WIDTHS[-1] else (False,)
                yes = choose(f"widen/{place}", (False, True), allowed=open_)
                widths.append(WIDTHS[WIDTHS.index(width) + 1] if yes else width)
                place += 1
            place += 1  # the pool
            blocks.append(tuple(widths))
        return Tower(tuple(blocks))

    def _deepen(self, parent: Tower, choose: Choose) -> Tower:
        """One more layer, as wide as the one it follows, as the Net2Deeper actor of EAS does."""
        room = [b for b, block in enumerate(parent.blocks) if len(block) < DEPTHS[-1]]
        b = choose("deepen/block", tuple(range(BLOCKS)), allowed=room)
        block = parent.blocks[b]
        after = choose("deepen/after", tuple(range(DEPTHS[-1] - 1)), allowed=range(len(block)))
        taller = (*block[: after + 1], block[after], *block[after + 1 :])
        return Tower((*parent.blocks[:b], taller, *parent.blocks[b + 1 :]))

    def inherit(self, child: Tower, parent: Tower, weights: Weights) -> Weights | None:
        return {name: array.copy() for name, array in weights.items()}


class TowerTrainer(Trainer):
    """Answers from the landscape; the weights count the efforts along the lineage, to show inheritance."""

    accepts = ("towers",)
    metrics = {"val_accuracy": "max", "params": "min"}
    cost_unit = "parameters x effort"
    default_budget = {"trials": 60}

    def __init__(self, data: Any = None, *, noise: float = 0.01, pause: float = 0.0) -> None:
        if data is not None:
            raise UsageError("The landscape of towers takes no data.")
        self.noise = noise
        self.pause = pause

    def fingerprint(self) -> str:
        return f"towers:{self.noise}"

    def train(self, candidate: Tower, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        trained = effort + (float(weights["trained"][0]) if weights else 0.0)
        params = sum(a * b for block in candidate.blocks for a, b in itertools.pairwise((1, *block)))
        accuracy = landscape(candidate) + self.noise * np.random.default_rng(seed).standard_normal()
        metrics = {"val_accuracy": float(np.clip(accuracy, 0.0, 1.0)), "params": float(params)}
        if self.pause:  # a sleep of nothing, too, would let other processes go first
            time.sleep(self.pause)
        report(1, metrics)
        return Outcome(metrics, weights={"trained": np.array([trained])}, cost=params * effort)


WIDTH_GAIN, WIDTH_WORTH = 0.082, (0.6, 0.9, 1.0, 1.5)
DEPTH_GAIN, DEPTH_WORTH = 0.052, (0.2, 1.8, 1.4, 0.6)


def landscape(tower: Tower) -> float:
    """Return the noiseless accuracy of a tower, saturating in the width and in the depth of each block.

        0.49 + 0.082 Σ_b wide_b (1 - 2^(-n_b / 4)) + 0.052 Σ_b deep_b (1 - 0.75^(l_b - 1))

    n_b is how many notches of width the layers of block b have gained on average, l_b their number;
    wide and deep (`WIDTH_WORTH`, `DEPTH_WORTH`) say what a block is worth, so that a policy has
    something to learn: width pays most in the last block, depth in the second. The two gains were set
    once, on random growth alone (four times any layers wider with probability 1/2, then five times a
    layer inserted anywhere), to give a mean of 0.64 and a best of 150 of 0.70.
    """
    accuracy = 0.49
    for b, block in enumerate(tower.blocks):
        notches = float(np.mean(block)) / WIDTHS[0] - 1.0
        accuracy += WIDTH_GAIN * WIDTH_WORTH[b] * (1.0 - 2.0 ** (-notches / 4.0))
        accuracy += DEPTH_GAIN * DEPTH_WORTH[b] * (1.0 - 0.75 ** (len(block) - 1))
    return accuracy
