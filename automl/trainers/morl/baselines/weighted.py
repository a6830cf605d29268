"""Policies of one network for many weights: at an observation, what all of them do is found at once and remembered.

A judge follows each of a hundred policies through the same few places. Asked for one weight at a time a small network
spends its time on being called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from automl.trainers.morl.baselines.adapter import Following
from automl.trainers.morl.learner import Policy

MOST = 5_000
"""Observations that are remembered: where more are met they hardly come back, and each policy is asked for itself."""

Values = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Values (n, actions, objectives) of actions, of observations (n, ...) and weights (n, objectives)."""


class Weighted:
    """What a network does at an observation, for each of many weights.

    Args:
        network: at rest.
        weights: (n, objectives).
    """

    def __init__(self, network: Values, weights: npt.NDArray[Any]) -> None:
        self._network, self._weights = network, torch.as_tensor(weights).float()
        self._known: dict[bytes, Sequence[int]] = {}

    def policies(self, see: Callable[[Any], Any] | None) -> list[Policy]:
        """Return a policy for each of the weights; `see` turns the environment's observations into the network's."""
        return [Following(partial(self.choose, number), see) for number in range(len(self._weights))]

    def choose(self, number: int, observation: Any) -> int:
        """Return the best action under the weights of that number."""
        array = np.asarray(observation, np.float32)
        key = array.tobytes()
        if key not in self._known:
            if len(self._known) >= MOST:
                return self._best(array, self._weights[number : number + 1])[0]
            self._known[key] = self._best(array, self._weights)
        return self._known[key][number]

    @torch.no_grad()
    def _best(self, observation: npt.NDArray[Any], weights: torch.Tensor) -> list[int]:
        seen = torch.from_numpy(observation).expand(len(weights), *observation.shape)
        values = self._network(seen, weights)
        best: list[int] = torch.einsum("nr,nar->na", weights, values).argmax(dim=1).tolist()
        return best
