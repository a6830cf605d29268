"""An environment as a table: the same transitions as without one, and refusal where that cannot be promised."""

import numpy as np
import pytest
from morl_worlds import Clocked, Corridor, Driven, Lottery, Painted, Shared, Slippery

from automl.search_spaces.morl.algorithms.tabular import TABULAR
from automl.trainers.morl.learner import Plan
from automl.trainers.morl.tabular.chance import Globals, NondeterministicStep, own_chance
from automl.trainers.morl.tabular.learner import Tabular
from automl.trainers.morl.tabular.snapshot import copied, frozen, plain, state_names
from automl.trainers.morl.tabular.world import DRAWS, World

GRID = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
VARIANTS = {
    "default": {},
    "ties": {"ties": "first", "epsilon": 0.5},
    "ols": {"selection": "ols", "improvement": True, "replays": 2},
    "gpi-ls": {"selection": "gpi-ls", "epsilon_schedule": "policy", "epsilon_end": 0.1, "epsilon_decay": 0.5},
}


def learner(world, steps=600, seed=3, **own):
    plan = Plan(steps, seed, 2, 20, (0.0, -20.0), 1.0, GRID)
    return Tabular(world, {**TABULAR.default, "ties": "random", **own}, plan)


def real(name, **options):
    import mo_gymnasium

    return World(lambda: mo_gymnasium.make(name), 100, **options)


def same_run(first, second):
    """Check that two runs came to the same numbers, whatever their worlds call their observations."""
    a, b = first.state(), second.state()
    assert set(a) == set(b)
    for name, array in a.items():
        np.testing.assert_array_equal(array, b[name], err_msg=name)


@pytest.mark.parametrize("own", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("make", [Corridor, Slippery, Shared, Clocked, Painted, Lottery])
def test_a_table_changes_nothing(make, own):
    runs = [learner(world, **own) for world in (World(make, 20, careful=True), World(make, 20, tabulate=False))]
    for run in runs:
        run.advance(600)
    assert runs[0].world.tabulated
    assert not runs[1].world.tabulated
    same_run(*runs)


@pytest.mark.parametrize("name", ["deep-sea-treasure-v0", "resource-gathering-v0", "four-room-v0", "fruit-tree-v0"])
def test_a_table_changes_nothing_in_real_environments(name):
    pytest.importorskip("mo_gymnasium")
    worlds = real(name), real(name, tabulate=False)
    runs = []
    for world in worlds:
        plan = Plan(1000, 1, world.objectives, 100, (0.0,) * world.objectives, 0.99, np.eye(world.objectives))
        run = Tabular(world, dict(TABULAR.default), plan)
        run.advance(1000)
        runs.append(run)
    assert worlds[0].tabulated
    same_run(*runs)


def test_only_steps_that_draw_are_taken_again():
    world = World(Slippery, 20)
    learner(world, epsilon=1.0).advance(600)
    assert (world.next == DRAWS).sum() == 1  # the first step to the right
    assert (world.next[:, 0] >= 0).sum() == 4  # stopping is certain


def test_draws_from_global_generators_are_noticed():
    world = World(Shared, 20)
    world._careful = False
    run = learner(world, epsilon=1.0)
    with pytest.raises(NondeterministicStep):
        run.advance(600)


@pytest.mark.parametrize("make", [Painted, Lottery])
def test_what_a_walk_has_not_seen_is_noticed(make):
    """At random nobody comes to the end of a long corridor."""
    world = World(lambda: make(20), 0)
    state = world.begin(1)
    for _ in range(18):
        state, _, _ = world.step(state, 1)
    world.settle()
    world.step(state, 1)
    with pytest.raises(NondeterministicStep):
        world.settle()


@pytest.mark.parametrize("make", [Corridor, Slippery])
def test_runs_share_states_whatever_their_seeds(make):
    world = World(make, 20)
    for seed in range(4):
        learner(world, seed=seed, epsilon=1.0).advance(600)
    assert len(world._states) == 4


def test_kept_normal_numbers_are_noticed():
    """The second of two normal numbers changes no word of a generator."""
    with own_chance():
        np.random.normal()
        globals_ = Globals()
        before = globals_.look()
        assert globals_.look() == before
        np.random.normal()
        assert globals_.look() != before


def test_state_beyond_plain_data_is_left_alone():
    assert state_names(Driven()) is None
    assert not World(Driven, 20).tabulated


def test_the_clock_is_part_of_the_state_and_not_of_what_is_seen():
    world = World(Clocked, 20)
    learner(world, epsilon=1.0).advance(600)
    assert len(world.observations) == 4
    assert len(world._states) > 8


def test_global_generators_are_given_back():
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    with own_chance():
        np.random.random(100)
    assert np.random.random() == expected


def test_plain_data_are_frozen_and_copied():
    value = {"a": [1, (2.0, "x")], "b": np.arange(3), "c": {1, 2}}
    assert plain(value)
    assert not plain({"a": object()})
    twin = copied(value)
    assert frozen(twin) == frozen(value)
    twin["b"][0] = 7
    assert value["b"][0] == 0
    assert frozen(twin) != frozen(value)
    assert frozen((1, True)) != frozen((1, 1))


def test_measuring_never_forgets_what_a_run_has_seen(monkeypatch):
    """A table that has become full is still that of the run that filled it."""
    monkeypatch.setattr("automl.trainers.morl.tabular.world.MOST_STATES", 2)
    world = World(Slippery, 20)
    run = learner(world, steps=600)
    run.advance(300)
    assert world.full
    before = len(world.observations)
    for policy in run.policies():
        policy.returns(3, 1.0, 0)
    run.advance(300)
    assert len(world.observations) >= before
    whole = learner(World(Slippery, 20), steps=600)
    whole.advance(600)
    same_run(run, whole)


def test_a_first_episode_is_begun_once_where_no_step_draws():
    still, drawing = World(Corridor, 20), World(Slippery, 20)
    for world, times in ((still, 1), (drawing, 3)):
        begun = []
        begin = world.begin
        world.begin = lambda seed, begin=begin, begun=begun: begun.append(seed) or begin(seed)
        firsts = {world.first(4) for _ in range(3)}
        world.settle()
        assert len(begun) == times
        assert firsts == {begin(4)}
