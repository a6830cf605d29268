"""The guided modifier's first question: which classes of actions are rewritten (Auto-GNN, section "controller").

The decision entropy of a class is the sum of the entropies of its answers. A class of many choices with many
alternatives always has more of it, so it is compared with what it could be at most (`normalised`), or not
(`proportional`, `softmax`, `argmax`). The latter two starve small classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np

from automl.controllers._agnn.policy import drawn
from automl.controllers._agnn.words import Sentence

ClassChoice: TypeAlias = Literal["normalised", "proportional", "softmax", "argmax"]
CLASS_CHOICES: tuple[str, ...] = get_args(ClassChoice)
_LEAST = 1e-9
"""Weight of a class that is decided: it is not forgotten."""


def without(sentence: Sentence, group: str) -> Sentence:
    """Return the subarchitecture: the sentence without the words of one class."""
    return tuple(w for w in sentence if w.group != group)


def of(sentence: Sentence, group: str) -> Sentence:
    """Return the words of one class."""
    return tuple(w for w in sentence if w.group == group)


def weights(entropies: Mapping[str, tuple[float, float]], choice: ClassChoice) -> dict[str, float]:
    """Return the weight of each class, from its decision entropy and the most it could be, in nats."""
    if choice == "normalised":
        return {group: found / most + _LEAST for group, (found, most) in entropies.items()}
    if choice == "softmax":
        highest = max(found for found, _ in entropies.values())
        return {group: math.exp(found - highest) + _LEAST for group, (found, _) in entropies.items()}
    return {group: found + _LEAST for group, (found, _) in entropies.items()}


def chosen(weight: Mapping[str, float], count: int, rng: np.random.Generator | None) -> list[str]:
    """Return `count` classes: drawn without replacement in proportion to their weights, or the heaviest without rng."""
    groups, count = list(weight), min(count, len(weight))
    if rng is None:
        return sorted(groups, key=lambda group: -weight[group])[:count]
    shares, taken = np.array([weight[group] for group in groups]), list[str]()
    for _ in range(count):
        place = drawn(shares, rng)
        taken.append(groups[place])
        shares[place] = 0.0
    return taken
