"""Noisy energies of a circuit followed by each of many paths, compiled: the state of the circuit is made once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_adjoint import copy
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_rotations import FORWARD
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_walk import ROOM, Bound, energy, start, through, write_turns
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
    final(prefix[0], prefix[1], noise, states[0])
    begin, count = 0, 0
    for k in range(len(out)):
        end, angles = paths[1][k, 0], paths[1][k, 1]
        out[k], used = _best(states, paths[0][begin:end], angles, noise)
        begin, count = end, count + used
    return count


@compiled
def final(codes: Codes, angles: Real, noise: Tables, r: Real) -> None:
    """Write the final state (4^n,) of a circuit at angles (1, P)."""
    start(r, 1)
    _walk(r, codes, angles, noise)


@inner
def _walk(r: Real, codes: Codes, angles: Real, noise: Tables) -> None:
    """Take one vector through a circuit at angles (1, P)."""
    circuit = Bound(codes, np.empty((angles.shape[1], 2, 1), r.dtype), np.empty(ROOM, r.dtype))
    write_turns(angles, 0, circuit.turns)
    for g in range(len(codes)):
        through(r, FORWARD, g, circuit, noise)


@inner
def _energy(states: Real, codes: Codes, angles: Real, noise: Tables) -> float:
    """Return the energy after one path at angles (1, R); the first state is the circuit's, the second to work in."""
    copy(states[0], states[1])
    _walk(states[1], codes, angles, noise)
    return energy(states[1], 0, 1, noise)


@inner
def _best(states: Real, codes: Codes, count: int, noise: Tables) -> tuple[float, int]:
    """Return the lowest energy over the angles of one path, and how many energies that took."""
    angles, table = np.zeros((1, count)), np.empty((3, 3))
    if count == 2:
        for j in range(9):
            angles[0, 0], angles[0, 1] = PROBES[j // 3], PROBES[j % 3]
            table[j // 3, j % 3] = _energy(states, codes, angles, noise)
        return lowest_of_two(table), 9
    value, used = _energy(states, codes, angles, noise), 1
    for _ in range(1 if count == 1 else ROUNDS):
        for p in range(count):
            here = angles[0, p]
            for j in range(1, 3):
                angles[0, p] = here + PROBES[j]
                table[0, j] = _energy(states, codes, angles, noise)
            value, shift = lowest_of_one(value, table[0, 1], table[0, 2])
            angles[0, p] = here + shift
            used += 2
    return value, used
