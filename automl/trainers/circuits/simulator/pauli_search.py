"""Minimisation of a noisy energy within one compiled call."""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.line_search import VALUE
from automl.trainers.circuits.simulator.minimise import BEST, EVALUATIONS, POINT, SLOPE, Vector, advance, begin
from automl.trainers.circuits.simulator.pauli_adjoint import APART, bound, values_and_slopes
from automl.trainers.circuits.simulator.pauli_schedule import nobody, places, schedule
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_walk import write_turns
from automl.trainers.circuits.simulator.state_gates import Codes


@compiled
def minimise(
    codes: Codes, angles: Vector, noise: Tables, limits: tuple[float, int, float]
) -> tuple[Vector, float, int]:
    """Return the best angles (P,), the energy there and the number of evaluations, each with its gradient.

    Args:
        codes: (gates, 4) the circuit.
        angles: (P,) where to start.
        noise: noise and Hamiltonian.
        limits: tolerance, iterations and rounding of `begin`.
    """
    vectors, numbers = begin(angles, limits[0], limits[1], limits[2])
    gates = schedule(codes, nobody(noise))
    circuit, terms = bound(gates, 1, vectors, noise), places(gates.positions, noise)
    states = np.empty((2 << 2 * gates.positions[-1]) + APART, noise.rotations.dtype)
    value, slopes = np.empty(1), np.empty((len(angles), 1), noise.rotations.dtype)
    running = True
    while running:
        write_turns(vectors, POINT, circuit)
        values_and_slopes(states, circuit, noise, terms, value, slopes)
        for p in range(len(angles)):
            vectors[SLOPE, p] = slopes[p, 0]
        running = advance(vectors, numbers, value[0])
    return vectors[BEST].copy(), numbers[VALUE], int(numbers[EVALUATIONS])
