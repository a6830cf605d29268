"""Energies of a circuit followed by each of many paths, compiled: the state of the circuit is made once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Observable, Real
from automl.trainers.circuits.simulator.sinusoids import lowest_of_one, lowest_of_two
from automl.trainers.circuits.simulator.state_gates import Codes, forward, write_turns
from automl.trainers.circuits.simulator.state_product import expectation

ROUNDS = 3
"""Rounds of coordinate descent for a path of three or more rotations."""


@compiled
def extend(
    qubits: int, prefix: tuple[Codes, Real], paths: tuple[Codes, npt.NDArray[np.int64]], matrix: Observable, out: Real
) -> int:
    """Write the energy after each path (K,), its own angles at their best; return how many energies that took.

    Args:
        qubits: number of qubits.
        prefix: gates and angles (P,) of the circuit.
        paths: gates of all paths, one path after the other, and (K, 2): the end of each path, its number of angles.
        matrix: the Hamiltonian.
        out: where to write.
    """
    size = 1 << qubits
    states = np.zeros((2, 2 * size + 24), matrix.real.dtype)
    re, im = states[0, :size], states[1, :size]
    turns = np.empty((len(prefix[1]), 2), matrix.real.dtype)
    write_turns(prefix[1], turns)
    re[0] = 1
    forward(re, im, qubits, prefix[0], turns)
    begin, count = 0, 0
    for k in range(len(out)):
        end, angles = paths[1][k, 0], paths[1][k, 1]
        out[k], used = _best(qubits, states, paths[0][begin:end], angles, matrix)
        begin, count = end, count + used
    return count


@compiled
def _energy(qubits: int, states: Real, codes: Codes, angles: Real, matrix: Observable) -> float:
    """Return the energy after one path; the first half of the states is the circuit's, the second room to work in."""
    size = 1 << qubits
    re, im = states[0, size : 2 * size], states[1, size : 2 * size]
    for k in range(size):
        re[k], im[k] = states[0, k], states[1, k]
    turns = np.empty((len(angles), 2), states.dtype)
    write_turns(angles, turns)
    forward(re, im, qubits, codes, turns)
    return float(expectation(re, im, matrix))


@compiled
def _best(qubits: int, states: Real, codes: Codes, count: int, matrix: Observable) -> tuple[float, int]:
    """Return the lowest energy over the angles of one path, and how many energies that took."""
    angles, table = np.zeros(count), np.empty((3, 3))
    if count == 2:
        for j in range(9):
            angles[0], angles[1] = _probe(j // 3), _probe(j % 3)
            table[j // 3, j % 3] = _energy(qubits, states, codes, angles, matrix)
        return lowest_of_two(table), 9
    value, used = _energy(qubits, states, codes, angles, matrix), 1
    for _ in range(1 if count == 1 else ROUNDS):
        for p in range(count):
            here = angles[p]
            for j in range(1, 3):
                angles[p] = here + _probe(j)
                table[0, j] = _energy(qubits, states, codes, angles, matrix)
            value, shift = lowest_of_one(value, table[0, 1], table[0, 2])
            angles[p] = here + shift
            used += 2
    return value, used


@compiled
def _probe(j: int) -> float:
    """Return 0, pi/2, -pi/2 for j = 0, 1, 2."""
    return math.pi / 2 * (j if j < 2 else -1)
