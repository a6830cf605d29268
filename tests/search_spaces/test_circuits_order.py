"""The order of space circuits: one for all circuits that differ only by exchanging gates that commute."""

import numpy as np
import pytest
from circuits_dense import commute, disjoint, orders, unitary, words
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import InvalidCandidate
from automl.search_spaces.circuits import Circuit, CircuitSpace, Gate, gate
from automl.search_spaces.circuits.alphabet import all_gates
from automl.search_spaces.circuits.order import order

SYMMETRIES = ("commuting", "wires")


def normal(gates, qubits, symmetry):
    tables = order(qubits, symmetry)
    return tuple(tables.gates[number] for number in tables.normal(tables.numbers(gates)))


def independent(symmetry, qubits):
    if symmetry == "wires":
        return disjoint
    return lambda one, other: one != other and commute(one, other, qubits)


def read(text):
    return tuple(gate(word) for word in text.split())


@pytest.mark.parametrize("qubits", [1, 2, 3])
@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_gates_are_independent_exactly_when_their_matrices_commute(qubits, symmetry):
    tables = order(qubits, symmetry)
    for one in all_gates(qubits):
        for other in all_gates(qubits):
            depend = bool(tables.dependents[tables.number[one]] >> tables.number[other] & 1)
            assert depend == (one == other or not independent(symmetry, qubits)(one, other)), (one, other)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=40)
@given(words(3, 6))
def test_all_orders_of_the_same_circuit_have_one_normal_form_and_no_other_has(symmetry, gates):
    same = orders(gates, independent(symmetry, 3))
    assert normal(gates, 3, symmetry) in same
    assert {normal(word, 3, symmetry) for word in same} == {normal(gates, 3, symmetry)}


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=40)
@given(words(2, 5), st.randoms(use_true_random=False))
def test_keys_are_equal_exactly_when_gates_that_commute_are_exchanged(symmetry, gates, random):
    space = CircuitSpace(qubits=2, symmetry=symmetry)
    shuffled = list(gates)
    random.shuffle(shuffled)
    one, other = (space.load({"qubits": 2, "gates": list(map(str, word))}) for word in (gates, shuffled))
    assert (space.key(one) == space.key(other)) == (tuple(shuffled) in orders(gates, independent(symmetry, 2)))


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=60)
@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), words(n, 25))))
def test_the_normal_form_of_a_normal_form_is_itself(symmetry, case):
    qubits, gates = case
    once = normal(gates, qubits, symmetry)
    assert sorted(map(str, once)) == sorted(map(str, gates))
    assert normal(once, qubits, symmetry) == once


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=40)
@given(st.integers(1, 3).flatmap(lambda n: st.tuples(st.just(n), words(n, 12))))
def test_the_unitary_is_kept(symmetry, case):
    """Each rotation is given an angle of its own kind and count, so that it keeps its angle wherever it goes."""
    qubits, gates = case

    def angles(word):
        seen = {}
        for one in word:
            if one.turns:
                seen[one] = seen.get(one, 0) + 1
                yield 0.3 + 0.7 * seen[one] + 0.17 * "xyz".index(one.kind[1]) + 0.05 * one.qubit

    ordered = normal(gates, qubits, symmetry)
    before = unitary(Circuit(qubits, gates), angles(gates))
    assert np.allclose(unitary(Circuit(qubits, ordered), angles(ordered)), before)


@settings(max_examples=30)
@given(words(4, 25))
def test_the_normal_form_of_wires_is_as_deep_as_the_circuit(gates):
    assert Circuit(4, normal(gates, 4, "wires")).depth == Circuit(4, gates).depth


@pytest.mark.parametrize(
    ("symmetry", "given_", "expected"),
    [
        ("wires", "ry1 rx0 cx0-1 rx3", "rx0 ry1 rx3 cx0-1"),
        ("wires", "rx2 cx0-1 rz0", "cx0-1 rx2 rz0"),
        ("commuting", "rx0 cx0-1 rz0 ry0", "rx0 cx0-1 rz0 ry0"),
        ("commuting", "rx0 rz0 cx0-1 ry0", "rx0 cx0-1 rz0 ry0"),
        ("commuting", "rx1 ry1 cx0-1 rx1", "rx1 ry1 cx0-1 rx1"),
        ("commuting", "ry0 cx0-1 rx1", "ry0 rx1 cx0-1"),
        ("commuting", "cx0-1 cx1-2 cx0-2", "cx0-1 cx0-2 cx1-2"),
        ("commuting", "cx0-2 cx3-2 cx0-1 cx3-1", "cx0-1 cx3-2 cx0-2 cx3-1"),
    ],
)
def test_hand_made_orders(symmetry, given_, expected):
    assert normal(read(given_), 4, symmetry) == read(expected)


def test_gates_of_one_step_on_disjoint_wires_come_together():
    ordered = normal(read("cx0-1 cx0-2 cx3-2"), 4, "commuting")
    assert " ".join(map(str, ordered)) == "cx0-1 cx3-2 cx0-2"
    assert Circuit(4, ordered).depth == 2 < Circuit(4, read("cx0-1 cx0-2 cx3-2")).depth


def test_equal_gates_stay_in_order_and_are_not_merged():
    assert normal(read("rz0 cx0-1 rz0"), 2, "commuting").count(Gate("rz", 0)) == 2


@pytest.mark.parametrize("strange", [Gate("rx", 2), Gate("cx", 0, 0), Gate("cx", 1, 5), "rx0", None, ["rx0"]])
def test_strange_gates_are_named(strange):
    with pytest.raises(InvalidCandidate, match="is no gate on 2 qubits"):
        order(2, "wires").numbers((Gate("rx", 0), strange))
