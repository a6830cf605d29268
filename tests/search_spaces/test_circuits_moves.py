"""Moves of space circuits: the alphabet, what is masked and why, what a policy sees."""

import numpy as np
import pytest
from circuits_dense import circuit, commute, disjoint, orders, same_state, spaces, state, walked
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import InvalidCandidate
from automl.search_spaces.circuits import Circuit, CircuitSpace, Gate, Prune, extensions, gate
from automl.search_spaces.circuits.redundancy import reduced

SEEDS = st.integers(0, 2**32)


def rng(seed=0):
    return np.random.default_rng(seed)


def texts(moves):
    return [str(move) for move in moves]


def illegal(space, text):
    candidate = circuit(space, text)
    return set(texts(space.alphabet())) - set(texts(space.moves(candidate)))


def test_the_alphabet_has_a_fixed_order():
    assert texts(CircuitSpace(qubits=2).alphabet()) == ["cx0-1", "cx1-0", "rx0", "ry0", "rz0", "rx1", "ry1", "rz1"]
    assert texts(CircuitSpace(qubits=2, pruning=True).alphabet())[-2:] == ["prune0", "prune1"]


@pytest.mark.parametrize(("qubits", "moves"), [(2, 8), (3, 15), (4, 24), (6, 48), (8, 80)])
def test_there_are_as_many_moves_as_in_the_paper(qubits, moves):
    assert len(CircuitSpace(qubits=qubits).alphabet()) == moves


def test_a_coupling_map_leaves_its_cnots_in_both_directions():
    alphabet = texts(CircuitSpace(qubits=4, coupling=("0-1", "1-2", "3-1")).alphabet())
    assert len(alphabet) == 18
    assert alphabet[:6] == ["cx0-1", "cx1-0", "cx1-2", "cx1-3", "cx2-1", "cx3-1"]


# Masks


class PublishedList:
    """The published bookkeeping, written down anew: the latest actions that are still the last on all their wires."""

    def __init__(self):
        self.entries = []

    def act(self, move):
        self.entries = [entry for entry in self.entries if disjoint(entry, move)] + [move]


@settings(max_examples=40)
@given(st.integers(1, 5), SEEDS)
def test_the_paper_mask_is_the_published_list(qubits, seed):
    space = CircuitSpace(qubits=qubits, **CircuitSpace.profiles["paper"])
    listed, candidate, draws = PublishedList(), space.root(), rng(seed)
    for _ in range(30):
        moves = space.moves(candidate)
        assert set(space.alphabet()) - set(moves) == set(listed.entries)
        assert len(listed.entries) <= qubits
        move = moves[int(draws.integers(len(moves)))]
        candidate = space.apply(candidate, move)
        listed.act(move)


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ("", ""),
        ("rx0", "rx0"),
        ("rx0 ry0", "ry0"),
        ("rx0 cx0-1", "cx0-1"),
        ("cx0-1 rx2", "cx0-1 rx2"),
        ("cx0-1 rz0", "rz0"),
        ("rz0 cx0-1", "cx0-1"),
    ],
)
def test_hand_made_traces_of_the_paper_mask(gates, expected):
    assert illegal(CircuitSpace(qubits=3, masking="paper", symmetry="wires"), gates) == set(expected.split())


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ("", "rz0 rz1 cx0-1 cx1-0"),
        ("rx0", "rx0 rz1 cx1-0"),
        ("rx0 cx0-1", "cx0-1"),
        ("rx0 rz0 cx0-1", "rz0 cx0-1"),
        ("rx0 rx1 cx0-1", "rx1 cx0-1"),
        ("rx0 cx0-1 rz0 ry1", "rz0 ry1"),
        ("rx0 cx0-1 rx1 rz0", "rx1 rz0 cx0-1"),
    ],
)
def test_hand_made_traces_of_the_commuting_mask(gates, expected):
    assert illegal(CircuitSpace(qubits=2), gates) == set(expected.split())


def test_the_paper_mask_minds_the_symmetry():
    """A circuit whose order does not say which of two gates came first cannot be masked by what came last."""
    assert illegal(CircuitSpace(qubits=2, masking="paper"), "rx0 rz0 cx0-1") == {"rz0", "cx0-1"}
    assert illegal(CircuitSpace(qubits=2, masking="paper"), "") == set()


def test_no_mask_at_all():
    assert illegal(CircuitSpace(qubits=2, masking="none"), "rx0") == set()


@settings(max_examples=40)
@given(SEEDS)
def test_the_commuting_mask_is_what_trying_all_orders_finds(seed):
    space = CircuitSpace(qubits=3)
    candidate = walked(space, rng(seed), most=6)

    def independent(one, other):
        return one != other and commute(one, other, 3)

    legal = set(space.moves(candidate))
    ends = {word[-1] for word in orders(candidate.gates, independent) if word}
    for move in space.alphabet():
        if move in ends:
            assert move not in legal, "an order ends with the same gate"
        elif move not in legal:
            changed = state(Circuit(3, (*candidate.gates, move)), np.linspace(0.3, 2.0, candidate.rotations + 1))
            assert same_state(changed, state(candidate, np.linspace(0.3, 2.0, candidate.rotations + 1)[:-1]))


@settings(max_examples=40)
@given(spaces(), SEEDS)
def test_illegal_moves_are_redundant(space, seed):
    """The same states are reached without the move: with another angle of the rotation it repeats, or with less."""
    draws = rng(seed)
    candidate = walked(space, draws, most=10)
    if len(candidate.gates) == space.rules.max_gates:
        assert [move for move in space.moves(candidate) if isinstance(move, Gate)] == []
        return
    angles = draws.uniform(-3, 3, candidate.rotations)
    for move in set(space.alphabet()) - set(space.moves(candidate)):
        if isinstance(move, Prune):
            continue
        longer = state(Circuit(candidate.qubits, (*candidate.gates, move)), [*angles, 0.4])
        assert same_state(longer, state(*without(candidate, angles, move)))


def without(candidate, angles, move):
    """The circuit that the move leaves, if it is redundant, with its angles."""
    if move not in candidate.gates:
        return candidate, angles
    place = len(candidate.gates) - 1 - candidate.gates[::-1].index(move)
    if move.turns:
        turn = sum(other.turns for other in candidate.gates[:place])
        return candidate, angles + 0.4 * (np.arange(len(angles)) == turn)
    return Circuit(candidate.qubits, candidate.gates[:place] + candidate.gates[place + 1 :]), angles


@settings(max_examples=40)
@given(SEEDS)
def test_circuits_made_of_legal_moves_are_reduced(seed):
    space = CircuitSpace(qubits=4, masking="commuting")
    numbers = space.rules.order.numbers(walked(space, rng(seed), most=40).gates)
    assert reduced(space.rules.redundancy, numbers) == numbers


def test_there_is_always_a_legal_move_until_the_circuit_is_full():
    for qubits in (1, 2, 4):
        space = CircuitSpace(qubits=qubits, max_gates=30)
        candidate, draws = space.root(), rng()
        for _ in range(30):
            moves = space.moves(candidate)
            candidate = space.apply(candidate, moves[int(draws.integers(len(moves)))])
        assert space.moves(candidate) == []
        with pytest.raises(InvalidCandidate, match="max_gates=30"):
            space.apply(candidate, gate("rx0"))


# Apply and prune


@settings(max_examples=40)
@given(spaces(), SEEDS)
def test_a_move_appends_a_gate_and_keeps_the_unitary(space, seed):
    draws = rng(seed)
    candidate = walked(space, draws, most=8)
    for move in [move for move in space.moves(candidate) if isinstance(move, Gate)]:
        child = space.apply(candidate, move)
        space.check(child)
        appended = space.load({"qubits": child.qubits, "gates": texts((*candidate.gates, move))})
        assert child == appended


def test_a_survey_is_asked_for_each_circuit_anew():
    space = CircuitSpace(qubits=2)
    assert space.apply(space.survey(space.root()), gate("rx0")).survey == 0


@pytest.mark.parametrize(
    ("gates", "wire", "left"),
    [
        ("rx0 cx0-1 ry1", 1, "rx0 cx0-1"),
        ("rx0 cx0-1 ry1", 0, "rx0 ry1"),
        ("rx0 rx1 cx0-1 ry0 ry1", 0, "rx0 rx1 cx0-1 ry1"),
    ],
)
def test_pruning_removes_the_last_gate_on_a_wire(gates, wire, left):
    space = CircuitSpace(qubits=2, pruning=True)
    assert space.apply(circuit(space, gates), Prune(wire)) == circuit(space, left)


def test_what_pruning_makes_redundant_goes_along():
    space = CircuitSpace(qubits=2, pruning=True, symmetry="wires")
    assert space.apply(circuit(space, "rx0 ry1 cx0-1 ry1"), Prune(0)) == circuit(space, "rx0 ry1")
    assert Prune(1) not in space.moves(circuit(space, "rx0"))
    with pytest.raises(InvalidCandidate, match="no gate on wire 1"):
        space.apply(circuit(space, "rx0"), Prune(1))


def test_a_full_circuit_can_still_be_pruned():
    space = CircuitSpace(qubits=2, max_gates=2, pruning=True)
    assert texts(space.moves(circuit(space, "rx0 ry1"))) == ["prune0", "prune1"]


# What a policy sees


def test_hand_made_moments():
    space = CircuitSpace(qubits=3, max_gates=5, symmetry="wires")
    seen = space.observe(circuit(space, "rx0 rz2 cx0-1 ry1 cx1-2"))
    assert seen.shape == (5, 6, 3)
    ones = {(0, 3, 0), (0, 5, 2), (1, 1, 0), (2, 4, 1), (3, 2, 1)}
    assert set(zip(*map(list, np.nonzero(seen)), strict=True)) == ones
    assert seen.dtype == np.float64
    assert seen.sum() == 5


@pytest.mark.parametrize(("qubits", "gates", "size"), [(4, 40, 1120), (6, 70, 3780), (8, 250, 22000)])
def test_the_tensor_is_as_large_as_in_the_paper(qubits, gates, size):
    space = CircuitSpace(qubits=qubits, max_gates=gates)
    assert space.observe(space.root()).size == size


def test_hand_made_gate_list():
    space = CircuitSpace(qubits=3, max_gates=4, symmetry="wires", encoding="flat")
    expected = [[3, 0, 3, 3], [0, 1, 0, 0], [0, 3, 1, 3], [1, 0, 2, 0]]
    assert space.observe(circuit(space, "rx0 cx0-1 ry1")).tolist() == expected


@settings(max_examples=30)
@given(st.sampled_from(("moments", "flat")), SEEDS)
def test_different_circuits_look_different(encoding, seed):
    space, draws = CircuitSpace(qubits=3, encoding=encoding, symmetry="wires"), rng(seed)
    one, other = walked(space, draws), walked(space, draws)
    assert (space.key(one) == space.key(other)) == bool((space.observe(one) == space.observe(other)).all())


# Looking ahead


def test_extensions_of_the_empty_circuit():
    paths = extensions(Circuit(2), 1)
    assert [texts(path) for path in paths] == [["rx0"], ["ry0"], ["rx1"], ["ry1"]]
    assert len(extensions(Circuit(2), 1, masking="none")) == 8
    assert [texts(path) for path in extensions(Circuit(3), 2, coupling=("0-1", "1-2"))][:4] == [
        ["rx0"], ["ry0"], ["rx1"], ["ry1"]
    ]  # fmt: skip


@settings(max_examples=15)
@given(spaces(), SEEDS)
def test_extensions_are_all_circuits_that_legal_moves_reach_each_once(space, seed):
    from automl.search_spaces.circuits.paths import legal_paths

    candidate = walked(space, rng(seed), most=5)

    def children(one):
        return [space.apply(one, move) for move in space.moves(one) if isinstance(move, Gate)]

    near = children(candidate)
    reached = {space.key(child) for child in [*near, *(grandchild for child in near for grandchild in children(child))]}
    listed = []
    for path in legal_paths(space.rules, candidate, 2):
        after = candidate
        for move in path:
            assert move in space.moves(after)
            after = space.apply(after, move)
        listed.append(space.key(after))
    assert len(set(listed)) == len(listed)
    assert set(listed) == reached


def test_an_outlook_is_read_for_legal_moves():
    space = CircuitSpace(qubits=2, survey_depth=2)
    candidate = space.survey(circuit(space, "rx0"))
    assert candidate.survey == 2
    report = {"cx0-1 ry1": -1.5, "rx0": -2.0, "ry0": -1.0, "cx0-1 cx0-1": -3.0, "cx1-0": -4.0, "": -5.0}
    read = space.outlook(candidate, {"outlook": report})
    assert read == [((gate("cx0-1"), gate("ry1")), -1.5), ((gate("ry0"),), -1.0)]
    assert space.outlook(candidate, {}) == []
    full = CircuitSpace(qubits=2, max_gates=1)
    assert full.outlook(circuit(full, "rx0"), {"outlook": {"ry0": -1.0}}) == []
