"""A qubit Hamiltonian as a sum of Pauli strings, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Hamiltonian:
    """H = sum of c_k P_k with real c_k, in hartree unless the problem says otherwise.

    Attributes:
        qubits: number of qubits.
        terms: coefficient of each Pauli string; character k acts on qubit k, qubit 0 is the leftmost Kronecker factor.
        name: what people call it.
        coupling: pairs of qubits a CNOT may join, in either direction; None for all.
        source: where it comes from, as JSON: geometry, unit, basis, mapping, software.
    """

    qubits: int
    terms: Mapping[str, float]
    name: str = "custom"
    coupling: tuple[tuple[int, int], ...] | None = None
    source: Mapping[str, object] = field(default_factory=dict)

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
