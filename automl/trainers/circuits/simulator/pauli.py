"""The noisy simulator: the density matrix as a real Pauli vector, compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.core.errors import UsageError
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array, Minimum, Precision
from automl.trainers.circuits.simulator.pauli_adjoint import energies, gradients
from automl.trainers.circuits.simulator.pauli_angles import sets_of_angles
from automl.trainers.circuits.simulator.pauli_paths import extend, final
from automl.trainers.circuits.simulator.pauli_search import minimise
from automl.trainers.circuits.simulator.pauli_tables import tables
from automl.trainers.circuits.simulator.program import Program, packed


class PauliSimulator:
    """Energies of circuits under noise, for one Hamiltonian and one machine.

    The state is r_P = tr(P rho) for all 4^n Pauli strings. A gate with its noise acts on 4 or 16 numbers of it at a
    time. The paper (section 3, Pauli-transfer matrices) multiplies by dense 4^n x 4^n matrices instead.

    Attributes:
        qubits: number of qubits n.
        tables: noise and Hamiltonian as the compiled loops take them.
    """

    def __init__(self, hamiltonian: Hamiltonian, noise: GateNoise, precision: Precision = "float64") -> None:
        """Prepare noise and Hamiltonian.

        Args:
            hamiltonian: what the energy is of.
            noise: channels after every gate, and of the readout.
            precision: of the state; energies err by about 1e-13 or 1e-5 of the Hamiltonian's size.

        Raises:
            UsageError: if the noise is that of another number of qubits.
        """
        if noise.qubits != hamiltonian.qubits:
            raise UsageError(
                f"The noise is that of {noise.qubits} qubits, the Hamiltonian has {hamiltonian.qubits}.",
                "Describe the noise of exactly the qubits in use.",
            )
        self.qubits = hamiltonian.qubits
        self.tables = tables(hamiltonian, noise, np.dtype(precision))
        self._rounding = 16 * float(np.finfo(precision).eps)

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,) at angles (P,) or (B, P)."""
        sets = sets_of_angles(program, angles)
        out = np.empty(len(sets))
        energies(program.codes, sets, out, *self.tables)
        return out

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives by all angles (B, P), by the adjoint method."""
        sets = sets_of_angles(program, angles)
        out, slopes = np.empty(len(sets)), np.empty(sets.shape)
        gradients(program.codes, sets, out, slopes, *self.tables)
        return out, slopes

    def vector(self, program: Program, angles: Array) -> Array:
        """Return the final state r_P = tr(P rho) (4^n,) at angles (P,); the letter of qubit 0 is the slowest digit."""
        r = np.empty(4**self.qubits, self.tables.numbers.dtype)
        positions, left = final(program.codes, sets_of_angles(program, angles), self.tables, r)
        ordered = r.reshape((4,) * self.qubits).transpose(self.qubits - 1 - positions).astype(np.float64)
        for qubit, factor in enumerate(left):
            ordered *= np.array([1.0, factor, factor, factor]).reshape((4,) + (1,) * (self.qubits - 1 - qubit))
        return ordered.reshape(-1)

    def minimise(self, program: Program, angles: Array, *, tolerance: float, iterations: int) -> Minimum:
        """Minimise over all angles (P,) by BFGS; see `Simulator.minimise`."""
        limits = float(tolerance), int(iterations), self._rounding
        best, value, evaluations = minimise(program.codes, sets_of_angles(program, angles)[0], self.tables, limits)
        return Minimum(best, value, 0, evaluations)

    def extensions(self, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
        """Return the energies of the circuit followed by each path (K,); see `Simulator.extensions`."""
        values = np.empty(len(paths))
        prefix = program.codes, sets_of_angles(program, angles)
        return values, extend(prefix, packed(paths), self.tables, values)
