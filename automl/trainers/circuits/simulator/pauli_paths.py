"""Noisy energies of a circuit followed by each of many paths, compiled: the state of the circuit is made once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_adjoint import bound, forward, nothing_kept, read
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_rotations import FORWARD
from automl.trainers.circuits.simulator.pauli_schedule import Integers, join, nobody, places, schedule
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_walk import Bound, joined, through, write_turns
from automl.trainers.circuits.simulator.sinusoids import lowest_of_one, lowest_of_two
from automl.trainers.circuits.simulator.state_gates import Codes
from automl.trainers.circuits.simulator.state_paths import ROUNDS

PROBES = (0.0, math.pi / 2, -math.pi / 2)
"""Angles at which energies are taken to know them at all angles: with noise, too, they are sinusoids of each."""


@compiled
def extend(prefix: tuple[Codes, Real], paths: tuple[Codes, npt.NDArray[np.int64]], noise: Tables, out: Real) -> int:
    """Write the energy after each path (K,), its own angles at their best; return how many energies that took.

    Args:
        prefix: gates and angles (1, P) of the circuit.
        paths: gates of all paths, one path after the other, and (K, 2): the end of each path, its number of angles.
        noise: noise and Hamiltonian.
        out: where to write.
    """
    states = np.empty((2, 1 << 2 * noise.forms.shape[1]), noise.rotations.dtype)
    positions = _prepare(states[0], prefix, noise)
    begin, count = 0, 0
    for k in range(len(out)):
        end, angles = paths[1][k, 0], paths[1][k, 1]
        out[k], used = _best(states, paths[0][begin:end], angles, positions, noise)
        begin, count = end, count + used
    return count


@inner
def _prepare(r: Real, circuit: tuple[Codes, Real], noise: Tables) -> Integers:
    """Write the state of a circuit at angles (1, P); return the positions of the qubits that it needs."""
    gates = schedule(circuit[0], nobody(noise))
    ready = bound(gates, 1, circuit[1], noise)
    write_turns(circuit[1], 0, ready)
    forward(r, ready, noise, nothing_kept(gates, noise))
    return gates.positions


@compiled
def final(codes: Codes, angles: Real, noise: Tables, r: Real) -> Integers:
    """Write the final state (4^n,) of a circuit at angles (1, P); return the exponent of 4 in each qubit's stride."""
    positions = _prepare(r, (codes, angles), noise)
    for qubit in range(len(positions) - 1):
        if positions[qubit] < 0:
            join(r, 1 << 2 * positions[-1])
            positions[qubit] = positions[-1]
            positions[-1] += 1
    return positions[:-1]


@inner
def _energy(states: Real, known: int, path: Bound, noise: Tables, terms: tuple[Integers, Real]) -> float:
    """Return the energy after one path; the first state, `known` numbers, is the circuit's, the second to work in."""
    r, size = states[1], known
    for k in range(size):
        r[k] = states[0, k]
    for g in range(len(path.gates.codes)):
        size = joined(r, size, g, path)
        through(r[:size], FORWARD, g, path, noise)
    return read(r, 0, 1, terms)


@inner
def _best(states: Real, codes: Codes, count: int, positions: Integers, noise: Tables) -> tuple[float, int]:
    """Return the lowest energy over the angles of one path, and how many energies that took."""
    gates, angles, table = schedule(codes, positions), np.zeros((1, count)), np.empty((3, 3))
    path, terms, known = bound(gates, 1, angles, noise), places(gates.positions, noise), 1 << 2 * positions[-1]
    value, used = 0.0, 0
    for j in range(9 if count == 2 else 1):
        if count == 2:
            angles[0, 0], angles[0, 1] = PROBES[j // 3], PROBES[j % 3]
        write_turns(angles, 0, path)
        value, used = _energy(states, known, path, noise, terms), used + 1
        table[j // 3, j % 3] = value
    if count == 2:
        return lowest_of_two(table), used
    for step in range(count * (1 if count == 1 else ROUNDS)):
        p = step % count
        here = angles[0, p]
        for j in range(1, 3):
            angles[0, p] = here + PROBES[j]
            write_turns(angles, 0, path)
            table[0, j] = _energy(states, known, path, noise, terms)
        value, shift = lowest_of_one(value, table[0, 1], table[0, 2])
        angles[0, p] = here + shift
        used += 2
    return value, used
