"""The comparison of two rows of values: against numbers known otherwise, and for how often its intervals are right."""

import numpy as np
import pytest
from scipy import stats

from automl.trainers.morl.comparison import compare, interval


def rng():
    return np.random.default_rng(3)


def test_the_interval_of_a_mean_is_close_to_that_of_students_t():
    values = rng().normal(10.0, 2.0, 40)
    low, high = interval(values)
    known = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(known, abs=0.1)
    assert interval(values) == (low, high)


def test_intervals_cover_as_often_as_they_say():
    draws = rng().lognormal(0.0, 0.5, (60, 20))
    mean = np.exp(0.125)
    covered = np.mean([low <= mean <= high for low, high in map(interval, draws)])
    assert covered >= 0.85  # nominal 0.95; with twenty skewed values 0.92 are known


def test_differences_are_paired():
    """What all seeds share is taken out, however much it is."""
    shared = rng().normal(0.0, 100.0, 20)
    told = compare(shared + 1.0 + rng().normal(0, 0.1, 20), shared)
    assert told.gain == pytest.approx(1.0, abs=0.1)
    assert told.gain_low > 0.9
    assert told.detectable
    assert told.low < told.mean - 20


def test_the_probability_is_that_of_mann_and_whitney():
    one, other = rng().normal(0.5, 1.0, 15), rng().permutation(rng().normal(0.0, 1.0, 15))
    told = compare(one, other)
    assert told.probability == pytest.approx(stats.mannwhitneyu(one, other).statistic / 15**2)
    assert told.probability_low < told.probability < told.probability_high
    assert compare(np.ones(4), np.ones(4)).probability == 0.5


def test_equal_values_are_a_point():
    told = compare(np.full(10, 3.0), np.full(10, 2.0))
    assert (told.gain, told.gain_low, told.gain_high, told.probability_low) == (1.0, 1.0, 1.0, 1.0)
    assert compare(np.array([3.0]), np.array([2.0])).gain_high == 1.0


def test_strata_are_resampled_by_themselves():
    """The spread between environments is none of the seeds: each has its own level, and the interval ignores it."""
    levels = [level + rng().normal(0, 0.1, 10) for level in (0.0, 100.0)]
    told = compare(levels, [level - 1.0 for level in levels])
    assert told.mean == pytest.approx(50.0, abs=0.1)
    assert told.high - told.low < 0.2
    assert (told.gain_low, told.gain_high) == pytest.approx((1.0, 1.0))
    assert told.seeds == 10
    alone = [compare(level, level - 1.0).probability for level in levels]
    assert told.probability == pytest.approx(np.mean(alone))


def test_where_nothing_differs_nothing_is_detected():
    """Of rows from one distribution, few are told apart: about one in twenty."""
    pairs = rng().normal(0.0, 1.0, (100, 2, 20))
    assert sum(compare(one, other).detectable for one, other in pairs) <= 12
