"""Noisy energies of a circuit followed by each of many paths, compiled: the state of the circuit is made once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_adjoint import begin as set_angles
from automl.trainers.circuits.simulator.pauli_adjoint import prepare, read, trigonometries
from automl.trainers.circuits.simulator.pauli_joins import join
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_schedule import Integers, nothing_before, places, schedule
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_walk import Track, Walk, forward
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
    states = np.empty((2, 1 << 2 * len(noise.letters)), noise.numbers.dtype)
    before = _state(states[0], prefix, noise)
    begin, count = 0, 0
    for k in range(len(out)):
        end, angles = paths[1][k, 0], paths[1][k, 1]
        out[k], used = _best(states, paths[0][begin:end], angles, before, noise)
        begin, count = end, count + used
    return count


@inner
def _state(r: Real, circuit: tuple[Codes, Real], noise: Tables) -> tuple[Integers, Real]:
    """Write the state of a circuit at angles (1, P); return where its qubits are, and what is left to multiply."""
    gates = schedule(circuit[0], nothing_before(noise), noise)
    walk, track = prepare(gates, 1, circuit[1].shape[1], 0, noise)
    set_angles(trigonometries(circuit[1]), 0, r, walk, track)
    forward(r, 1, walk, track)
    return gates.positions, gates.left


@compiled
def final(codes: Codes, angles: Real, noise: Tables, r: Real) -> tuple[Integers, Real]:
    """Write the final state (4^n,) of a circuit at angles (1, P).

    Returns:
        The exponent of 4 in each qubit's stride (n,), and what strings that have a letter on it are still to be
        multiplied with (n,).
    """
    positions, left = _state(r, (codes, angles), noise)
    zero = np.zeros(4, r.dtype)
    zero[0], zero[3] = 1, 1
    for qubit in range(len(left)):
        if positions[qubit] < 0:
            join(r, 1 << 2 * positions[-1], zero)
            positions[qubit] = positions[-1]
            positions[-1] += 1
    return positions[:-1], left


@inner
def _energy(states: Real, known: int, angles: Real, path: tuple[Walk, Track], terms: tuple[Integers, Real]) -> float:
    """Return the energy after one path; the first state, `known` numbers, is the circuit's, the second to work in."""
    walk, track = path
    set_angles(trigonometries(angles), 0, states[1], walk, track)
    for k in range(known):
        states[1, k] = states[0, k]
    forward(states[1], known, walk, track)
    values = np.empty(4)
    read(states[1], 1, terms, values)
    return float(values[0])


@inner
def _best(states: Real, codes: Codes, count: int, before: tuple[Integers, Real], noise: Tables) -> tuple[float, int]:
    """Return the lowest energy over the angles of one path, and how many energies that took."""
    gates, angles, table = schedule(codes, before, noise), np.zeros((1, count)), np.empty((3, 3))
    path, terms, known = prepare(gates, 1, count, 0, noise), places(gates, noise), 1 << 2 * before[0][-1]
    steps = 9 if count == 2 else 1 + 2 * count * (1 if count == 1 else ROUNDS)
    value, here = 0.0, 0.0
    for step in range(steps):
        p, j = (step - 1) // 2 % max(count, 1), (step - 1) % 2 + 1
        if count == 2:
            p, j = 0, step % 3
            angles[0, 0], angles[0, 1] = PROBES[step // 3], PROBES[j]
        elif step > 0:
            here = angles[0, p] if j == 1 else here
            angles[0, p] = here + PROBES[j]
        found = _energy(states, known, angles, path, terms)
        table[step // 3 if count == 2 else 0, j] = found
        if step == 0:
            value = found
        elif count != 2 and j == 2:
            value, shift = lowest_of_one(value, table[0, 1], found)
            angles[0, p] = here + shift
    return lowest_of_two(table) if count == 2 else value, steps
