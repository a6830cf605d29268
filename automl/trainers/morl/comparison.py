"""Is a configuration better than the default? What seeds that no search has seen say, and how surely.

    told = compare(tuned, default)                # hypervolumes, one for each seed, the same seeds in the same order
    told.gain, told.gain_low, told.gain_high      # mean paired difference, with its bootstrap interval
    told.probability                              # that a run of one beats a run of the other

Several environments are strata: `compare([one, another], [one, another])` resamples the seeds of each by themselves and
takes the mean over them, so that values must be comparable (shares of the true front). Agarwal et al.: Deep
reinforcement learning at the edge of the statistical precipice. NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Strata: TypeAlias = Sequence[Array]
"""The values of every environment (seeds,)."""

LEVEL = 0.95
RESAMPLES = 4_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two rows of values, one for each seed, say of each other.

    Attributes:
        mean, low, high: of the configuration, with the interval of its mean.
        default: mean of the default.
        gain, gain_low, gain_high: mean of the paired differences, with its interval.
        probability, probability_low, probability_high: that a run beats a run of the default (ties count half), over
            all pairs of runs, with its interval.
        seeds: how many, of the stratum that has the fewest.
    """

    mean: float
    low: float
    high: float
    default: float
    gain: float
    gain_low: float
    gain_high: float
    probability: float
    probability_low: float
    probability_high: float
    seeds: int

    @property
    def detectable(self) -> bool:
        """Whether the interval of the gain leaves zero out."""
        return self.gain_low > 0 or self.gain_high < 0


def compare(values: Array | Strata, default: Array | Strata) -> Comparison:
    """Compare values (seeds,) with those of the default (seeds,) on the same seeds, in the same order.

    Args:
        values: of the configuration, in one environment; or a sequence with those in each.
        default: of the default, alike.
    """
    own, other = _strata(values), _strata(default)
    gains = [mine - its for mine, its in zip(own, other, strict=True)]
    low, high = interval(own)
    gain_low, gain_high = interval(gains)
    probability_low, probability_high = _resampled(_probability, [*own, *other])
    return Comparison(
        mean=float(_mean(*own)),
        low=low,
        high=high,
        default=float(_mean(*other)),
        gain=float(_mean(*gains)),
        gain_low=gain_low,
        gain_high=gain_high,
        probability=float(_probability(*own, *other)),
        probability_low=probability_low,
        probability_high=probability_high,
        seeds=min(map(len, own)),
    )


def told(found: Comparison) -> dict[str, float]:
    """Return a comparison in hypervolume as metrics."""
    return {
        "test_hypervolume": found.mean,
        "test_hypervolume_low": found.low,
        "test_hypervolume_high": found.high,
        "default_hypervolume": found.default,
        "gain": found.gain,
        "gain_low": found.gain_low,
        "gain_high": found.gain_high,
        "probability_of_improvement": found.probability,
        "probability_low": found.probability_low,
        "probability_high": found.probability_high,
        "held_out_seeds": float(found.seeds),
    }


def interval(values: Array | Strata) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean; of values that are all equal it is a point."""
    return _resampled(_mean, _strata(values))


def _strata(values: Array | Strata) -> list[Array]:
    several = isinstance(values, Sequence)
    return [np.asarray(one, dtype=np.float64) for one in (values if several else [values])]


def _resampled(statistic: Callable[..., Array], strata: Strata) -> tuple[float, float]:
    """Return the interval of a statistic, with every stratum resampled by itself."""
    from scipy.stats import bootstrap

    if min(map(len, strata)) < 2 or all(np.ptp(one) == 0 for one in strata):
        found = float(statistic(*strata))
        return found, found
    ends = bootstrap(
        tuple(strata),
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        vectorized=True,
        batch=500,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(ends.low), float(ends.high)


def _mean(*strata: Array, axis: int = -1) -> Array:
    """Return the mean over strata of the mean over seeds."""
    found: Array = np.mean([one.mean(axis=axis) for one in strata], axis=0)
    return found


def _probability(*strata: Array, axis: int = -1) -> Array:
    """Return the share of pairs of runs in which the first is better; the default's strata are the second half."""
    half = len(strata) // 2
    found = []
    for own, other in zip(strata[:half], strata[half:], strict=True):
        one, two = own[..., :, None], other[..., None, :]
        found.append(((one > two) + 0.5 * (one == two)).mean(axis=(-2, -1)))
    every: Array = np.mean(found, axis=0)
    return every
