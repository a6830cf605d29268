"""A relaxed stage between two segments: everything that training goes on from, as named arrays.

state/stopping/NAME    numbers of `Stopping`
state/metrics/NAME     what was measured of the best epoch
state/seed             of the stage, from its first segment
state/before           importance of the cells (blocks, K) after the latest epoch, if it is looked at
state/adam/...         moments and steps
state/now/NAME         parameters as training left them; the other weights are those of the best epoch
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.core.records import Weights
from automl.search_spaces.embeddings import Plan, layout
from automl.trainers.embeddings.descent import Descent
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.steady import Steady
from automl.trainers.embeddings.stopping import Stopping

_STOPPING, _METRICS, _SEED, _BEFORE, _ADAM, _NOW = (
    layout.STATE + name for name in ("stopping/", "metrics/", "seed", "before", "adam/", "now/")
)


@dataclass(slots=True)
class Segment:
    """A stage in the making.

    Attributes:
        recommender: as training left it.
        descent: its moments.
        stopping: its epochs.
        steady: what its latest epoch would keep.
        seed: of the stage.
    """

    recommender: Recommender
    descent: Descent
    stopping: Stopping
    steady: Steady
    seed: int

    def state(self, metrics: dict[str, float]) -> dict[str, npt.NDArray[Any]]:
        """Return what the next segment needs."""
        found: dict[str, npt.NDArray[Any]] = {_SEED: np.array(self.seed)}
        found |= {} if self.steady.before is None else {_BEFORE: _array(self.steady.before)}
        found |= {_STOPPING + name: np.array(value) for name, value in self.stopping.state().items()}
        found |= {_METRICS + name: np.array(value) for name, value in metrics.items()}
        found |= {_ADAM + name: _array(tensor) for name, tensor in self.descent.state().items()}
        return found | {_NOW + name: _array(tensor) for name, tensor in self.recommender.named_parameters()}

    @torch.no_grad()
    def resume(self, weights: Weights) -> dict[str, float]:
        """Go on from what `state` returned, if it is there; return the metrics of the best epoch so far."""
        if _SEED not in weights:
            return {}
        self.seed = int(weights[_SEED])
        self.stopping.resume(_numbers(weights, _STOPPING))
        if _BEFORE in weights:
            self.steady.before = torch.from_numpy(np.array(weights[_BEFORE])).to(self.recommender.bias.device)
        for name, parameter in self.recommender.named_parameters():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(weights[_NOW + name])))
        moments = {name.removeprefix(_ADAM): array for name, array in weights.items() if name.startswith(_ADAM)}
        self.descent.resume({name: torch.from_numpy(np.array(array)) for name, array in moments.items()})
        return _numbers(weights, _METRICS)


def without_state(weights: Weights) -> Weights:
    """Return what others than the next segment read."""
    return {name: array for name, array in weights.items() if not name.startswith((layout.STATE, layout.TEACHER))}


def folded(weights: Weights | None) -> Weights | None:
    """Return weights of a relaxed plan as those of an ordinary one: alpha multiplied in, without state."""
    if weights is None:
        return None
    found = dict(without_state(weights))
    for name in [name for name in found if name.startswith(_ALPHA)]:
        table = name.replace(_ALPHA, _TABLE, 1)
        found[table] = (found[table] * found.pop(name)).astype(np.float32)
    return found


def unfolded(plan: Plan, weights: Weights) -> Weights:
    """Return weights of an ordinary plan as those of a relaxed one: every alpha is 1."""
    if plan.stage != "soft":
        return weights
    ones = np.ones(plan.width, dtype=np.float32)
    tables = [name for name in weights if name.startswith(_TABLE)]
    return {**weights, **{name.replace(_TABLE, _ALPHA, 1): ones.copy() for name in tables}}


_ALPHA, _TABLE = "alpha/", "table/"


def _numbers(weights: Weights, prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): float(array) for name, array in weights.items() if name.startswith(prefix)}


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    return tensor.detach().cpu().numpy().copy()
