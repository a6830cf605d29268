"""Energies under noise by plain matrix products: slow, and no simulator of ours."""

import numpy as np

from automl.trainers.circuits.noise.kraus import from_unitary, paulis

ONE, X, Y, Z = paulis(1)
CX = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])


def energy(circuit, angles, noise, terms):
    """Evolve the Pauli vector by plain matrix products: slow, and no simulator of ours."""
    n, rest = circuit.qubits, iter(angles)
    state = np.zeros((4,) * n)
    state[np.ix_(*[[0, 3]] * n)] = 1.0
    for each in circuit.gates:
        if each.turns:
            kind = ("rx", "ry", "rz").index(each.kind)
            half = next(rest) / 2
            turn = from_unitary(np.cos(half) * ONE - 1j * np.sin(half) * (X, Y, Z)[kind])
            state = np.tensordot(noise.rotations[kind, each.qubit] @ turn, state, (1, each.qubit))
            state = np.moveaxis(state, 0, each.qubit)
        else:
            both = (noise.cnots[each.wires] @ from_unitary(CX)).reshape(4, 4, 4, 4)
            state = np.moveaxis(np.tensordot(both, state, ((2, 3), each.wires)), (0, 1), each.wires)
    for qubit, (offset, factor) in enumerate(noise.readout):
        read = np.diag([1, factor, factor, factor])
        read[1:, 0] = offset
        state = np.moveaxis(np.tensordot(read, state, (1, qubit)), 0, qubit)
    return sum(weight * state[tuple("IXYZ".index(letter) for letter in string)] for string, weight in terms.items())
