"""What the process is told about results: numbers whose differences matter, whatever the unit of the objective.

A landscape of losses has a plain at the bottom and walls that are a thousand times as high; a process that is told the
losses as they are models the walls. So what is told is the gap to the best so far on a scale that is linear for small
gaps and logarithmic for large ones. Where one turns into the other, the warp, is learned like a length scale, by the
evidence of the process for the values before they were warped (Snelson, Rasmussen and Ghahramani: Warped Gaussian
Processes. NeurIPS 2003).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from automl.controllers._merit import Merit, best_first
from automl.controllers._surrogate.columns import Array

LINEAR = 100.0
"""A warp from which on everything is as good as linear."""
WARPS = (LINEAR, 10.0, 1.0, 0.1, 0.01)
"""Which are tried at the beginning, in units of the median gap."""
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Targets:
    """What is told.

    Attributes:
        values: larger is better; mean 0 and variance 1.
        log_slopes: log of the derivative of each by the value it was made from, up to a constant.
    """

    values: Array
    log_slopes: Array


def scores(merits: Sequence[Merit | None]) -> tuple[Array, bool]:
    """Return one number per result, larger is better, and whether their differences mean anything.

    Those of one objective do. What is beyond a limit lies below everything within, by its order; a failure (None) is as
    good as the worst. Of several objectives only the order is known, that of `best_first`.
    """
    known = [merit for merit in merits if merit is not None]
    one = len(known[0].score) == 1
    found = iter(_spaced(known) if one else _ordered(known))
    worst = min(_spaced(known) if one else _ordered(known))
    return np.array([worst if merit is None else next(found) for merit in merits]), one


def _spaced(merits: Sequence[Merit]) -> list[float]:
    inside = [merit.score[0] for merit in merits if merit.violation == 0.0]
    if not inside:
        return [-math.log1p(merit.violation) if math.isfinite(merit.violation) else -1e3 for merit in merits]
    low, width = min(inside), (max(inside) - min(inside)) or 1.0
    beyond = sorted({merit.violation for merit in merits if merit.violation > 0.0})
    below = {violation: low - width * (place + 1) / len(beyond) for place, violation in enumerate(beyond)}
    return [below[merit.violation] if merit.violation > 0.0 else merit.score[0] for merit in merits]


def _ordered(merits: Sequence[Merit]) -> list[float]:
    places = {number: place for place, number in enumerate(best_first(merits))}
    normal = NormalDist()
    return [normal.inv_cdf(1.0 - (places[i] + 0.5) / len(merits)) for i in range(len(merits))]


def warped(values: Array, warp: float) -> Targets:
    """Return the targets of scores. Their logarithm begins at gaps of `warp` times the median one."""
    gaps = values.max() - values
    bend = warp * (float(np.median(gaps)) or float(gaps.max()) or 1.0)
    told = -np.log1p(gaps / bend)
    spread = float(told.std()) or 1.0
    return Targets((told - told.mean()) / spread, -np.log(bend + gaps) - math.log(spread))


def nearby(warp: float) -> tuple[float, ...]:
    """Return a warp and those that are tried beside it."""
    return tuple(dict.fromkeys(min(max(each, _LEAST), LINEAR) for each in (warp, 2.0 * warp, 0.5 * warp)))


def telling(values: Array, most: int) -> npt.NDArray[np.intp]:
    """Return which results say most, in order: all of them, or the best half of `most` and every k-th of the rest."""
    if len(values) <= most:
        return np.arange(len(values))
    order = np.argsort(-values, kind="stable")
    rest = order[most // 2 :]
    return np.sort(
        np.concatenate([order[: most // 2], rest[np.linspace(0, len(rest) - 1, most - most // 2).astype(int)]])
    )
