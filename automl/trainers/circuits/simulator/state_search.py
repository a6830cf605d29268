"""Minimisation of the state vector's energy within one compiled call."""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.line_search import VALUE
from automl.trainers.circuits.simulator.minimise import BEST, EVALUATIONS, POINT, SLOPE, Vector, advance, begin
from automl.trainers.circuits.simulator.observable import Observable
from automl.trainers.circuits.simulator.state_adjoint import room, value_and_slope
from automl.trainers.circuits.simulator.state_gates import Codes, write_turns


@compiled
def minimise(
    qubits: int, codes: Codes, angles: Vector, matrix: Observable, limits: tuple[float, int, float]
) -> tuple[Vector, float, int]:
    """Return the best angles (P,), the energy there and the number of evaluations, each with its gradient.

    Args:
        qubits: number of qubits.
        codes: (gates, 4) the circuit.
        angles: (P,) where to start.
        matrix: the Hamiltonian.
        limits: tolerance, iterations and rounding of `begin`.
    """
    vectors, numbers = begin(angles, limits[0], limits[1], limits[2])
    pair = room(qubits, matrix)
    turns = np.empty((len(angles), 2), matrix.real.dtype)
    running = True
    while running:
        write_turns(vectors[POINT], turns)
        running = advance(vectors, numbers, value_and_slope(qubits, codes, turns, matrix, pair, vectors[SLOPE]))
    return vectors[BEST].copy(), numbers[VALUE], int(numbers[EVALUATIONS])
