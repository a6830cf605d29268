"""Channels of any kind as Pauli-transfer matrices, and whether such a matrix is one of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError

Array: TypeAlias = npt.NDArray[np.float64]

TOLERANCE = 1e-7
"""What rounding may do to a channel: published ones come in single precision at best."""

_LETTERS = ([[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])


@cache
def paulis(qubits: int) -> npt.NDArray[np.complex128]:
    """Return all Pauli strings (4^n, 2^n, 2^n) in the order I, X, Y, Z, the first qubit being the slowest."""
    single = np.array(_LETTERS, dtype=np.complex128)
    strings = np.ones((1, 1, 1), dtype=np.complex128)
    for _ in range(qubits):
        strings = np.array([np.kron(left, right) for left in strings for right in single])
    return strings


def from_kraus(operators: Sequence[npt.ArrayLike]) -> Array:
    """Return the Pauli-transfer matrix of rho -> sum of K rho K^H.

    Args:
        operators: the Kraus operators, (2, 2) each for one qubit, (4, 4) for two (the first qubit is the slow one).

    Raises:
        UsageError: if they are no channel: of the wrong shape, or not preserving the trace.
    """
    kraus = np.asarray(operators, dtype=np.complex128)
    if kraus.ndim != 3 or kraus.shape[1:] not in ((2, 2), (4, 4)):
        raise UsageError(f"Kraus operators are (K, 2, 2) or (K, 4, 4), these are {kraus.shape}.")
    basis = paulis(kraus.shape[1] // 2)
    after = np.einsum("kab,pbc,kdc->pad", kraus, basis, kraus.conj())
    return checked(np.einsum("iab,jba->ij", basis, after).real / kraus.shape[1], "the Kraus operators")


def from_unitary(matrix: npt.ArrayLike) -> Array:
    """Return the Pauli-transfer matrix of rho -> U rho U^H."""
    return from_kraus([matrix])


def checked(matrix: Any, what: str) -> Array:
    """Return a Pauli-transfer matrix as an array, if it is one of a channel.

    Args:
        matrix: (4, 4) or (16, 16) real numbers.
        what: its name, for the error.

    Raises:
        UsageError: if it has the wrong shape, loses trace or is not completely positive.
    """
    try:
        array = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The matrix of {what} does not consist of real numbers.") from error
    if array.shape not in ((4, 4), (16, 16)) or not np.isfinite(array).all():
        raise UsageError(f"The matrix of {what} must be 4 x 4 or 16 x 16 finite numbers, it is {array.shape}.")
    if np.abs(array[0] - np.eye(len(array))[0]).max() > TOLERANCE:
        raise UsageError(f"The matrix of {what} loses trace.", "Its first row must be 1, 0, ..., 0.")
    if (smallest := _smallest_weight(array)) < -TOLERANCE:
        raise UsageError(
            f"The matrix of {what} is no channel: it is not completely positive (an eigenvalue is {smallest:.2g})."
        )
    return array


def _smallest_weight(matrix: Array) -> float:
    """Return the smallest eigenvalue of the Choi matrix, scaled to trace 1."""
    basis = paulis(1 if len(matrix) == 4 else 2)
    size = basis.shape[1] ** 2
    choi = np.einsum("ij,jba,icd->acbd", matrix, basis, basis).reshape(size, size) / size
    return float(np.linalg.eigvalsh(choi)[0])
