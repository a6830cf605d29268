"""Dense matrices as Pauli sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.circuits.problems import matrices
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.terms import NEGLIGIBLE, Term, gathered

MOST_DENSE_QUBITS = 10
"""A matrix has 4^10 entries then, 16 MiB, and up to as many terms."""
SYMMETRY = 1e-9
"""How far from Hermitian a matrix of doubles may be, relative to its largest entry."""
ROUNDINGS = 64
"""The same for shorter floats, in units of their precision."""


def from_matrix(matrix: Any, what: str, shift: float = 0.0) -> Hamiltonian:
    """Decompose a Hermitian matrix (2^n, 2^n); qubit 0 is the most significant bit of the index.

    Args:
        matrix: real or complex.
        what: what is read.
        shift: multiple of the identity to add.

    Raises:
        InvalidData: if it is not such a matrix.
    """
    try:
        check_shape(np.shape(matrix), what)
    except ValueError as error:
        raise InvalidData(f"{what} has rows of different length.", "Give a square matrix.") from error
    array = np.asarray(matrix)
    precision = _precision(array, what)
    values = array.astype(np.complex128)
    _refuse_asymmetric(values, max(SYMMETRY, ROUNDINGS * precision), what)
    values += shift * np.eye(len(values))
    coefficients = matrices.decompose((values + values.conj().T) / 2)
    qubits = len(values).bit_length() - 1
    terms: list[Term] = [
        (matrices.string(int(x), int(z), qubits), float(coefficients[x, z].real))
        for x, z in np.argwhere(np.abs(coefficients) > 0)
    ]
    return gathered(terms or [("I" * qubits, 0.0)], what, negligible=max(NEGLIGIBLE, precision))


def check_shape(shape: tuple[int, ...], what: str) -> None:
    """Refuse shapes that are no matrix of qubits, before anything is read.

    Raises:
        InvalidData: if the shape is not (2^n, 2^n) with n from 1 to `MOST_DENSE_QUBITS`.
    """
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2 or shape[0] & (shape[0] - 1):
        raise InvalidData(
            f"{what} has the shape {shape}; a Hamiltonian of n qubits is a square matrix of 2^n rows.",
            "Its size must be 2, 4, 8, 16 ...",
        )
    qubits = shape[0].bit_length() - 1
    if qubits > MOST_DENSE_QUBITS:
        raise InvalidData(
            f"{what} is a dense matrix of {qubits} qubits: {16 * 4.0**qubits / 2**20:,.0f} MiB and up to "
            f"{4.0**qubits:,.0f} terms; the most is {MOST_DENSE_QUBITS} qubits.",
            "Give its Pauli terms instead, as JSON or text.",
        )


def _precision(array: Any, what: str) -> float:
    if array.dtype.kind not in "iufc":
        raise InvalidData(f"{what} has entries of type {array.dtype}, which are no numbers.", "Save it as floats.")
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise InvalidData(f"{what} has {array[row, column]} in row {row}, column {column}.", "All must be finite.")
    return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 0.0


def _refuse_asymmetric(matrix: Any, tolerance: float, what: str) -> None:
    distance = np.abs(matrix - matrix.conj().T)
    if distance.max() > tolerance * np.abs(matrix).max():
        row, column = np.unravel_index(int(distance.argmax()), distance.shape)
        raise InvalidData(
            f"{what} is not Hermitian: row {row}, column {column} has {matrix[row, column]}, "
            f"its mirror {matrix[column, row]}.",
            "Energies exist for Hermitian matrices only; (A + A.conj().T) / 2 is one.",
        )
