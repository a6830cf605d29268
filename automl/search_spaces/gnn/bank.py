"""The bank of explored layers: the best-known weights of every kind of layer, small enough to travel.

A bank lives among the weights of an evaluation, as arrays named `bank/KIND/PART`, and `score` is what the evaluation
was worth. So a search that always inherits from its latest evaluation hands the bank on, and nothing else has to know.
When a parent hands on, its own layers are entered first; of two layers of one kind the one from the better network
stays. Beyond its capacity the bank forgets the layers from the worst networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.records import Weights
from automl.search_spaces.gnn.candidate import Gnn
from automl.search_spaces.gnn.size import Task, shapes

Array: TypeAlias = npt.NDArray[Any]

PREFIX = "bank/"
SCORE = "score"
"""Name of the array, without axes, that says what an evaluation was worth; more is better."""


def kinds(candidate: Gnn, features: int, task: Task) -> list[str]:
    """Return what each layer is, as far as its trained weights are concerned.

    Two layers of one kind stand at the same place, and have tensors of the same shapes, the same attention and the same
    activation: the paper's condition for sharing. How messages are aggregated is no part of it. Where norms are
    searched, the layers are those of networks with the same one: it changes what a layer's output becomes.
    """
    norm = "" if candidate.norm is None else f"-{candidate.norm}"
    return [
        f"{place}-{shape.inputs}-{shape.heads}x{shape.width}-{'avg' if shape.averaged else 'cat'}"
        f"-{layer.attention}-{layer.combine}-{layer.activation}{norm}"
        for place, (layer, shape) in enumerate(zip(candidate.layers, shapes(candidate, features, task), strict=True))
    ]


def layer_prefix(place: int) -> str:
    """Return how the names of a layer's own arrays begin; norms and skip connections begin otherwise."""
    return f"layer{place}."


@dataclass(slots=True)
class Bank:
    """Layers by kind.

    Attributes:
        capacity: most bytes.
        layers: arrays of each kind by their part, `score` among them.
    """

    capacity: int
    layers: dict[str, dict[str, Array]] = field(default_factory=dict)

    @classmethod
    def read(cls, weights: Weights, capacity: int) -> Bank:
        """Return the bank among the weights of an evaluation."""
        bank = cls(capacity)
        for name, array in weights.items():
            if name.startswith(PREFIX):
                kind, _, part = name.removeprefix(PREFIX).partition("/")
                bank.layers.setdefault(kind, {})[part] = array
        return bank

    def enter(self, weights: Weights, every: list[str]) -> None:
        """Enter the layers of a trained network, of the kinds `every`, where they are the best known."""
        score = float(weights.get(SCORE, np.float64(0.0)))
        for place, kind in enumerate(every):
            prefix = layer_prefix(place)
            arrays = {name.removeprefix(prefix): a for name, a in weights.items() if name.startswith(prefix)}
            if not arrays or not all(np.isfinite(array).all() for array in arrays.values()):
                continue  # whoever inherited from a diverged layer would diverge, too
            if kind not in self.layers or score >= float(self.layers[kind][SCORE]):
                self.layers.pop(kind, None)  # the latest comes last, and is forgotten last among equals
                self.layers[kind] = {**arrays, SCORE: np.array(score)}

    def forget(self) -> None:
        """Forget layers from the worst networks until the rest is small enough."""
        size = sum(_bytes(layer) for layer in self.layers.values())
        for kind in sorted(self.layers, key=lambda kind: float(self.layers[kind][SCORE])):
            if size <= self.capacity:
                return
            size -= _bytes(self.layers.pop(kind))

    def take(self, kind: str, place: int) -> Iterator[tuple[str, Array]]:
        """Return copies of a layer's arrays under their names in a network; nothing if its kind is unknown."""
        for part, array in self.layers.get(kind, {}).items():
            if part != SCORE:
                yield layer_prefix(place) + part, array.copy()

    def written(self) -> Iterator[tuple[str, Array]]:
        """Return copies of all arrays, named as they travel."""
        for kind, layer in self.layers.items():
            for part, array in layer.items():
                yield f"{PREFIX}{kind}/{part}", array.copy()


def network_arrays(weights: Weights) -> dict[str, Array]:
    """Return the arrays of the network alone."""
    return {name: array for name, array in weights.items() if not name.startswith(PREFIX) and name != SCORE}


def bank_arrays(weights: Weights) -> dict[str, Array]:
    """Return copies of the bank's arrays alone, for whoever trains the network and hands the bank on."""
    return {name: array.copy() for name, array in weights.items() if name.startswith(PREFIX)}


def _bytes(layer: Mapping[str, Array]) -> int:
    return sum(array.nbytes for array in layer.values())
