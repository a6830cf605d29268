"""The moving bar, random halting, exploration and the reward, on traces made by hand."""

import math

import numpy as np
import pytest

from automl.controllers._dqn.curriculum import MovingBar, Schedule
from automl.controllers._dqn.exploration import Exploration
from automl.controllers._dqn.halting import Halting
from automl.controllers._dqn.reward import Reward, Standard

PUBLISHED = Schedule(start=1.0, every=20, margin=0.1, patience=2, shrinks=4, switch=0.5)


def play(bar, gap, successes):
    """Let an episode end with such a gap for each of the flags; return the bar after each."""
    course = []
    for success in successes:
        bar.seen(gap)
        bar.ended(success=success)
        course.append(round(bar.bar, 6))
    return course


def test_the_bar_shifts_every_so_many_episodes_and_shrinks_with_successes():
    bar = MovingBar(PUBLISHED)
    assert play(bar, 0.3, [False] * 19) == [1.0] * 19
    assert play(bar, 0.3, [False]) == [0.4]
    shrunk = play(bar, 0.3, [True] * 10)
    assert shrunk == [0.4, 0.375, 0.375, 0.35, 0.35, 0.325, 0.325, 0.3, 0.3, 0.3]
    assert play(bar, 0.2, [False] * 9) == [0.3] * 9
    assert play(bar, 0.2, [True]) == [0.3]
    assert play(bar, 0.9, [True, True]) == [0.3, 0.275]


def test_an_episode_shrinks_the_bar_before_it_shifts_it():
    bar = MovingBar(Schedule(start=1.0, every=20, margin=0.1, patience=1, shrinks=1))
    assert play(bar, 0.2, [False] * 19 + [True])[-1] == 0.3
    assert play(bar, 0.2, [True]) == [0.2]


def test_the_bar_shrinks_only_near_the_bound():
    bar = MovingBar(PUBLISHED)
    assert play(bar, 0.7, [True] * 4) == [1.0] * 4
    assert play(bar, 0.49, [True]) == [0.975]


def test_no_shift_within_the_first_ten_episodes():
    bar = MovingBar(Schedule(start=1.0, every=4, margin=0.1, patience=0, shrinks=1))
    assert play(bar, 0.5, [False] * 12) == [1.0] * 11 + [0.6]


def test_without_a_start_nothing_succeeds_before_the_first_shift():
    bar = MovingBar(Schedule(start=None, every=11, margin=0.1, patience=1, shrinks=2))
    assert play(bar, 0.5, [False] * 11) == [-math.inf] * 10 + [0.6]


def test_a_fixed_bar_stays():
    bar = MovingBar(Schedule(start=1.0, every=0, margin=0.1, patience=0, shrinks=1))
    assert play(bar, 0.2, [True] * 50) == [1.0] * 50


def test_a_bar_goes_on_from_its_state():
    first, second = MovingBar(PUBLISHED), MovingBar(PUBLISHED)
    play(first, 0.3, [False] * 23 + [True])
    second.load_state_dict(first.state_dict())
    trace = [True, False, True] * 8
    assert play(first, 0.25, trace) == play(second, 0.25, trace)


def test_halting_steps_are_those_of_the_negative_binomial():
    """Mean 70 * (1 - p) / p = 52.2; 5 to 95 per cent lie between 37 and 69."""
    halting = Halting(70, 0.573, 25, 70)
    steps = np.array([halting.moves(np.random.default_rng(i)) - 1 for i in range(2000)])
    assert abs(steps.mean() - 52.0) < 0.7
    assert np.quantile(steps, [0.05, 0.95]) == pytest.approx([37.0, 69.0], abs=1.5)
    assert steps.min() >= 25
    assert steps.max() == 70


def test_the_most_common_draw_varies_less():
    """NB(40, 0.6): the mean is 26.7, the most common value 26."""
    halting = Halting(40, 0.6, 0, 40, draws=100)
    steps = np.array([halting.moves(np.random.default_rng(i)) - 1 for i in range(500)])
    assert abs(steps.mean() - 26.0) < 1.0
    assert steps.std() < 4.0


def test_exploration_by_updates_and_by_progress():
    published = Exploration(0.05, 0.99995)
    assert published.epsilon(0, 0.9) == 1.0
    assert published.epsilon(10_000, 0.0) == pytest.approx(math.exp(-0.5), rel=1e-4)
    assert published.epsilon(10**6, 0.0) == 0.05
    budget = Exploration(0.01, share=0.5)
    assert [budget.epsilon(99, p) for p in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([1.0, 0.1, 0.01, 0.01])
    both = Exploration(0.01, 0.9, 0.5)
    assert [both.epsilon(10, 1.0), both.epsilon(90, 0.25)] == pytest.approx([0.9**10, 0.1])
    assert Exploration(0.01).epsilon(10**6, 1.0) == 1.0


BOUND = Standard(reference=-2.0, bar=0.5, floor=-1.61)


def rewarded(kind, before, after, full=False):
    arrays = (np.array([before]), np.array([after]), np.array([full]))
    return Reward(kind).rewards(*arrays, BOUND)[0]


@pytest.mark.parametrize("kind", ["fraction", "logarithm"])
def test_fixed_rewards_at_the_end(kind):
    assert rewarded(kind, 0.0, -1.51) == 5.0
    assert rewarded(kind, 0.0, -1.51, full=True) == 5.0
    assert rewarded(kind, 0.0, -1.5, full=True) == -5.0


def test_progress_is_the_fraction_of_the_gap():
    assert rewarded("fraction", 0.0, -0.5) == 0.25
    assert rewarded("fraction", -1.0, 0.0) == -1.0
    assert rewarded("fraction", -1.0, 1.5) == -1.0


def test_progress_is_counted_in_decades_above_the_floor():
    assert rewarded("logarithm", -1.45, -1.48) == pytest.approx(math.log10(0.16 / 0.13))
    assert rewarded("logarithm", -1.0, 0.0) == pytest.approx(math.log10(0.61 / 1.61))
    assert rewarded("logarithm", 9.0, -1.49) == 1.0
