"""The exact numbers that results are compared with: the ground energy and the lowest basis state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.problems import matrices

DENSE_QUBITS = 6
"""Up to here all eigenvalues at once are faster than Lanczos (and need no SciPy)."""
TIE = 1e-9
"""Basis states this close, relative to the largest coefficient, are equal: rounding must not choose between them."""


def lowest_eigenvalue(letters: npt.NDArray[np.int64], coefficients: npt.NDArray[np.float64]) -> float:
    """Return the lowest eigenvalue: from the dense matrix up to 6 qubits, by Lanczos from a fixed vector above.

    Raises:
        UsageError: if the sparse matrix would be too large.
    """
    if letters.shape[1] <= DENSE_QUBITS:
        return float(np.linalg.eigvalsh(matrices.dense(letters, coefficients))[0])
    from scipy.sparse.linalg import eigsh

    matrix = matrices.sparse(letters, coefficients)
    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    return float(eigsh(matrix, k=1, which="SA", v0=start, return_eigenvectors=False)[0])


def lowest_basis_state(letters: npt.NDArray[np.int64], coefficients: npt.NDArray[np.float64]) -> tuple[str, float]:
    """Return the bits (character k is qubit k) and the energy of the lowest computational basis state."""
    diagonal = np.isin(letters, (0, 3)).all(axis=1)
    qubits = letters.shape[1]
    if not diagonal.any():
        return "0" * qubits, 0.0
    _, entries = next(matrices.shifted_diagonals(letters[diagonal], coefficients[diagonal]))
    energies = entries.real
    tolerance = TIE * np.abs(coefficients).max()
    best = int(np.flatnonzero(energies <= energies.min() + tolerance)[0])
    return format(best, f"0{qubits}b"), float(energies[best])
