"""Circuits as dense matrices, the slow and obvious way, for the tests of space circuits."""

from functools import reduce

import numpy as np
from hypothesis import strategies as st

from automl.search_spaces.circuits import CircuitSpace
from automl.search_spaces.circuits.alphabet import all_gates

I = np.eye(2)  # noqa: E741
PAULI = {"rx": np.array([[0, 1], [1, 0]]), "ry": np.array([[0, -1j], [1j, 0]]), "rz": np.diag([1, -1])}
ZERO, ONE = np.diag([1, 0]), np.diag([0, 1])


def on(qubits, **factors):
    """Kronecker product with a factor on some qubits, qubit 0 leftmost."""
    return reduce(np.kron, [factors.get(f"q{wire}", I) for wire in range(qubits)])


def matrix(gate, angle, qubits):
    if gate.control is not None:
        idle = on(qubits, **{f"q{gate.control}": ZERO})
        return idle + on(qubits, **{f"q{gate.control}": ONE, f"q{gate.qubit}": PAULI["rx"]})
    turned = on(qubits, **{f"q{gate.qubit}": PAULI[gate.kind]})
    return np.cos(angle / 2) * np.eye(2**qubits) - 1j * np.sin(angle / 2) * turned


def unitary(circuit, angles):
    """The circuit's matrix; angles in the order of its rotations."""
    given = iter(angles)
    steps = [matrix(gate, next(given) if gate.turns else 0.0, circuit.qubits) for gate in circuit.gates]
    return reduce(lambda product, step: step @ product, steps, np.eye(2**circuit.qubits))


def state(circuit, angles):
    return unitary(circuit, angles)[:, 0]


def same_state(one, other):
    return abs(abs(np.vdot(one, other)) - 1.0) < 1e-9


def commute(one, other, qubits):
    """Whether two gates commute at any angles, found out from their matrices."""
    a, b = matrix(one, 0.7, qubits), matrix(other, 1.1, qubits)
    return np.allclose(a @ b, b @ a)


def orders(gates, independent):
    """All orders of gates reached by exchanging independent neighbours, found by trying them all."""
    seen, todo = {gates}, [gates]
    while todo:
        word = todo.pop()
        for place in range(len(word) - 1):
            a, b = word[place], word[place + 1]
            swapped = (*word[:place], b, a, *word[place + 2 :])
            if swapped not in seen and independent(a, b):
                seen.add(swapped)
                todo.append(swapped)
    return seen


def disjoint(one, other):
    return set(one.wires).isdisjoint(other.wires)


def words(qubits, most):
    """Lists of any gates, redundant ones and all."""
    return st.lists(st.sampled_from(all_gates(qubits)), max_size=most).map(tuple)


@st.composite
def spaces(draw, most_qubits=3):
    qubits = draw(st.integers(1, most_qubits))
    line = tuple(f"{a}-{a + 1}" for a in range(qubits - 1))
    return CircuitSpace(
        qubits=qubits,
        coupling=draw(st.sampled_from((None, line))),
        max_gates=draw(st.integers(1, 12)),
        masking=draw(st.sampled_from(("commuting", "paper", "none"))),
        symmetry=draw(st.sampled_from(("commuting", "wires"))),
        pruning=draw(st.booleans()),
    )


def walked(space, rng, most=12):
    """A circuit made of random legal moves."""
    candidate = space.root()
    for _ in range(int(rng.integers(most + 1))):
        moves = [move for move in space.moves(candidate) if not str(move).startswith("prune")]
        candidate = space.apply(candidate, moves[int(rng.integers(len(moves)))]) if moves else candidate
    return candidate


def circuit(space, text):
    """A circuit written as text, in normal order."""
    return space.load({"qubits": space.rules.qubits, "gates": text.split()})
