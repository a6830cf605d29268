"""What every simulator answers, compiled or not, with noise or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.program import Program

Array: TypeAlias = npt.NDArray[np.float64]
Precision: TypeAlias = Literal["float64", "float32"]


@dataclass(frozen=True)
class Minimum:
    """Where a minimisation of the angles has ended.

    Attributes:
        angles: (P,) the best angles seen.
        energy: the energy there.
        energies: how many energies were simulated.
        gradients: how many gradients were.
    """

    angles: Array
    energy: float
    energies: int
    gradients: int


class Simulator(Protocol):
    """Energies of circuits for one Hamiltonian and one noise. All of it is exact up to rounding.

    Angles are (P,) for one set or (B, P) for a batch of sets; energies come back as (B,), a single set as B = 1.
    """

    qubits: int

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,)."""

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives by all angles (B, P), by the adjoint method."""

    def minimise(self, program: Program, angles: Array, *, tolerance: float, iterations: int) -> Minimum:
        """Minimise the energy over all angles from one set (P,), by BFGS.

        Args:
            program: the circuit.
            angles: where to start.
            tolerance: largest component of the gradient at which to end.
            iterations: line searches at most.
        """

    def extensions(self, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
        """Return the energy of the circuit followed by each path (K,), and how many energies that took.

        The angles of the circuit stay as they are. The new angles of a path are the best ones: exactly where it has
        one rotation (the energy is a sinusoid of it), by a few rounds of coordinate descent where it has several.
        """
