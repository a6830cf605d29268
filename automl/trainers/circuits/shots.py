"""Energies as a machine estimates them, from a finite number of shots."""

from __future__ import annotations

import math
from typing import Literal, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.shots_groups import groups, split
from automl.trainers.circuits.shots_readings import of_state, of_vector
from automl.trainers.circuits.simulator import simulator
from automl.trainers.circuits.simulator.choice import Backend
from automl.trainers.circuits.simulator.program import Program

Array: TypeAlias = npt.NDArray[np.float64]
Model: TypeAlias = Literal["sampled", "gaussian"]


class _Noisy(Protocol):
    """A simulator that also tells its final state."""

    def vector(self, program: Program, angles: Array) -> Array:
        """Return the Pauli vector (4^n,)."""


class Shots:
    """Estimates of the energy from shots, by one of two models.

    `sampled`: `shots` in all. Terms that are measured in one basis share shots, which are divided among such groups in
    proportion to the sizes of their coefficients. Bit strings are drawn from the distribution of the final state,
    errors of gates and readout included, so mean and variance are those of a machine.

    `gaussian` (the paper's): `shots` for each term. The exact energy and, of each term but the identity, its
    coefficient times a normal number of deviation shots^-1/2: the most that a term can have. It ignores
    that terms measured together are correlated.

    Attributes:
        shots: how many.
        model: which of the two.
    """

    def __init__(
        self,
        hamiltonian: Hamiltonian,
        noise: GateNoise | None = None,
        *,
        shots: int,
        model: Model = "sampled",
        backend: Backend = "auto",
    ) -> None:
        """Group the terms.

        Args:
            hamiltonian: whose energy it is.
            noise: of the gates and the readout; None for none.
            shots: number of shots, see above.
            model: "sampled" or "gaussian".
            backend: of the simulator.

        Raises:
            UsageError: if there are fewer shots than groups of terms.
        """
        self.shots, self.model = shots, model
        self._noise = noise
        self._simulator = simulator(hamiltonian, noise, backend=backend)
        self._groups = groups(hamiltonian)
        others = hamiltonian.letters.any(axis=1)
        self._deviation = math.sqrt(float((hamiltonian.coefficients[others] ** 2).sum()))
        self._counts(1.0)

    def energy(self, program: Program, angles: Array, rng: np.random.Generator, *, share: float = 1.0) -> float:
        """Return one estimate of the energy.

        Args:
            program: the circuit.
            angles: (P,) its angles.
            rng: where chance comes from.
            share: the part of the shots to take, above 0; more than 1 is allowed.

        Raises:
            UsageError: if fewer shots than groups of terms are left.
        """
        if self.model == "gaussian":
            exact = float(self._simulator.energy(program, angles)[0])
            return exact + self._deviation / math.sqrt(self.shots * share) * float(rng.standard_normal())
        counts = self._counts(share)
        read = rng.multinomial(counts, self.probabilities(program, angles)) / counts[:, None]
        return self._groups.constant + float((read * self._groups.values).sum())

    def deviation(self, program: Program, angles: Array, *, share: float = 1.0) -> float:
        """Return the standard deviation of `energy`."""
        if self.model == "gaussian":
            return self._deviation / math.sqrt(self.shots * share)
        chances, values = self.probabilities(program, angles), self._groups.values
        variances = (chances * values**2).sum(axis=1) - (chances * values).sum(axis=1) ** 2
        return math.sqrt(max(0.0, float((variances / self._counts(share)).sum())))

    def probabilities(self, program: Program, angles: Array) -> Array:
        """Return the probability of every bit string in the basis of every group of terms (G, 2^n)."""
        if self._noise is None:
            return of_state(program, angles, self._groups.bases)
        vector = cast(_Noisy, self._simulator).vector(program, angles)
        return of_vector(vector, self._groups.bases, self._noise.readout)

    def _counts(self, share: float) -> npt.NDArray[np.int64]:
        """Return the shots of each group."""
        shots, least = round(self.shots * share), len(self._groups.bases)
        if shots < least and self.model == "sampled":
            raise UsageError(
                f"{shots} shots are too few: the terms are measured in {least} bases, each at least once.",
                f"Give at least {math.ceil(least / share)} shots.",
            )
        return split(shots, self._groups.weights)
