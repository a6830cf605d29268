"""Inheritance in space circuits: angles find the rotations they belong to, and new ones are zero."""

import numpy as np
import pytest
from circuits_dense import circuit, same_state, spaces, state, walked
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.search_spaces.circuits import CircuitSpace, Gate
from automl.search_spaces.circuits.inherit import align

SEEDS = st.integers(0, 2**32)


def numbered(candidate):
    """Angles 1, 2, 3, ... of a circuit."""
    return {"angles": np.arange(1.0, candidate.rotations + 1)}


def inherited(space, child, parent):
    one, other = circuit(space, child), circuit(space, parent)
    return dict(zip_turns(one, space.inherit(one, other, numbered(other))["angles"]))


def zip_turns(candidate, angles):
    return zip([str(gate) for gate in candidate.gates if gate.turns], angles.tolist(), strict=True)


@settings(max_examples=60)
@given(spaces(), SEEDS)
def test_a_rotation_added_anywhere_leaves_the_state(space, seed):
    rng = np.random.default_rng(seed)
    parent = walked(space, rng, most=10)
    angles = rng.uniform(-3, 3, parent.rotations)
    turns = [gate for gate in space.alphabet() if isinstance(gate, Gate) and gate.turns]
    for _ in range(4):
        place = int(rng.integers(len(parent.gates) + 1))
        added = turns[int(rng.integers(len(turns)))]
        gates = (*parent.gates[:place], added, *parent.gates[place:])
        child = space.load({"qubits": parent.qubits, "gates": list(map(str, gates))})
        found = space.inherit(child, parent, {"angles": angles})["angles"]
        assert (found == 0).sum() >= 1
        assert sorted(found[found != 0]) == pytest.approx(sorted(angles))
        assert same_state(state(child, found), state(parent, angles))


@settings(max_examples=60)
@given(spaces(), SEEDS)
def test_a_circuit_with_one_gate_less_keeps_all_other_angles(space, seed):
    rng = np.random.default_rng(seed)
    parent = walked(space, rng, most=10)
    angles = rng.uniform(0.1, 3, parent.rotations)
    for place, gate in enumerate(parent.gates):
        gates = parent.gates[:place] + parent.gates[place + 1 :]
        child = space.load({"qubits": parent.qubits, "gates": list(map(str, gates))})
        found = space.inherit(child, parent, {"angles": angles})["angles"]
        assert set(found) <= set(angles)
        assert len(set(found)) == parent.rotations - gate.turns


@settings(max_examples=40)
@given(spaces(), SEEDS, SEEDS)
def test_alignment_pairs_equal_gates_once(space, seed, other):
    child, parent = (walked(space, np.random.default_rng(s), most=12) for s in (seed, other))
    order = space.rules.order
    pairs = align(order, order.numbers(child.gates), order.numbers(parent.gates))
    turns = [(a, b) for a, b in pairs if child.gates[a].turns]
    assert all(child.gates[a] == parent.gates[b] for a, b in pairs)
    assert len({a for a, _ in turns}) == len({b for _, b in turns}) == len(turns)
    by_wire = {wire: [(a, b) for a, b in sorted(turns) if child.gates[a].qubit == wire] for wire in range(4)}
    if space.rules.symmetry == "wires":
        assert all([b for _, b in line] == sorted(b for _, b in line) for line in by_wire.values())


@settings(max_examples=30)
@given(spaces(), SEEDS)
def test_new_arrays_of_the_right_shape(space, seed):
    rng = np.random.default_rng(seed)
    child, parent = walked(space, rng), walked(space, rng)
    given_ = {"angles": rng.uniform(-3, 3, parent.rotations)}
    before = given_["angles"].copy()
    found = space.inherit(child, parent, given_)
    assert list(found) == ["angles"]
    assert found["angles"].shape == (child.rotations,)
    assert found["angles"].dtype == np.float64
    found["angles"] += 1.0
    assert np.array_equal(given_["angles"], before)


@pytest.mark.parametrize(
    ("child", "parent", "expected"),
    [
        ("rx0 cx0-1 ry1", "rx0 cx0-1", {"rx0": 1.0, "ry1": 0.0}),
        ("rx0 ry0 rx1 ry1", "rx0 rx1 ry1", {"rx0": 1.0, "rx1": 2.0, "ry0": 0.0, "ry1": 3.0}),
        ("rx0 cx0-1 rz0 ry1", "rx0 rz0 cx0-1 ry1", {"rx0": 1.0, "rz0": 2.0, "ry1": 3.0}),
        ("rx0 cx0-2 ry2", "rx0 cx0-1 ry1", {"rx0": 1.0, "ry2": 0.0}),
        ("rx1 cx1-0", "rx0 cx0-1", {"rx1": 0.0}),
        ("rx0 cx0-1 rz1 ry0", "rx0 cx0-1 ry0 rz1", {"rx0": 1.0, "ry0": 2.0, "rz1": 3.0}),
    ],
)
def test_hand_made_alignments(child, parent, expected):
    assert inherited(CircuitSpace(qubits=3), child, parent) == expected


def test_a_rotation_moved_past_a_gate_it_does_not_commute_with_leaves_the_others_alone():
    space = CircuitSpace(qubits=3, symmetry="wires")
    found = inherited(space, "ry0 cx0-1 rx0 rz1 cx1-2 ry2", "rx0 cx0-1 ry0 rz1 cx1-2 ry2")
    assert {name: found[name] for name in ("rz1", "ry2")} == {"rz1": 3.0, "ry2": 4.0}


@pytest.mark.parametrize("weights", [{}, {"angles": np.zeros(2)}, {"angles": np.zeros((1, 1))}, {"other": np.zeros(1)}])
def test_weights_of_something_else_are_not_used(weights):
    space = CircuitSpace(qubits=2)
    assert space.inherit(circuit(space, "rx0 ry1"), circuit(space, "rx0"), weights) is None


def test_the_empty_circuit_has_no_angles_to_give_and_needs_none():
    space = CircuitSpace(qubits=2)
    assert space.inherit(circuit(space, "rx0"), space.root(), {"angles": np.zeros(0)})["angles"].tolist() == [0.0]
    assert space.inherit(space.root(), circuit(space, "rx0"), {"angles": np.ones(1)})["angles"].shape == (0,)
