"""Is a configuration better than the default? What seeds that no search has seen say, and how surely.

told = compare(tuned, default)
told.gain, told.gain_low, told.gain_high      # mean paired difference, with its bootstrap interval
told.probability                              # that a run of one beats a run of the other
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LEVEL = 0.95
RESAMPLES = 4_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two rows of values, one for each seed, say of each other.

    Attributes:
        mean, low, high: of the configuration, with the interval of its mean.
        default: mean of the default.
        gain, gain_low, gain_high: mean of the paired differences, with its interval.
        probability: that a run beats a run of the default (ties count half), over all pairs of runs.
        seeds: how many.
    """

    mean: float
    low: float
    high: float
    default: float
    gain: float
    gain_low: float
    gain_high: float
    probability: float
    seeds: int

    @property
    def detectable(self) -> bool:
        """Whether the interval of the gain leaves zero out."""
        return self.gain_low > 0 or self.gain_high < 0


def compare(values: Array, default: Array) -> Comparison:
    """Compare values (seeds,) with those of the default (seeds,) on the same seeds, in the same order."""
    low, high = interval(values)
    gain_low, gain_high = interval(values - default)
    return Comparison(
        mean=float(values.mean()),
        low=low,
        high=high,
        default=float(default.mean()),
        gain=float((values - default).mean()),
        gain_low=gain_low,
        gain_high=gain_high,
        probability=probability_of_improvement(values, default),
        seeds=len(values),
    )


def interval(values: Array) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean; of values that are all equal it is a point."""
    from scipy.stats import bootstrap

    if len(values) < 2 or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def probability_of_improvement(values: Array, default: Array) -> float:
    """Return the share of pairs of runs in which the first is better; ties count half (Agarwal et al. 2021)."""
    return float(((values[:, None] > default[None, :]) + 0.5 * (values[:, None] == default[None, :])).mean())
