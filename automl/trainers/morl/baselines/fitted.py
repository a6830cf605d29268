"""Networks and their optimiser as arrays and back, with whatever rate the new optimiser has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import torch

from automl.core.records import Weights


def dump(networks: Mapping[str, torch.nn.Module], optimiser: torch.optim.Optimizer) -> Weights:
    """Return the parameters of networks by name, and the moments of the optimiser."""
    kept: dict[str, npt.NDArray[Any]] = {
        f"{name}/{key}": values.detach().numpy().copy()
        for name, network in networks.items()
        for key, values in network.state_dict().items()
    }
    for number, parameter in enumerate(_parameters(optimiser)):
        for key, values in optimiser.state[parameter].items():
            kept[f"moments/{number}/{key}"] = torch.as_tensor(values).numpy().copy()
    return kept


def load(networks: Mapping[str, torch.nn.Module], optimiser: torch.optim.Optimizer, kept: Weights) -> bool:
    """Take up parameters and moments; say whether they fit. Networks of another shape are left as they are."""
    states = {name: _state(name, kept) for name in networks}
    if any(_shapes(network.state_dict()) != _shapes(states[name]) for name, network in networks.items()):
        return False
    for name, network in networks.items():
        network.load_state_dict(states[name])
    for number, parameter in enumerate(_parameters(optimiser)):
        moments = _state(f"moments/{number}", kept)
        if moments:
            optimiser.state[parameter] = moments
    return True


def _parameters(optimiser: torch.optim.Optimizer) -> list[Any]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _state(prefix: str, kept: Weights) -> dict[str, Any]:
    below = f"{prefix}/"
    return {k.removeprefix(below): torch.tensor(v) for k, v in kept.items() if k.startswith(below)}


def _shapes(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values.shape for key, values in state.items()}
