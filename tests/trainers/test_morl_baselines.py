"""The algorithms of morl-baselines as learners: same defaults, exact steps, nothing leaks, nothing is sent anywhere."""

import inspect
import random
import socket
import sys

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from morl_worlds import Corridor, Slippery, Steered

from automl.core.errors import MissingExtra, UsageError
from automl.search_spaces.morl.algorithms import ALGORITHMS
from automl.trainers.morl.baselines import library as library_module
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.judge import Judge
from automl.trainers.morl.learner import Pausing, Plan, builder

pytest.importorskip("morl_baselines", reason="pip install 'automl-search[morl-baselines]'", exc_type=ImportError)

SMALL = {"width": 32, "depth": 2, "batch_size": 32, "learning_starts": 10, "buffer_size": 1000}
OWN = {
    "pql": {},
    "mpmoqlearning": {"policies": 4, "probes": 1},
    "envelope": SMALL,
    "gpi-ls": {**SMALL, "rounds": 4, "probes": 1},
    "gpi-pd": {**SMALL, "rounds": 4, "probes": 1, "model_width": 32, "model_depth": 1, "model_batch": 1000},
    "pcn": {"hidden": 32, "batch_size": 32, "model_updates": 5, "warm_up_episodes": 5, "episodes": 2},
    "capql": {**SMALL, "learning_starts": 256, "batch_size": 32},
    "morld": {"population": 2, "exchanges": 4, "probes": 1, "update_passes": 1},
}
NEEDS_CDD = ("gpi-ls", "gpi-pd")
DISCRETE = [name for name in OWN if name not in ("capql", "gpi-pd")]


class Treasure(Corridor):
    """A corridor for which an imagined episode knows its end."""


class Straight(Steered):
    """Stops where the action is below zero; a real number says how far to walk."""

    def __init__(self):
        super().__init__()
        self.observation_space = Box(0.0, 3.0, (1,))

    def reset(self, *, seed=None, options=None):
        place, more = super().reset(seed=seed, options=options)
        return np.array([place], np.float32), more

    def step(self, action):
        place, reward, ended, cut, more = super().step(int(action[0] > -0.5))
        return np.array([place], np.float32), reward, ended, cut, more


def grid(n=5):
    first = np.linspace(0.0, 1.0, n)
    return np.stack([first, 1 - first], axis=1)


def learner(name, make=Corridor, seed=0, steps=400, **own):
    if name in NEEDS_CDD or own.get("selection") in ("ols", "gpi-ls"):
        pytest.importorskip("cdd", reason="pycddlib==2.1.6 must be compiled with the headers of GMP")
    values = {**ALGORITHMS[name].default, **OWN[name], **own}
    plan = Plan(steps, seed, 2, 20, (0.0, -20.0), 1.0, grid())
    return builder(name)(make, {key: value for key, value in values.items() if value is not None}, plan)


def front(run, make=Corridor, **options):
    return Judge(make, 2, 1.0, 20, 3, options.get("chance", False), 0).front(run.policies()).tolist()


def counted(make):
    """Return a world that counts, and its counts."""
    taken = []

    class Counted(make):
        def step(self, action):
            taken.append(action)
            return super().step(action)

    return Counted, taken


@pytest.mark.parametrize("name", DISCRETE)
def test_steps_are_those_of_the_environment(name):
    make, taken = counted(Corridor)
    run = learner(name, make)
    assert run.steps == len(taken) == 0
    run.advance(150)
    assert run.steps == len(taken)
    assert 150 <= run.steps < 150 + 20
    run.policies()
    assert run.steps == len(taken)


@pytest.mark.parametrize("name", ["capql", "pcn", "morld"])
def test_real_actions_are_steered(name):
    make, taken = counted(Straight)
    run = learner(name, make)
    run.advance(300)
    assert run.steps == len(taken) == 300
    assert all(-20 <= time <= -1 for _, time in front(run, Straight))


@pytest.mark.parametrize("name", DISCRETE)
def test_two_halves_are_a_whole_and_seeds_are_all_there_is(name):
    whole, halves = learner(name, Slippery), learner(name, Slippery)
    whole.advance(200)
    halves.advance(80)
    np.random.rand(3)  # the caller's generators are nobody else's business
    torch.rand(3)
    halves.advance(120)
    assert halves.steps == whole.steps
    assert front(halves, Slippery, chance=True) == front(whole, Slippery, chance=True)
    for one, other in zip(halves.networks(), whole.networks(), strict=True):
        for values, others in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(values, others)


@pytest.mark.parametrize("name", DISCRETE)
def test_the_callers_generators_and_threads_are_as_before(name):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    threads, options = torch.get_num_threads(), np.get_printoptions()
    python, numpy, own = random.getstate(), np.random.get_state()[2], torch.get_rng_state()
    run = learner(name)
    run.advance(60)
    run.policies()
    assert random.getstate() == python
    assert np.random.get_state()[2] == numpy
    assert torch.equal(torch.get_rng_state(), own)
    assert torch.get_num_threads() == threads
    assert np.get_printoptions() == options


@pytest.mark.parametrize("name", DISCRETE)
def test_nothing_is_sent_printed_or_written(name, monkeypatch, capsys, tmp_path):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.chdir(tmp_path)
    run = learner(name)
    run.advance(100)
    assert front(run)
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.iterdir())


def test_tables_find_the_front_of_a_corridor():
    # prizes 1, 4, 5, 8 after 1 to 4 steps: (5, -3) is no best point for any weights, but for a set of returns it is
    run = learner("pql", steps=1500, epsilon_schedule="run", epsilon_decay=0.5, horizon=1000.0)
    run.advance(1500)
    assert front(run) == [[1.0, -1.0], [4.0, -2.0], [5.0, -3.0], [8.0, -4.0]]
    run = learner(
        "mpmoqlearning", steps=3000, epsilon=0.5, learning_rate=1.0, horizon=1000.0, policies=12, improvement=True
    )
    run.advance(3000)
    assert [8.0, -4.0] in front(run)


@pytest.mark.parametrize("selection", ["ols", "gpi-ls"])
def test_weights_are_selected_by_the_library(selection):
    run = learner("mpmoqlearning", steps=3000, epsilon=0.5, learning_rate=1.0, horizon=1000.0, selection=selection)
    run.advance(3000)
    assert front(run) == [[1.0, -1.0], [4.0, -2.0], [8.0, -4.0]]


# what the library does without arguments, apart from what it has no default for or what no short training would reach
TOLD = {
    "pql": {"ref_point"},
    "pcn": {"scaling_factor"},
    "morld": {"policy_name", "policy_args", "exchange_every"},
}
CLASSES = {
    "pql": ("multi_policy.pareto_q_learning.pql", "PQL"),
    "mpmoqlearning": ("multi_policy.multi_policy_moqlearning.mp_mo_q_learning", "MPMOQLearning"),
    "envelope": ("multi_policy.envelope.envelope", "Envelope"),
    "gpi-ls": ("multi_policy.gpi_pd.gpi_pd", "GPIPD"),
    "gpi-pd": ("multi_policy.gpi_pd.gpi_pd", "GPIPD"),
    "pcn": ("multi_policy.pcn.pcn", "PCN"),
    "capql": ("multi_policy.capql.capql", "CAPQL"),
    "morld": ("multi_policy.morld.morld", "MORLD"),
}


@pytest.mark.parametrize("name", OWN)
def test_the_default_is_the_librarys(name):
    adapter = builder(name)
    blank = object.__new__(adapter)
    blank.own, blank.plan = dict(ALGORITHMS[name].default), Plan(400, 0, 2, 20, (0.0, -20.0), 1.0, grid())
    blank.environment = Straight() if name == "capql" else Corridor()
    passed = blank.arguments()
    known = inspect.signature(library(*CLASSES[name])).parameters
    assert set(passed) <= set(known)
    for key, value in passed.items():
        if key not in TOLD.get(name, ()):
            assert value == pytest.approx(known[key].default), key


@pytest.mark.parametrize("name", ["pql", "envelope"])
def test_which_can_pause(name):
    assert isinstance(learner(name), Pausing)


@pytest.mark.parametrize("name", sorted(set(DISCRETE) - {"pql", "envelope"}))
def test_which_cannot_pause(name):
    assert not isinstance(learner(name), Pausing)


def test_an_agent_that_diverges_is_refused():
    run = learner("envelope")
    run.advance(50)
    with torch.no_grad():
        next(run.agent.q_net.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="diverged"):
        run.policies()


def test_an_agent_that_cannot_act_any_more_says_why():
    run = learner("pcn")
    run.advance(50)
    with torch.no_grad():
        for parameter in run.agent.model.parameters():
            parameter.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="diverged"):
        run.advance(100)


def test_a_world_that_breaks_says_why():
    class Stuck(Corridor):
        def step(self, action):
            if self.place == 2:
                raise KeyError("the door is stuck")
            return super().step(action)

    run = learner("envelope", Stuck)
    with pytest.raises(KeyError, match="the door is stuck"):
        run.advance(200)
    with pytest.raises(RuntimeError, match="ended with an error"):
        run.advance(200)


def test_what_an_algorithm_cannot_do_is_refused():
    with pytest.raises(UsageError, match=r"needs discrete actions.*fit: pcn, capql, morld"):
        learner("envelope", Straight)

    class Unbounded(Straight):
        def __init__(self):
            super().__init__()
            self.action_space = Box(0.0, np.inf, (1,))

    with pytest.raises(UsageError, match="must have bounds"):
        learner("capql", Unbounded)

    class Wide(Corridor):
        def __init__(self):
            super().__init__()
            self.observation_space = Box(0, 99, (9,), np.int32)

    with pytest.raises(UsageError, match="keeps a set for each"):
        learner("pql", Wide)
    with pytest.raises(UsageError, match="does not know when an imagined episode"):
        learner("gpi-pd", Treasure)


def test_packages_that_are_not_needed_need_not_be_there(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("morl_baselines")]:
        monkeypatch.delitem(sys.modules, module)
    for name in ("wandb", "cdd", "cvxpy", "seaborn"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    real = library_module.find_spec
    gone = ("wandb", "cdd", "cvxpy", "seaborn")
    monkeypatch.setattr(library_module, "find_spec", lambda name: None if name in gone else real(name))
    run = learner("mpmoqlearning")
    run.advance(60)
    assert front(run)
    assert not set(gone) & set(sys.modules)
    with pytest.raises(MissingExtra, match="cdd"):
        builder("mpmoqlearning")(Corridor, {**run.own, "selection": "gpi-ls"}, run.plan)


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(library_module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'automl-search\[morl-baselines\]'"):
        learner("pql")


def test_learners_are_collected():
    import gc
    import weakref

    run = learner("envelope")
    run.advance(30)
    agent = weakref.ref(run.agent)
    del run
    gc.collect()
    assert agent() is None
