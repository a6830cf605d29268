"""A qubit Hamiltonian as a sum of Pauli strings, and what is known about it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.problems import matrices, spectrum

STEPS = 2.0**30
"""Steps of the grid on which `fingerprint` sees the largest coefficient: about nine decimals."""


class Reference(NamedTuple):
    """The lowest state of the computational basis: Hartree-Fock for a molecule in its own orbitals."""

    bits: str
    energy: float


@dataclass(frozen=True)
class Hamiltonian:
    """H = sum of c_k P_k with real c_k, in hartree unless the problem says otherwise.

    Attributes:
        qubits: number of qubits.
        terms: coefficient of each Pauli string; character k acts on qubit k, qubit 0 is the leftmost Kronecker factor.
        name: what people call it.
        coupling: pairs of qubits a CNOT may join, in either direction; None for all.
        source: where it comes from, as JSON: geometry, unit, basis, mapping, software.
        known_ground: the lowest eigenvalue where it is known already; otherwise `ground_energy` computes it.
    """

    qubits: int
    terms: Mapping[str, float]
    name: str = "custom"
    coupling: tuple[tuple[int, int], ...] | None = None
    source: Mapping[str, object] = field(default_factory=dict)
    known_ground: float | None = None

    @cached_property
    def letters(self) -> npt.NDArray[np.int64]:
        """The strings as numbers (terms, qubits): I, X, Y, Z = 0, 1, 2, 3."""
        rows = [["IXYZ".index(letter) for letter in string] for string in self.terms]
        return np.array(rows, dtype=np.int64).reshape(len(self.terms), self.qubits)

    @cached_property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """The coefficients (terms,), in the order of `letters`."""
        return np.fromiter(self.terms.values(), dtype=np.float64, count=len(self.terms))

    @cached_property
    def bound(self) -> float:
        """Return a lower bound of every energy: the identity's coefficient minus the sum of all others' sizes."""
        shift = self.terms.get("I" * self.qubits, 0.0)
        return float(shift - (np.abs(self.coefficients).sum() - abs(shift)))

    @cached_property
    def ground_energy(self) -> float:
        """The lowest eigenvalue over the whole qubit space: for reports, not for the search.

        Raises:
            UsageError: if it is not known and the matrix is too large to compute it.
        """
        if self.known_ground is not None:
            return self.known_ground
        return spectrum.lowest_eigenvalue(self.letters, self.coefficients)

    @cached_property
    def reference(self) -> Reference:
        """The lowest state of the computational basis; character k is qubit k, of equal ones the first."""
        return Reference(*spectrum.lowest_basis_state(self.letters, self.coefficients))

    def matrix(self) -> npt.NDArray[np.complex128]:
        """Return the dense matrix (2^qubits, 2^qubits); qubit 0 is the most significant bit of the index."""
        return matrices.dense(self.letters, self.coefficients)

    def sparse(self) -> Any:
        """Return the same matrix as scipy.sparse.csr_array, real if every string has an even number of Y."""
        return matrices.sparse(self.letters, self.coefficients)

    def fingerprint(self) -> str:
        """Return a hash of the terms alone: equal for equal ones in any order, up to the noise of rounding.

        Coefficients are seen on a grid, because the last digits of integrals depend on the machine that computed them.
        """
        largest = float(np.abs(self.coefficients).max(initial=0.0))
        grid = 2.0 ** math.frexp(largest)[1] / STEPS
        rows = [f"{string} {round(c / grid)}" for string, c in sorted(self.terms.items())]
        head = f"{self.qubits} {grid.hex()}"
        return hashlib.sha256("\n".join([head, *rows]).encode()).hexdigest()[:16]
