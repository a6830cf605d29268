"""Energies of circuits without noise, from a compiled state vector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array, Minimum, Precision
from automl.trainers.circuits.simulator.observable import observable
from automl.trainers.circuits.simulator.program import Program, packed
from automl.trainers.circuits.simulator.state_adjoint import energies, gradients
from automl.trainers.circuits.simulator.state_paths import extend
from automl.trainers.circuits.simulator.state_search import minimise


class StateSimulator:
    """The state vector of 2^n amplitudes, compiled to machine code. Implements `contract.Simulator`.

    Args:
        hamiltonian: whose energy it is.
        precision: of the amplitudes; angles and energies are always float64.
    """

    def __init__(self, hamiltonian: Hamiltonian, precision: Precision = "float64") -> None:
        self.qubits = hamiltonian.qubits
        self._matrix = observable(hamiltonian, np.dtype(precision))
        self._rounding = 16 * float(np.finfo(precision).eps)

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,); see `Simulator.energy`."""
        sets = _sets(program, angles)
        values = np.empty(len(sets))
        energies(self.qubits, program.codes, sets, self._matrix, values)
        return values

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives (B, P); see `Simulator.gradient`."""
        sets = _sets(program, angles)
        values, slopes = np.empty(len(sets)), np.empty(sets.shape)
        gradients(self.qubits, program.codes, sets, self._matrix, values, slopes)
        return values, slopes

    def minimise(self, program: Program, angles: Array, *, tolerance: float, iterations: int) -> Minimum:
        """Minimise over all angles (P,) by BFGS; see `Simulator.minimise`."""
        best, value, evaluations = minimise(
            self.qubits, program.codes, _sets(program, angles)[0], self._matrix, (tolerance, iterations, self._rounding)
        )
        return Minimum(best, value, 0, evaluations)

    def extensions(self, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
        """Return the energies of the circuit followed by each path (K,); see `Simulator.extensions`."""
        values = np.empty(len(paths))
        prefix = (program.codes, _sets(program, angles)[0])
        return values, extend(self.qubits, prefix, packed(paths), self._matrix, values)


def _sets(program: Program, angles: Array) -> Array:
    """Return the angles as (B, P) in one piece of memory."""
    sets = np.ascontiguousarray(angles, dtype=np.float64)
    return sets if sets.ndim == 2 else sets.reshape(1, program.angles)
