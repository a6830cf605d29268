"""The learner with tables: what it finds, how it selects weights, and that it can rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from morl_worlds import Corridor, Slippery
from test_morl_world import VARIANTS, learner, same_run

from automl.trainers.morl.judge import Judge
from automl.trainers.morl.tabular.support import corners, next_by_ols, optimistic
from automl.trainers.morl.tabular.world import World

# prizes after 1, 2, 3, 4 steps; (5, -3) lies below the line from (4, -2) to (8, -4): no weights make it best
CONVEX = {(1.0, -1.0), (4.0, -2.0), (8.0, -4.0)}


def front_of(run, make=Corridor, **options):
    judge = Judge(make, 2, 1.0, 20, 5, options.get("chance", False), 0)
    return {tuple(row) for row in judge.front(run.policies()).tolist()}


@pytest.mark.parametrize("selection", ["ols", "gpi-ls"])
@pytest.mark.parametrize("improvement", [False, True])
def test_it_finds_the_convex_front(selection, improvement):
    own = {"selection": selection, "improvement": improvement, "horizon": 1000.0, "learning_rate": 1.0}
    run = learner(World(Corridor, 20), steps=4000, epsilon=0.5, **own)
    run.advance(4000)
    assert front_of(run) == CONVEX


@pytest.mark.parametrize("own", VARIANTS.values(), ids=VARIANTS)
def test_a_run_that_rested_is_one_that_never_did(own):
    whole = learner(World(Slippery, 20), **own)
    whole.advance(600)
    first = learner(World(Slippery, 20), **own)
    first.advance(150)
    second = learner(World(Slippery, 20), **own)
    second.load(first.state())
    second.advance(450)
    same_run(second, whole)


def test_a_rested_run_takes_other_hyperparameters():
    first = learner(World(Slippery, 20), replays=0, policies=4)
    first.advance(300)
    second = learner(World(Slippery, 20), replays=4, policies=8, selection="ols")
    second.load(first.state())
    second.advance(300)
    assert second.steps >= 600
    assert len(second.values) > len(first.values)


def test_steps_are_those_of_the_environment():
    taken = []

    class Counted(Slippery):
        def step(self, action):
            taken.append(action)
            return super().step(action)

    world = World(Counted, 20, tabulate=False)
    before = len(taken)
    run = learner(world, probes=5)
    run.advance(600)
    assert run.steps == len(taken) - before
    assert 600 <= run.steps < 600 + 20 + 5 * 20


def test_a_rolled_table_returns_what_an_actor_gets():
    run = learner(World(Corridor, 20), epsilon=0.5)
    run.advance(600)
    for policy in run.policies():
        rolled = policy.returns(1, 0.9, 0)[0]
        environment, act, got, discount = Corridor(), policy.start(), np.zeros(2), 1.0
        seen, reward = environment.reset()[0], np.zeros(2)
        for _ in range(20):
            seen, reward, ended, _, _ = environment.step(act(seen, reward))
            got, discount = got + discount * reward, discount * 0.9
            if ended:
                break
        np.testing.assert_allclose(rolled, got)


def test_corners_of_two_values_are_where_they_are_equal():
    found = corners(np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(found[np.argsort(found[:, 0])], [[0, 1], [0.5, 0.5], [1, 0]], atol=1e-6)


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(1, 8), st.integers(0, 2**31))
def test_the_surface_lies_below_its_corners(objectives, policies, seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(-5, 5, (policies, objectives))
    found = corners(values)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    # a convex function is largest at a corner of the simplex, and these are among the corners
    for extreme in np.eye(objectives):
        assert np.abs(found - extreme).max(axis=1).min() < 1e-6


def test_the_optimistic_bound_is_what_two_answers_allow():
    tried, reached = np.eye(2), np.array([3.0, 1.0])
    assert optimistic(np.array([0.5, 0.5]), tried, reached) == pytest.approx(2.0)


def test_linear_support_goes_to_the_extremes_first_and_nowhere_twice():
    rng, tried = np.random.default_rng(0), []
    values = np.array([[1.0, 0.0], [0.0, 1.0]])
    for _ in range(3):
        tried.append(next_by_ols(values, tried, rng))
    np.testing.assert_allclose(tried, [[1, 0], [0, 1], [0.5, 0.5]], atol=1e-6)
