"""Learners of morl-baselines at rest: they go on bit for bit, and with the hyperparameters they are then given."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from morl_worlds import Slippery
from test_morl_baselines import front, learner

import automl
from automl.trainers.morl.baselines import memory
from automl.trainers.morl.baselines.library import library

pytest.importorskip("morl_baselines", reason="pip install 'automl-search[morl-baselines]'")

FALLING = {"epsilon": 0.8, "epsilon_schedule": "run", "epsilon_decay": 0.5, "epsilon_end": 0.1}
VARIANTS = {
    "pql": ("pql", {}),
    "pql-falling": ("pql", {**FALLING, "score": "pareto_cardinality"}),
    "envelope": ("envelope", {}),
    "envelope-soft": ("envelope", {**FALLING, "target": "soft", "target_period": None, "tau": 0.1}),
    "envelope-homotopy": (
        "envelope",
        {"homotopy": True, "homotopy_start": 0.1, "homotopy_end": 0.9, "homotopy_decay": 0.7},
    ),
    "envelope-without": ("envelope", {"priorities": False, "priority_exponent": None, "envelope": False}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_that_rested_is_one_that_never_did(variant):
    name, own = VARIANTS[variant]
    whole = learner(name, Slippery, **own)
    whole.advance(200)
    first = learner(name, Slippery, **own)
    first.advance(70)
    rested = first.state()
    second = learner(name, Slippery, seed=9, **own)  # nothing of its own is left
    second.load({key: array.copy() for key, array in rested.items()})
    second.advance(130)
    here, there = second.state(), whole.state()
    assert set(here) == set(there)
    for key, array in there.items():
        np.testing.assert_array_equal(here[key], array, err_msg=key)
    assert front(second, Slippery, chance=True) == front(whole, Slippery, chance=True)
    for key, array in first.state().items():  # and what was handed out has not changed
        np.testing.assert_array_equal(rested[key], array, err_msg=key)


def continued(**own):
    first = learner("envelope", Slippery)
    first.advance(60)
    second = learner("envelope", Slippery, **own)
    second.load(first.state())
    return first, second


def moved(run, steps=1):
    """Return how far the parameters go in the next episodes."""
    before = torch.cat([p.detach().flatten().clone() for p in run.agent.q_net.parameters()])
    run.advance(steps)
    return float((torch.cat([p.detach().flatten() for p in run.agent.q_net.parameters()]) - before).norm())


def test_a_new_learning_rate_applies():
    _, as_before = continued()
    _, faster = continued(learning_rate=3e-3)
    assert faster.agent.q_optim.param_groups[0]["lr"] == 3e-3
    assert moved(faster) > 3 * moved(as_before)


def test_new_exploration_applies():
    assert continued(epsilon=0.9)[1].agent.epsilon == 0.9
    falling = continued(**FALLING)[1]
    start, at, length = 10, falling.agent.global_step, 200
    assert falling.agent.epsilon == pytest.approx(0.8 - (0.8 - 0.08) * (at - start) / length)
    quarter = learner("pql", Slippery)
    quarter.advance(100)
    other = learner("pql", Slippery, epsilon=0.4)
    other.load(quarter.state())
    assert other.agent.epsilon == pytest.approx(0.4, rel=0.01)


def test_a_new_target_period_and_other_rates_apply():
    _, run = continued(target_period=7, gradient_updates=3, sampled_weights=6, horizon=10.0, priority_exponent=0.3)
    agent = run.agent
    assert (agent.target_net_update_freq, agent.gradient_updates, agent.num_sample_w) == (7, 3, 6)
    assert (agent.gamma, agent.per_alpha) == (0.9, 0.3)
    run.advance(20)


@pytest.mark.parametrize("size", [1500, 1000])
def test_a_memory_of_another_size_keeps_what_fits(size):
    first, second = continued(buffer_size=size)
    old, new = first.agent.replay_buffer, second.agent.replay_buffer
    assert new.size == old.size
    np.testing.assert_array_equal(new.rewards[: new.size], old.rewards[: old.size])
    assert new.tree.nodes[0][0] == pytest.approx(old.tree.nodes[0][0])
    second.advance(30)


def test_a_network_of_another_shape_begins_afresh_on_the_old_memory():
    first, second = continued(width=64)
    assert second.agent.replay_buffer.size == first.agent.replay_buffer.size
    assert next(second.agent.q_net.parameters()).shape[0] == 64
    second.advance(30)
    assert second.steps >= 90


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(4, 20), st.integers(4, 20), st.booleans(), st.booleans())
def test_memories_are_read_back(rows, size, other, priorities, read_with):
    kinds = {True: "common.prioritized_buffer:PrioritizedReplayBuffer", False: "common.buffer:ReplayBuffer"}

    def made(with_priorities, capacity):
        return library(*kinds[with_priorities].split(":"))((1,), 1, rew_dim=2, max_size=capacity)

    full = made(priorities, size)
    for row in range(rows):
        full.add([row], 0, [row, -row], [row + 1], False)
    read = made(read_with, other)
    memory.load(read, memory.dump(full))
    last = range(max(rows - min(size, other), 0), rows)
    assert sorted(read.obs[: read.size, 0]) == list(last)
    read.add([rows], 0, [0, 0], [0], True)  # replaces the oldest, or finds room
    kept = list(range(max(rows + 1 - min(size + (other > size), other), 0), rows + 1))
    assert sorted(read.obs[: read.size, 0])[-min(len(kept), read.size) :] == kept[-read.size :]
    if read_with:
        leaves = read.tree.nodes[-1]
        assert (leaves[: read.size] > 0).all()
        assert not leaves[read.size :].any()
        assert read.tree.nodes[0][0] == pytest.approx(leaves.sum())


def test_a_population_is_trained(tmp_path):
    fixed = {"algorithm": ["envelope"], "steps": 60, "seeds": 1, "held_out": 1, "weights": 3, "gamma": 1.0}
    summary = automl.search(
        "morl", data=Slippery, out=str(tmp_path / "run"), controller="pbt", evaluations=8, optuna="none", mlflow="none",
        baselines=["none"], finalists=0,
        set={**fixed, "reference": [0, -20], "episodes": 2, "population": 4, "interval": 0.5},
    )  # fmt: skip
    assert summary.failed == 0
    assert summary.best.candidate.algorithm == "envelope"
