"""A Hamiltonian as the sparse matrix that a state vector is multiplied with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

Real = npt.NDArray[np.floating]


class Observable(NamedTuple):
    """A Hermitian matrix by rows: its diagonal, and the entries right of it.

    Attributes:
        diagonal: (2^n,).
        starts: (2^n + 1,) int64: the entries of row k stand at `starts[k]:starts[k + 1]`.
        columns: (entries,) uint32.
        real: (entries,) real parts.
        imag: (entries,) imaginary parts; (0,) where all of them are zero, as for molecules.
    """

    diagonal: Real
    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.uint32]
    real: Real
    imag: Real


def masks(hamiltonian: Hamiltonian) -> dict[int, npt.NDArray[np.complex128]]:
    """Return the diagonal D_x (2^n,) of every X-mask x, so that (H psi)[k] = sum over x of D_x[k ^ x] psi[k ^ x].

    A Pauli string flips the bits where it has X or Y and multiplies by i or -i per Y and by -1 per Z on a set bit:
    P|j> = i^(number of Y) (-1)^(set bits of j under Y and Z) |j ^ x>. Qubit 0 is the most significant bit.
    """
    bits = 1 << np.arange(hamiltonian.qubits)[::-1]
    is_set = ((np.arange(2**hamiltonian.qubits)[:, None] & bits) > 0).astype(np.int64)
    found: dict[int, npt.NDArray[np.complex128]] = {}
    for letters, coefficient in zip(hamiltonian.letters, hamiltonian.coefficients, strict=True):
        flips = int(bits[(letters == 1) | (letters == 2)].sum())
        signs = 1.0 - 2.0 * (is_set @ (letters >= 2) & 1)
        values = found.setdefault(flips, np.zeros(len(signs), dtype=np.complex128))
        values += coefficient * 1j ** int((letters == 2).sum()) * signs
    return found


def observable(hamiltonian: Hamiltonian, dtype: npt.DTypeLike = np.float64) -> Observable:
    """Return the matrix of a Hamiltonian, entries in `dtype`; what cancels to rounding errors is left out.

    Terms of one X-mask mostly cancel, because a molecule moves only electrons that are there.
    """
    index = np.arange(2**hamiltonian.qubits)
    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(hamiltonian.coefficients).sum())
    rows, columns, values = [index[:0]], [index[:0]], [np.zeros(0, dtype=np.complex128)]
    diagonal = np.zeros(len(index))
    for flips, entries in masks(hamiltonian).items():
        if flips == 0:
            diagonal = entries.real
            continue
        kept = index[(np.abs(entries) > rounding) & (index > index ^ flips)]
        rows.append(kept ^ flips)
        columns.append(kept)
        values.append(entries[kept])
    row, column, value = np.concatenate(rows), np.concatenate(columns), np.concatenate(values)
    order = np.lexsort((column, row))
    imag = value.imag[order] if value.imag.any() else np.zeros(0)
    return Observable(
        diagonal.astype(dtype),
        np.searchsorted(row[order], np.arange(len(index) + 1)).astype(np.int64),
        column[order].astype(np.uint32),
        value.real[order].astype(dtype),
        imag.astype(dtype),
    )
