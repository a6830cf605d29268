"""Pauli sums as matrices, and matrices as Pauli sums: both are Walsh-Hadamard transforms.

A string P with X or Y where the mask x has a bit, and Z or Y where the mask z has one, sends
|b> to i^|x & z| (-1)^|b & z| |b ^ x>. So the strings of equal x share one shifted diagonal of the matrix, and that
diagonal is the transform over z of their coefficients. Qubit 0 is the most significant bit of b.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError

MOST_BYTES = 2 * 1024**3
"""The largest matrix this package makes: 2 GiB."""
PHASES = np.array([1, 1j, -1, -1j])

Letters = npt.NDArray[np.int64]
Coefficients = npt.NDArray[np.float64]


def dense(letters: Letters, coefficients: Coefficients) -> npt.NDArray[np.complex128]:
    """Return the matrix (2^n, 2^n) of strings (terms, n) with coefficients (terms,).

    Raises:
        UsageError: if it would be larger than `MOST_BYTES`.
    """
    size = 2 ** letters.shape[1]
    _refuse_large(letters.shape[1], 16 * size * size)
    columns = np.arange(size)
    matrix = np.zeros((size, size), np.complex128)
    for shift, diagonal in shifted_diagonals(letters, coefficients):
        matrix[columns ^ shift, columns] = diagonal
    return matrix


def sparse(letters: Letters, coefficients: Coefficients) -> Any:
    """Return the same matrix as scipy.sparse.csr_array (2^n, 2^n), real if every string has an even number of Y.

    Raises:
        UsageError: if it would be larger than `MOST_BYTES`.
    """
    from scipy.sparse import csr_array

    size, shifts = 2 ** letters.shape[1], len(np.unique(_masks(letters)[0]))
    kind = np.complex128 if ((letters == 2).sum(axis=1) % 2).any() else np.float64
    _refuse_large(letters.shape[1], shifts * size * (np.dtype(kind).itemsize + 4))
    columns, entries = np.empty((size, shifts), np.int32), np.empty((size, shifts), kind)
    rows = np.arange(size)
    for k, (shift, diagonal) in enumerate(shifted_diagonals(letters, coefficients)):
        columns[:, k] = rows ^ shift
        entries[:, k] = (diagonal if kind is np.complex128 else diagonal.real)[columns[:, k]]
    starts = np.arange(size + 1) * shifts
    return csr_array((entries.ravel(), columns.ravel(), starts), shape=(size, size))


def shifted_diagonals(letters: Letters, coefficients: Coefficients) -> Iterator[tuple[int, npt.NDArray[np.complex128]]]:
    """Yield every shift x, ascending, with the entries H[b ^ x, b] as (2^n,)."""
    x, z = _masks(letters)
    values = coefficients * PHASES[(letters == 2).sum(axis=1) % 4]
    for shift in np.unique(x):
        row = np.zeros((1, 2 ** letters.shape[1]), np.complex128)
        np.add.at(row[0], z[x == shift], values[x == shift])
        yield int(shift), transform(row)[0]


def decompose(matrix: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """Return the coefficients (2^n, 2^n) of all strings by their masks: [x, z]; the matrix may be any."""
    size = len(matrix)
    index = np.arange(size)
    diagonals = matrix[index[:, None] ^ index, index]
    bits = index[:, None] >> np.arange(size.bit_length() - 1) & 1
    phases = PHASES.conj()[bits @ bits.T % 4]
    coefficients: npt.NDArray[np.complex128] = transform(diagonals) * phases / size
    return coefficients


def string(x: int, z: int, qubits: int) -> str:
    """Spell the string of two masks."""
    bits = ((x >> k & 1, z >> k & 1) for k in reversed(range(qubits)))
    return "".join("IZXY"[2 * a + b] for a, b in bits)


def transform(table: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """Return sum over z of (-1)^|b & z| table[..., z] for every b: the transform, without its factor."""
    rows, size = table.shape
    half = 1
    while half < size:
        pairs = table.reshape(rows, -1, 2, half)
        table = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
        half *= 2
    return table.reshape(rows, size)


def _masks(letters: Letters) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the masks x and z of each string (terms,)."""
    places = 1 << np.arange(letters.shape[1])[::-1]
    return ((letters == 1) | (letters == 2)) @ places, (letters >= 2) @ places


def _refuse_large(qubits: int, size: int) -> None:
    if size > MOST_BYTES:
        raise UsageError(
            f"The matrix of these {qubits} qubits would take {size / 1024**3:.1f} GiB; the limit is 2 GiB.",
            "Give the ground energy with the problem (`ground_energy` in its file), or take fewer qubits.",
        )
