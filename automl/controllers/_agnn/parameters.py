"""Named arrays that are learned: they come into being when first met, and Adam changes them.

The first value of an array is a function of (seed, name) alone, so that it does not matter in which order the questions
of a program are met and no random state has to be kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Gradients: TypeAlias = dict[str, Array]

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
"""The constants of Kingma and Ba (2015)."""


class Parameters:
    """Everything a policy learns.

    Args:
        seed: seed of the first values, not negative.
        bound: they are uniform between -bound and bound.
    """

    def __init__(self, seed: int, bound: float) -> None:
        self._seed, self._bound = seed, bound
        self._values: dict[str, Array] = {}
        self._moments: dict[str, tuple[Array, Array]] = {}
        self._steps: dict[str, int] = {}

    def get(self, name: str, shape: tuple[int, ...], *, zero: bool = False) -> Array:
        """Return the array of that name; a new one is drawn, or all zeros."""
        if name not in self._values:
            rng = np.random.default_rng((self._seed, zlib.crc32(name.encode())))
            self._values[name] = np.zeros(shape) if zero else rng.uniform(-self._bound, self._bound, shape)
        return self._values[name]

    def ascend(self, gradients: Mapping[str, Array], lr: float) -> None:
        """Take one step of Adam upwards; arrays without a gradient stay as they are."""
        for name, gradient in gradients.items():
            if name not in self._moments:
                self._moments[name] = np.zeros_like(gradient), np.zeros_like(gradient)
            steps = self._steps[name] = self._steps.get(name, 0) + 1
            mean, square = self._moments[name]
            mean += (1.0 - _BETA1) * (gradient - mean)
            square += (1.0 - _BETA2) * (gradient * gradient - square)
            correction = (1.0 - _BETA2**steps) ** 0.5
            step = lr * correction / (1.0 - _BETA1**steps)
            self._values[name] += step * mean / (np.sqrt(square) + _EPSILON * correction)

    def state_dict(self) -> dict[str, Any]:
        """Return all values, moments and counts."""
        return {
            "values": {name: value.copy() for name, value in self._values.items()},
            "moments": {name: [mean.copy(), square.copy()] for name, (mean, square) in self._moments.items()},
            "steps": dict(self._steps),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._values = {name: np.array(value) for name, value in state["values"].items()}
        self._moments = {name: (np.array(m), np.array(s)) for name, (m, s) in state["moments"].items()}
        self._steps = dict(state["steps"])
