"""Net2Net arithmetic: which channel of the child repeats which of the parent, and what follows for weights.

A *map* g is an integer array: channel j of the child carries the same values as channel g[j] of the parent
(Chen et al. 2016, "Net2Net", section 2.3). Whoever produces the tensor gathers its output channels by g;
whoever consumes it gathers its input channels by g and divides each by the number of its replicas, so that
the sum stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Map: TypeAlias = npt.NDArray[np.intp]
Array: TypeAlias = npt.NDArray[Any]

IDENTITY_NOISE = 0.1
"""EAS perturbs inserted kernels a tenth as strongly (0.001) as replicas (0.01), by its published code."""


@dataclass(frozen=True, slots=True)
class Symmetry:
    """How replicas are made to differ, since equal units would get equal gradients for ever.

    Attributes:
        uneven: how unevenly replicas share the weights they feed, in [0, 1). The shares still add up to one,
            so the function stays exactly what it was, while the gradients of the replicas differ from the
            first step on.
        noise: standard deviation of Gaussian noise on the replicas' own weights, relative to that of the
            layer's weights. This is EAS's way (0.01); it changes the function a little.
    """

    uneven: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Replication:
    """The arithmetic with its source of randomness; all draws come in the order of the layers."""

    symmetry: Symmetry
    rng: np.random.Generator

    def widen(self, before: int, after: int) -> Map:
        """Return a map of `after` channels to `before`: each once in order, then uniform draws (Net2Net)."""
        return np.concatenate([np.arange(before), self.rng.integers(before, size=after - before)])

    def produce(self, weights: Array, g: Map) -> Array:
        """Return weights (out, ...) for the outputs of map g, with noise on the replicas."""
        gathered = weights[g]
        if self.symmetry.noise:
            known = np.zeros(len(g), dtype=bool)
            known[np.unique(g, return_index=True)[1]] = True
            spread = self.symmetry.noise * weights.std(dtype=np.float64)
            gathered[~known] += self._normal(gathered[~known], spread)
        return gathered

    def consume(self, weights: Array, g: Map) -> Array:
        """Return weights (out, in, ...) for the inputs of map g: gathered, and shared among replicas."""
        gathered = weights[:, g]
        if len(g) == len(np.unique(g)):
            return gathered
        shares = self._shares(len(weights), g).reshape(-1, len(g), *(1,) * (gathered.ndim - 2))
        # In float64 whatever the weights are: a factor 1/3 in float32 would be wrong in the eighth digit.
        return (gathered * shares).astype(weights.dtype)

    def _shares(self, outputs: int, g: Map) -> npt.NDArray[np.float64]:
        """Return shares (outputs or 1, in) that add up to one over the replicas of each channel."""
        counts = np.bincount(g)
        if not self.symmetry.uneven:
            return (1.0 / counts[g])[np.newaxis]
        tilt = self.rng.uniform(-1.0, 1.0, size=(outputs, len(g)))
        order = np.argsort(g, kind="stable")
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        means = np.add.reduceat(tilt[:, order], starts, axis=1) / counts
        shares: npt.NDArray[np.float64] = (1.0 + self.symmetry.uneven * (tilt - means[:, g])) / counts[g]
        return shares

    def identity(self, outputs: Map, inputs: Map, dtype: Any) -> Array:
        """Return a matrix (out, in) that carries each parent channel from its replicas to its replicas.

        Each output reads as few inputs, and each input feeds as few outputs, as the counts of replicas allow:
        with equal maps it is the identity matrix, and replicas that have come to differ are not averaged
        away.
        """
        matrix = np.zeros((len(outputs), len(inputs)))
        for channel in range(int(inputs.max()) + 1):
            rows, columns = np.flatnonzero(outputs == channel), np.flatnonzero(inputs == channel)
            for turn in range(max(len(rows), len(columns))):
                matrix[rows[turn % len(rows)], columns[turn % len(columns)]] = 1.0
        matrix /= matrix.sum(axis=1, keepdims=True)
        return matrix.astype(dtype)

    def kernel(self, matrix: Array, side: int) -> Array:
        """Return a convolution (out, in, side, side) with a matrix at its centre, EAS's Net2Deeper."""
        kernel = enlarge(matrix[:, :, np.newaxis, np.newaxis], side)
        return self.perturbed(kernel)

    def perturbed(self, identity: Array) -> Array:
        """Return the weights of an inserted layer with the noise EAS gives them."""
        if not self.symmetry.noise:
            return identity
        spread = IDENTITY_NOISE * self.symmetry.noise * identity.std(dtype=np.float64)
        return identity + self._normal(identity, spread)

    def _normal(self, like: Array, spread: float) -> Array:
        drawn: Array = (spread * self.rng.standard_normal(like.shape)).astype(like.dtype)
        return drawn


def flattened(g: Map, pixels: int) -> Map:
    """Return the map of the features behind a flatten, where channel c is features c x pixels and on."""
    return (g[:, np.newaxis] * pixels + np.arange(pixels)).reshape(-1)


def enlarge(kernel: Array, side: int) -> Array:
    """Return kernels (out, in, k, k) with zeros around them up to `side` (Wei et al. 2016)."""
    rim = (side - kernel.shape[-1]) // 2
    return np.pad(kernel, ((0, 0), (0, 0), (rim, rim), (rim, rim)))
