"""Far changes of space circuits: some blocks of a CNOT and two rotations more."""

from functools import partial

import numpy as np
import pytest
from circuits_dense import circuit, spaces, walked
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.search_spaces.circuits import CircuitSpace
from automl.search_spaces.circuits.redundancy import reduced

SEEDS = st.integers(0, 2**32)


def leapt(space, parent, seed=0, **answers):
    """Where a leap leads with these answers, and whatever else is asked at random; slashes are underscores."""
    otherwise, answers = at_random(np.random.default_rng(seed)), {"reach": "far", **answers}
    return run(
        partial(space.perturb, parent),
        lambda name, domain, allowed: answers.get(name.replace("/", "_"), otherwise(name, domain, allowed)),
    )


@settings(max_examples=60)
@given(spaces(), SEEDS)
def test_a_leap_leads_to_another_circuit_of_the_space_without_redundant_gates(space, seed):
    parent = walked(space, np.random.default_rng(seed), most=12)
    child, _ = leapt(space, parent, seed)
    space.check(child)
    assert space.key(child) != space.key(parent)
    numbers = space.rules.order.numbers(child.gates)
    assert reduced(space.rules.redundancy, numbers) == numbers


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_every_block_is_one_cnot_more_and_at_most_two_rotations(blocks):
    space = CircuitSpace(qubits=4, symmetry="wires")
    parent = circuit(space, "ry0 ry1 ry2 ry3 cx3-2 ry2")
    for seed in range(10):
        child, _ = leapt(space, parent, seed, blocks=blocks)
        assert child.cnots == parent.cnots + blocks
        assert child.rotations <= parent.rotations + 2 * blocks


def test_a_block_by_hand():
    space = CircuitSpace(qubits=2)
    answers = {"blocks": 1, "cnot_0": "cx0-1", "control_0": "ry0", "target_0": "rz1", "site_0": 2}
    child, _ = leapt(space, circuit(space, "rx0 ry1"), **answers)
    assert child == circuit(space, "rx0 ry1 cx0-1 ry0 rz1")


def test_rotations_of_a_block_do_not_commute_with_its_cnot():
    space = CircuitSpace(qubits=3)
    for seed in range(30):
        _, trace = leapt(space, circuit(space, "rx0 ry1 rx2"), seed, blocks=1)
        assert trace["control/0"].value[:2] in {"rx", "ry"}
        assert trace["target/0"].value[:2] in {"ry", "rz"}


@pytest.mark.parametrize(("gates", "most"), [("", 40), ("rx0 ry1", 4)])
def test_without_room_or_a_cnot_that_does_something_the_change_is_near(gates, most):
    space = CircuitSpace(qubits=2, max_gates=most)
    _, trace = leapt(space, circuit(space, gates))
    assert trace["reach"].value == "near"


def test_blocks_stay_within_the_room():
    space = CircuitSpace(qubits=3, max_gates=9)
    for seed in range(20):
        child, trace = leapt(space, circuit(space, "rx0 ry1 rx2"), seed)
        assert trace["blocks"].value <= 2
        assert len(child.gates) <= 9
