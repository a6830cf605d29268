"""Changes of space circuits: each does what it says, and none leads back or to a circuit that could be shorter."""

from functools import partial

import numpy as np
import pytest
from circuits_dense import circuit, same_state, spaces, state, walked
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.core.domains import Integers
from automl.search_spaces.circuits import CircuitSpace
from automl.search_spaces.circuits.perturb import CHANGES
from automl.search_spaces.circuits.redundancy import reduced

SEEDS = st.integers(0, 2**32)


def changed(space, parent, seed=0, **answers):
    """A neighbour by these answers, and whatever else is asked at random."""
    otherwise, answers = at_random(np.random.default_rng(seed)), {"reach": "near", **answers}
    return run(
        partial(space.perturb, parent),
        lambda name, domain, allowed: answers.get(name, otherwise(name, domain, allowed)),
    )


def offered(space, parent):
    """The changes a space offers for a circuit."""
    seen = {"change": ["add"]}  # what is asked when there is no choice

    def answer(name, domain, allowed):
        if name == "reach":
            return "near"
        seen[name] = domain.values if allowed is None and name == "change" else allowed
        return at_random(np.random.default_rng(0))(name, domain, allowed)

    run(partial(space.perturb, parent), answer)
    return set(seen["change"])


@settings(max_examples=60)
@given(spaces(), SEEDS)
def test_a_neighbour_is_another_circuit_of_the_space_without_redundant_gates(space, seed):
    rng = np.random.default_rng(seed)
    parent = walked(space, rng, most=12)
    for change in sorted(offered(space, parent)):
        child, _ = changed(space, parent, seed, change=change)
        space.check(child)
        assert space.key(child) != space.key(parent), change
        numbers = space.rules.order.numbers(child.gates)
        assert reduced(space.rules.redundancy, numbers) == numbers, change


@settings(max_examples=30)
@given(SEEDS)
def test_a_long_walk_never_stands_still(seed):
    space, answer = CircuitSpace(qubits=3, max_gates=9), at_random(np.random.default_rng(seed))
    parent = space.root()
    for _ in range(60):
        child, _ = run(partial(space.perturb, parent), answer)
        assert child != parent
        space.check(child)
        parent = child


def test_what_is_offered_where():
    space = CircuitSpace(qubits=2, max_gates=6)
    assert offered(space, space.root()) == {"add"}
    assert offered(space, circuit(space, "rx0")) == {"add", "remove", "replace", "turn", "rewire", "wrap", "bridge"}
    everything = circuit(space, "rx0 cx0-1 ry1")
    assert offered(space, everything) == {*CHANGES} - {"unwrap"}
    assert offered(space, circuit(space, "rx0 cx0-1 ry1 cx0-1")) == {*CHANGES} - {"bridge"}
    full = CircuitSpace(qubits=2, max_gates=4)
    assert offered(full, circuit(full, "rx0 cx0-1 ry1 cx0-1")) == {*CHANGES} - {"bridge", "wrap", "add"}
    alone = CircuitSpace(qubits=1)
    assert offered(alone, circuit(alone, "rx0 ry0")) == {"add", "remove", "replace", "turn", "move"}


@pytest.mark.parametrize(
    ("before", "answers", "after"),
    [
        ("rx0 cx0-1", {"change": "add", "gate": "ry1", "site": 2}, "rx0 cx0-1 ry1"),
        ("rx0 cx0-1", {"change": "add", "gate": "ry0", "site": 1}, "rx0 ry0 cx0-1"),
        ("rx0 cx0-1 ry1", {"change": "remove", "place": 1}, "rx0 ry1"),
        ("rx0 cx0-1 ry1 cx0-1", {"change": "remove", "place": 2}, "rx0"),
        ("rx0 ry1 cx0-1", {"change": "replace", "place": 2, "gate": "cx1-0"}, "rx0 ry1 cx1-0"),
        ("rx0 cx0-1 ry1", {"change": "turn", "place": 2, "gate": "rz1"}, "rx0 cx0-1 rz1"),
        ("rx0 cx0-1 ry1", {"change": "rewire", "place": 2, "gate": "ry0"}, "rx0 cx0-1 ry0"),
        ("rx0 cx0-1 ry1", {"change": "move", "place": 0, "site": 2}, "rx0 ry1"),
        ("rx0 ry1 cx0-1", {"change": "move", "place": 1, "site": 2}, "rx0 cx0-1 ry1"),
        ("rx0 ry1 cx0-1 ry1 cx0-1", {"change": "unwrap", "place": 2}, "rx0 ry1"),
        ("rx0 ry1 rz1", {"change": "wrap", "place": 2, "cnot": "cx0-1"}, "rx0 ry1 cx0-1 rz1 cx0-1"),
        ("rx0", {"change": "wrap", "place": 0, "cnot": "cx0-1"}, "rx0 cx0-1"),
        ("rx0", {"change": "bridge", "cnot": "cx0-1", "gate": "ry1", "site": 1}, "rx0 cx0-1 ry1 cx0-1"),
    ],
)
def test_hand_made_changes(before, answers, after):
    space = CircuitSpace(qubits=2)
    child, _ = changed(space, circuit(space, before), **answers)
    assert child == circuit(space, after)


def test_a_cnot_that_its_control_keeps_idle_is_never_put_there():
    space = CircuitSpace(qubits=2)
    for seed in range(40):
        child, trace = changed(space, circuit(space, "rx0 cx0-1 ry1"), seed, change="replace", place=1)
        assert trace["gate"].value != "cx1-0"
        assert len(child.gates) == 3


def test_moving_offers_only_places_that_make_a_difference():
    space = CircuitSpace(qubits=3)
    parent = circuit(space, "rx0 cx0-1 rx2 ry1")
    keys = {space.key(changed(space, parent, seed, change="move")[0]) for seed in range(60)}
    assert keys == {"rx0 ry1 rx2 cx0-1", "rx0 ry1 rx2"}  # before the first rx0 the CNOT would be idle


@settings(max_examples=30)
@given(SEEDS)
def test_a_bridge_is_nothing_until_it_is_turned(seed):
    rng = np.random.default_rng(seed)
    space = CircuitSpace(qubits=3)
    parent = walked(space, rng)
    if "bridge" not in offered(space, parent):
        return
    child, _ = changed(space, parent, seed, change="bridge")
    angles = rng.uniform(-3, 3, parent.rotations)
    inherited = space.inherit(child, parent, {"angles": angles})["angles"]
    assert len(child.gates) == len(parent.gates) + 3
    assert same_state(state(child, inherited), state(parent, angles))


def test_changes_reach_every_small_circuit():
    """From the root, walks over circuits of at most two gates meet all of them that legal moves can build."""
    space = CircuitSpace(qubits=2, max_gates=2)
    near = [space.apply(space.root(), move) for move in space.moves(space.root())]
    wanted = {space.key(child) for one in near for child in (one, *(space.apply(one, m) for m in space.moves(one)))}
    answer, met, parent = at_random(np.random.default_rng(0)), set(), space.root()
    for _ in range(600):
        parent, _ = run(partial(space.perturb, parent), answer)
        met.add(space.key(parent))
    assert met == wanted | {space.key(space.root())}


def test_questions_have_the_domains_that_are_documented():
    space, seen = CircuitSpace(qubits=2, max_gates=7), {}
    parent = circuit(space, "rx0 cx0-1 ry1 cx0-1")
    for seed in range(80):
        _, trace = changed(space, parent, seed)
        for name, choice in trace.items():
            assert seen.setdefault(name, choice.domain) == choice.domain
    assert seen["place"] == Integers(0, 6)
    assert seen["site"] == Integers(0, 7)
    assert seen["gate"].values == tuple(map(str, space.alphabet()))
    assert seen["change"].values == tuple(CHANGES)


def test_a_circuit_with_redundant_gates_loses_them_on_the_way():
    space = CircuitSpace(qubits=2)
    parent = circuit(space, "rz0 rx0 rx0 cx1-0")
    child, _ = changed(space, parent, change="add", gate="ry1", site=1)
    assert child == circuit(space, "rx0 ry1")
