"""Weights of a grown network from those of its ancestor, by comparing the two: no list of edits is needed.

Child and parent are walked side by side, in the order of the data. At each step a map g says which channel of
the parent each channel of the child repeats (`replication`). A layer both have is carried over: outputs
gathered by its new map, inputs by the map it receives. A layer only the child has is an identity, composed
with the maps around it; a new residual block adds zero. So any number of edits between parent and child, in
any order, comes down to one pass.

The function is kept in eval mode for every child that `edits` can grow. Inserted convolutions and hidden
layers come without their batch norm, which the trainer calibrates on data; their edit is the only one whose
training-mode function is kept nearly and not exactly. What comes behind the first difference that no growth
explains is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from automl.core.records import Weights
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Part, Residual
from automl.search_spaces.cnn.replication import Array, Map, Replication, Symmetry, enlarge, flattened
from automl.search_spaces.cnn.size import shapes

_NORM = ("weight", "bias", "running_mean", "running_var")


def inherit(
    child: Cnn,
    parent: Cnn,
    weights: Weights,
    *,
    input_shape: tuple[int, ...],
    symmetry: Symmetry,
    rng: np.random.Generator,
) -> dict[str, Array] | None:
    """Return the child's weights made from the parent's, as new arrays; None if nothing carries over.

    Args:
        child: the network to make weights for.
        parent: the network the weights belong to.
        weights: its arrays, named as in `automl.trainers.cnn.network`.
        input_shape: channels, height and width of the images.
        symmetry: how replicas are made to differ.
        rng: the source of all draws.
    """
    walk = _Walk(weights, Replication(symmetry, rng), np.arange(input_shape[0]), input_shape[0])
    known = {part.id for part in parent.parts() if not isinstance(part, str)}
    ahead = list(parent.parts())
    for part, (_, height, across) in zip(child.parts(), shapes(child, input_shape), strict=False):
        if ahead and _same(part, ahead[0]):
            arrived = walk.carry(part, height * across)
            ahead.pop(0)
        else:
            arrived = not isinstance(part, str) and part.id not in known and walk.insert(part)
        if not arrived:
            return walk.made or None
    if not ahead:
        walk.classifier()
    return walk.made or None


def _same(part: Part, other: Part) -> bool:
    """Tell whether a part of the child is, grown or not, a part of the parent."""
    if isinstance(part, str) or isinstance(other, str):
        return part == other
    return part.id == other.id


@dataclass(slots=True)
class _Walk:
    """Where the walk stands: the map of the tensor at hand, the parent's channels in it, the arrays made."""

    weights: Weights
    replication: Replication
    map: Map
    channels: int
    made: dict[str, Array] = field(default_factory=dict)

    def carry(self, part: Part, pixels: int) -> bool:
        """Carry over what both networks have; False, with nothing made, if the weights do not allow it."""
        match part:
            case Conv():
                return self._layer(f"{part.id}.conv.weight", f"{part.id}.bn", part.filters, part.kernel)
            case Hidden():
                return self._layer(f"{part.id}.linear.weight", f"{part.id}.bn", part.units, 1)
            case Residual():
                return self._residual(part)
            case "flatten":
                self.map, self.channels = flattened(self.map, pixels), self.channels * pixels
        return True

    def insert(self, part: Conv | Residual | Hidden) -> bool:
        """Make an identity of a layer only the child has; False where there is none."""
        if not self.made:
            return False  # the images may be negative, and ReLU would cut them
        dtype = next(iter(self.made.values())).dtype
        if isinstance(part, Residual):
            for name in ("weight", "bias"):
                self.made[f"{part.id}.bn2.{name}"] = np.zeros(len(self.map), dtype)
            return True
        width = part.filters if isinstance(part, Conv) else part.units
        if width < self.channels:
            return False
        same = width == len(self.map)
        outputs = self.map if same else self.replication.widen(self.channels, width)
        matrix = self.replication.identity(outputs, self.map, dtype)
        if isinstance(part, Conv):
            self.made[f"{part.id}.conv.weight"] = self.replication.kernel(matrix, part.kernel)
        else:
            self.made[f"{part.id}.linear.weight"] = self.replication.perturbed(matrix)
        self.map = outputs
        return True

    def classifier(self) -> None:
        """Carry over the last layer, whose outputs are the classes."""
        weight, bias = self.weights.get("classifier.weight"), self.weights.get("classifier.bias")
        if weight is not None and bias is not None and weight.shape[1] == self.channels:
            self.made["classifier.weight"] = self.replication.consume(weight, self.map)
            self.made["classifier.bias"] = bias.copy()

    def _layer(self, name: str, norm: str, width: int, kernel: int) -> bool:
        weight = self._fitting(name, norm, width, kernel)
        if weight is None:
            return False
        outputs = self.replication.widen(len(weight), width)
        self._make(name, norm, weight, outputs, self.map, kernel)
        self.map, self.channels = outputs, len(weight)
        return True

    def _residual(self, part: Residual) -> bool:
        """Carry over both convolutions; the stream keeps its map, as the shortcut adds channel to channel."""
        names = [(f"{part.id}.conv{n}.weight", f"{part.id}.bn{n}") for n in (1, 2)]
        first = self._fitting(*names[0], part.inner, part.kernel)
        second = self.weights.get(names[1][0])
        if first is None or second is None or second.shape[:2] != (self.channels, len(first)):
            return False
        inner = self.replication.widen(len(first), part.inner)
        self._make(*names[0], first, inner, self.map, part.kernel)
        self._make(*names[1], second, self.map, inner, part.kernel)
        return True

    def _fitting(self, name: str, norm: str, width: int, kernel: int) -> Array | None:
        """Return the parent's weights if they take the tensor at hand and nothing would have to shrink."""
        weight = self.weights.get(name)
        if weight is None or any(f"{norm}.{array}" not in self.weights for array in _NORM):
            return None
        outputs, inputs, *sides = weight.shape
        fits = inputs == self.channels and outputs <= width and all(side <= kernel for side in sides)
        return weight if fits else None

    def _make(self, name: str, norm: str, weight: Array, outputs: Map, inputs: Map, kernel: int) -> None:
        """Make a layer for the maps of its two sides, and its batch norm, which belongs to its outputs."""
        carried = self.replication.consume(self.replication.produce(weight, outputs), inputs)
        self.made[name] = enlarge(carried, kernel) if carried.ndim == 4 else carried
        for array in _NORM:
            self.made[f"{norm}.{array}"] = self.weights[f"{norm}.{array}"][outputs]
        batches = f"{norm}.num_batches_tracked"
        if batches in self.weights:
            self.made[batches] = self.weights[batches].copy()
