"""The parameters of the policy by name: they come into being when a new word or question is first met.

The first value of a parameter is a function of (seed, name) alone. So it does not matter in which order
words are met, no random state has to be kept, and torch's global generator is never touched.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Parameters:
    """All tensors the policy learns, and their Adam.

    Args:
        seed: seed of the first values, not negative.
        lr: learning rate of Adam; its other constants are the usual ones (Kingma & Ba 2015), as in the
            released code.
        dtype: float32, or float64 to check gradients.
    """

    def __init__(self, seed: int, lr: float, dtype: torch.dtype = torch.float32) -> None:
        self._seed = seed
        self.dtype = dtype
        self._named: dict[str, Tensor] = {}
        self._adam = torch.optim.Adam([torch.zeros(0, dtype=dtype)], lr=lr)

    def get(self, name: str, shape: tuple[int, ...], bound: float) -> Tensor:
        """Return the parameter of that name; a new one is uniform between -bound and bound."""
        if name not in self._named:
            self._named[name] = self._adopt(torch.empty(shape, dtype=self.dtype), name, bound)
        return self._named[name]

    def lstm(self, name: str, kind: type[nn.Module], inputs: int, units: int, **options: Any) -> Any:
        """Return a new LSTM (cell) whose parameters are kept here under `name`, uniform within units^-1/2."""
        # The meta device keeps the module's own initialisation from drawing from the global generator.
        module = kind(inputs, units, device="meta", dtype=self.dtype, **options).to_empty(device="cpu")
        for part, tensor in module.named_parameters():
            self._named[f"{name}.{part}"] = self._adopt(tensor, f"{name}.{part}", units**-0.5)
        return module

    def _adopt(self, tensor: Tensor, name: str, bound: float) -> Tensor:
        drawn = np.random.default_rng((self._seed, zlib.crc32(name.encode()))).uniform(-bound, bound, tensor.shape)
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(drawn))
        tensor.requires_grad_(True)
        # Adam reads this list anew at every step: that is how a parameter joins later.
        self._adam.param_groups[0]["params"].append(tensor)
        return tensor

    def descend(self, loss: Tensor) -> None:
        """Take one step of Adam; parameters that the loss does not reach stay as they are."""
        self._adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()

    def state_dict(self) -> dict[str, Any]:
        """Return values and moments as numpy arrays, by name."""
        moments = {}
        for name, tensor in self._named.items():
            if state := self._adam.state.get(tensor):
                moments[name] = {
                    "step": int(state["step"]),
                    "mean": state["exp_avg"].numpy().copy(),
                    "square": state["exp_avg_sq"].numpy().copy(),
                }
        return {"values": {n: t.detach().numpy().copy() for n, t in self._named.items()}, "moments": moments}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up values and moments; parameters that the state does not know are as at the beginning."""
        for name, value in state["values"].items():
            tensor = self.get(name, tuple(np.shape(value)), 0.0)
            with torch.no_grad():
                tensor.copy_(torch.from_numpy(np.asarray(value)))
        for name, moment in state["moments"].items():
            self._adam.state[self._named[name]] = {
                "step": torch.tensor(float(moment["step"])),
                "exp_avg": torch.from_numpy(np.array(moment["mean"])),
                "exp_avg_sq": torch.from_numpy(np.array(moment["square"])),
            }
