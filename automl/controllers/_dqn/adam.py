"""Adam (Kingma and Ba 2015, algorithm 1) on one vector of weights.

torch has one, too, but importing it takes several seconds; this one also keeps its state as two plain vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
"""The constants of the paper of Adam, which the released code of CRLQAS leaves as they are."""


class Adam:
    """Descends along a gradient.

    Args:
        weights: what is changed, in place (count,).
        lr: learning rate.
    """

    def __init__(self, weights: Tensor, lr: float) -> None:
        self._weights, self._lr = weights, lr
        self._mean, self._square = torch.zeros_like(weights), torch.zeros_like(weights)
        self._scale = torch.empty_like(weights)
        self.steps = 0

    def step(self, gradient: Tensor) -> None:
        """Take one step."""
        self.steps += 1
        self._mean.lerp_(gradient, 1.0 - _BETA1)
        self._square.mul_(_BETA2).addcmul_(gradient, gradient, value=1.0 - _BETA2)
        # The remark at the end of section 2 of the paper: both corrections of the bias as one factor.
        correction = (1.0 - _BETA2**self.steps) ** 0.5
        torch.sqrt(self._square, out=self._scale).add_(_EPSILON * correction)
        step = self._lr * correction / (1.0 - _BETA1**self.steps)
        self._weights.addcdiv_(self._mean, self._scale, value=-step)

    def state_dict(self) -> dict[str, Any]:
        """Return both moments and the number of steps."""
        return {"steps": self.steps, "mean": self._mean.numpy().copy(), "square": self._square.numpy().copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.steps = state["steps"]
        self._mean.copy_(torch.from_numpy(np.asarray(state["mean"])))
        self._square.copy_(torch.from_numpy(np.asarray(state["square"])))
