"""A Hamiltonian as the sparse matrix that a state vector is multiplied with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

Real = npt.NDArray[np.floating]


class Observable(NamedTuple):
    """A Hermitian matrix by rows.

    Entries of row k stand at `starts[k]:starts[k + 1]`, columns ascending; those right of the diagonal begin at
    `rights[k]`, because an expectation needs no others.

    Attributes:
        starts: (2^n + 1,) int64.
        rights: (2^n,) int64.
        columns: (entries,) int64.
        real: (entries,) real parts.
        imag: (entries,) imaginary parts; (0,) where all of them are zero, as for molecules.
        diagonal: (2^n,) the diagonal.
    """

    starts: npt.NDArray[np.int64]
    rights: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    real: Real
    imag: Real
    diagonal: Real


def masks(hamiltonian: Hamiltonian) -> dict[int, npt.NDArray[np.complex128]]:
    """Return the diagonal D_x (2^n,) of every X-mask x, so that (H psi)[k] = sum over x of D_x[k ^ x] psi[k ^ x].

    A Pauli string flips the bits where it has X or Y and multiplies by i or -i per Y and by -1 per Z on a set bit:
    P|j> = i^(number of Y) (-1)^(set bits of j under Y and Z) |j ^ x>. Qubit 0 is the most significant bit.
    """
    bits = 1 << np.arange(hamiltonian.qubits)[::-1]
    index = np.arange(2**hamiltonian.qubits)
    is_set = ((index[:, None] & bits) > 0).astype(np.int64)
    found: dict[int, npt.NDArray[np.complex128]] = {}
    for letters, coefficient in zip(hamiltonian.letters, hamiltonian.coefficients, strict=True):
        flips = int(bits[(letters == 1) | (letters == 2)].sum())
        parity = is_set @ (letters >= 2) & 1
        values = found.setdefault(flips, np.zeros(len(index), dtype=np.complex128))
        values += coefficient * 1j ** int((letters == 2).sum()) * (1.0 - 2.0 * parity)
    return found


def observable(hamiltonian: Hamiltonian, dtype: npt.DTypeLike = np.float64) -> Observable:
    """Return the matrix of a Hamiltonian, entries in `dtype`; what cancels to rounding errors is left out.

    Terms of one X-mask mostly cancel: of the 8-qubit molecules less than a tenth of the entries of all masks is left.
    """
    index = np.arange(2**hamiltonian.qubits)
    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(hamiltonian.coefficients).sum())
    rows, columns, values = [], [], []
    for flips, diagonal in masks(hamiltonian).items():
        kept = index[np.abs(diagonal) > rounding]
        rows.append(kept ^ flips)
        columns.append(kept)
        values.append(diagonal[kept])
    row, column, value = (np.concatenate(parts) if parts else np.zeros(0) for parts in (rows, columns, values))
    return _by_rows(row.astype(np.int64), column.astype(np.int64), value.astype(np.complex128), len(index), dtype)


def _by_rows(
    row: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
    value: npt.NDArray[np.complex128],
    size: int,
    dtype: npt.DTypeLike,
) -> Observable:
    order = np.lexsort((column, row))
    row, column, value = row[order], column[order], value[order]
    starts = np.searchsorted(row, np.arange(size + 1))
    rights = np.searchsorted(row * size + column, np.arange(size) * (size + 1), side="right")
    diagonal = np.zeros(size)
    diagonal[row[row == column]] = value.real[row == column]
    imag = value.imag if value.imag.any() else np.zeros(0)
    return Observable(starts, rights, column, *(part.astype(dtype) for part in (value.real, imag, diagonal)))
