"""Minimisation of a noisy energy within one compiled call."""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.line_search import VALUE
from automl.trainers.circuits.simulator.minimise import BEST, EVALUATIONS, POINT, SLOPE, Vector, advance, begin
from automl.trainers.circuits.simulator.pauli_adjoint import APART, prepare, trigonometries, values_and_slopes
from automl.trainers.circuits.simulator.pauli_adjoint import begin as set_angles
from automl.trainers.circuits.simulator.pauli_schedule import nothing_before, places, schedule
from automl.trainers.circuits.simulator.pauli_tables import Tables
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
    gates = schedule(codes, nothing_before(noise), noise)
    walk, track = prepare(gates, 1, len(angles), len(angles), noise)
    terms, value = places(gates, noise), np.empty(4)
    states = np.empty((2 << 2 * gates.positions[-1]) + APART, noise.numbers.dtype)
    running = True
    while running:
        set_angles(trigonometries(vectors[POINT : POINT + 1]), 0, states, walk, track)
        values_and_slopes(states, walk, track, terms, value)
        for p in range(len(angles)):
            vectors[SLOPE, p] = track.slopes[p, 0]
        running = advance(vectors, numbers, value[0])
    return vectors[BEST].copy(), numbers[VALUE], int(numbers[EVALUATIONS])
