"""The noisy simulator: the density matrix as a real Pauli vector, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from automl.core.errors import UsageError
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator import pauli_adjoint
from automl.trainers.circuits.simulator.contract import Array, Minimum
from automl.trainers.circuits.simulator.pauli_tables import tables
from automl.trainers.circuits.simulator.program import Program


class PauliSimulator:
    """Energies of circuits under noise, for one Hamiltonian and one machine.

    The state is r_P = tr(P rho) for all 4^n Pauli strings. A gate with its noise acts on 4 or 16 numbers of it at a
    time. The paper (section 3, Pauli-transfer matrices) multiplies by dense 4^n x 4^n matrices instead.

    Attributes:
        qubits: number of qubits n.
        tables: noise and Hamiltonian as the compiled loops take them.
    """

    def __init__(
        self, hamiltonian: Hamiltonian, noise: GateNoise, precision: Literal["float64", "float32"] = "float64"
    ) -> None:
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

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,) at angles (P,) or (B, P)."""
        sets = sets_of_angles(program, angles)
        out = np.empty(len(sets))
        pauli_adjoint.energies(program.codes, sets, self.tables, out)
        return out

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives by all angles (B, P), by the adjoint method."""
        sets = sets_of_angles(program, angles)
        out, slopes = np.empty(len(sets)), np.empty(sets.shape)
        pauli_adjoint.gradients(program.codes, sets, self.tables, out, slopes)
        return out, slopes


def sets_of_angles(program: Program, angles: Array) -> Array:
    """Return angles (P,) or (B, P) as (B, P), contiguous.

    Raises:
        UsageError: if there are not P of them.
    """
    sets = np.array(angles, dtype=np.float64, order="C", ndmin=2)
    if sets.ndim != 2 or sets.shape[1] != program.angles:
        raise UsageError(f"The circuit has {program.angles} angles, the array of angles is {np.shape(angles)}.")
    return sets
