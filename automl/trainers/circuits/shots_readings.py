"""How probable each bit string is when the final state of a circuit is measured in some bases."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.program import RX, RY, Program

Array: TypeAlias = npt.NDArray[np.float64]
Bases: TypeAlias = npt.NDArray[np.int64]

_HALF = math.sqrt(0.5)
TURNS = np.array([[[_HALF, _HALF], [_HALF, -_HALF]], [[_HALF, -1j * _HALF], [_HALF, 1j * _HALF]], [[1, 0], [0, 1]]])
"""What takes the eigenvectors of X, Y, Z to those of Z."""
PAIR = np.array([[1.0, 1.0], [1.0, -1.0]]) / 2
"""Probabilities of 0 and 1 from 1 and the expectation."""


def of_state(program: Program, angles: Array, bases: Bases) -> Array:
    """Return the probabilities (G, 2^n) on a perfect machine, for bases (G, n) of letters X, Y, Z = 1, 2, 3.

    Args:
        program: the circuit.
        angles: (P,) its angles.
        bases: what each qubit is measured in.
    """
    qubits = program.qubits
    states = np.tile(_state(program, angles), (len(bases), 1))
    for qubit in range(qubits):
        parts = states.reshape(len(bases), 2**qubit, 2, 2 ** (qubits - qubit - 1))
        states = np.einsum("gij,gajb->gaib", TURNS[bases[:, qubit] - 1], parts)
    return _proper(np.abs(states.reshape(len(bases), 2**qubits)) ** 2)


def _state(program: Program, angles: Array) -> npt.NDArray[np.complex128]:
    """Return the state vector (2^n,)."""
    state = np.zeros((2,) * program.qubits, dtype=np.complex128)
    state.flat[0] = 1
    for kind, target, control, place in program.codes.tolist():
        if place < 0:
            pair = np.moveaxis(state, (control, target), (0, 1))
            pair[1] = pair[1, ::-1].copy()
            continue
        c, s = math.cos(angles[place] / 2), math.sin(angles[place] / 2)
        zero, one = np.moveaxis(state, target, 0).copy()
        after = np.moveaxis(state, target, 0)
        if kind == RX:
            after[0], after[1] = c * zero - 1j * s * one, c * one - 1j * s * zero
        elif kind == RY:
            after[0], after[1] = c * zero - s * one, c * one + s * zero
        else:
            after[0], after[1] = complex(c, -s) * zero, complex(c, s) * one
    return state.reshape(-1)


def of_vector(vector: Array, bases: Bases, readout: Array) -> Array:
    """Return the probabilities (G, 2^n) of what is read from a Pauli vector (4^n,).

    Args:
        vector: the final state, tr(P rho).
        bases: (G, n) letters X, Y, Z = 1, 2, 3.
        readout: (n, 2) offset and factor of each qubit, as in `GateNoise`.
    """
    count, qubits = bases.shape
    places = np.zeros((count, 1), dtype=np.int64)
    for qubit in range(qubits):
        letters = np.stack([np.zeros(count, dtype=np.int64), bases[:, qubit]], axis=1)
        places = (4 * places[:, :, None] + letters[:, None, :]).reshape(count, 2 ** (qubit + 1))
    found = vector[places]
    for qubit, (offset, factor) in enumerate(readout):
        read = PAIR @ np.array([[1.0, 0.0], [offset, factor]])
        found = np.einsum("ij,gajb->gaib", read, found.reshape(count, 2**qubit, 2, 2 ** (qubits - qubit - 1)))
    return _proper(found.reshape(count, 2**qubits))


def _proper(probabilities: Array) -> Array:
    """Return them without the rounding that makes some negative or their sum not 1."""
    positive = np.maximum(probabilities, 0.0)
    normal: Array = positive / positive.sum(axis=1, keepdims=True)
    return normal
