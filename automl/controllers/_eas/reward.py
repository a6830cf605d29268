"""From measurements to advantages: reward, baseline, scale (EAS section "Training with policy gradient").

The paper rewards a child with tan(accuracy * pi / 2), so that a point gained at 90 % counts more than one
at 60 %.
Deviations: the tangent is clipped, since it diverges at 1; an objective that is no accuracy has its scores
standardised within the batch instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
BaselineKind: TypeAlias = Literal["batch", "ema", "ema_as_released", "ema_from_zero"]
DECAY = 0.95  # of the moving average (released code)


def is_accuracy(direction: str, scores: Sequence[float]) -> bool:
    """Say whether scores can be read as accuracies: maximised, and all between 0 and 1."""
    return direction == "max" and all(0.0 <= score <= 1.0 for score in scores)


def tan_reward(accuracies: Sequence[float], clip: float) -> Floats:
    """Return tan(accuracy * pi / 2), with accuracies above `clip` counted as `clip`."""
    rewards: Floats = np.tan(np.minimum(np.asarray(accuracies, dtype=float), clip) * (math.pi / 2))
    return rewards


def standardise(values: Sequence[float] | Floats) -> Floats:
    """Return values with mean 0 and standard deviation 1; zeros where all are equal."""
    array = np.asarray(values, dtype=float)
    standard: Floats = (array - array.mean()) / _spread(array)
    return standard


def advantages_of(rewards: Floats, baseline: float, *, standardised: bool) -> Floats:
    """Return how much better than the baseline each child was, in units of the batch's spread if wanted."""
    advantages: Floats = rewards - baseline
    if standardised:
        advantages /= _spread(rewards)
    return advantages


def _spread(array: Floats) -> float:
    """Return the standard deviation, or 1 where it is nothing but rounding."""
    spread = float(array.std())
    return spread if spread > 1e-12 * float(np.abs(array).max()) else 1.0


def next_baseline(kind: BaselineKind, before: float | None, mean: float) -> float:
    """Return the baseline of a batch with this mean reward, which it already includes.

    * batch: the mean of the batch.
    * ema: moving average with weight 0.95 on the past, begun at the mean of the first batch.
    * ema_as_released: the released code moves by 0.95 of the difference, so the *newest* batch
      has weight 0.95.
    * ema_from_zero: the moving average as the paper's words say, begun at 0. It learns much worse, and
      is here to show that.
    """
    if kind == "batch" or (kind == "ema" and before is None):
        return mean
    past = before or 0.0
    weight = DECAY if kind == "ema_as_released" else 1.0 - DECAY
    return past + weight * (mean - past)
