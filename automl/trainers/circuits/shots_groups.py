"""Which terms of a Hamiltonian are measured together, and with how many shots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Groups:
    """Qubit-wise commuting groups: in each, all terms have the same letter or I on every qubit.

    Attributes:
        constant: the coefficient of the identity, which needs no shots.
        bases: (G, n) the letter that each qubit is measured in, X, Y, Z = 1, 2, 3.
        values: (G, 2^n) what each measured bit string adds to the energy; qubit 0 is the most significant bit.
        weights: (G,) sum of the sizes of the coefficients.
    """

    constant: float
    bases: npt.NDArray[np.int64]
    values: Array
    weights: Array


def groups(hamiltonian: Hamiltonian) -> Groups:
    """Group the terms greedily: each, largest first, joins the first group that it fits into."""
    letters, coefficients = hamiltonian.letters, hamiltonian.coefficients
    bases: list[npt.NDArray[np.int64]] = []
    members: list[list[int]] = []
    for term in np.argsort(-np.abs(coefficients), kind="stable"):
        if coefficients[term] == 0 or not letters[term].any():
            continue
        place = next((g for g, basis in enumerate(bases) if _fits(letters[term], basis)), len(bases))
        if place == len(bases):
            bases.append(np.zeros(hamiltonian.qubits, dtype=np.int64))
            members.append([])
        bases[place] = np.maximum(bases[place], letters[term])
        members[place].append(int(term))
    found = np.array(bases, dtype=np.int64).reshape(-1, hamiltonian.qubits)
    values = np.array([_values(letters[terms], coefficients[terms]) for terms in members])
    return Groups(
        float(coefficients[~letters.any(axis=1)].sum()),
        np.where(found == 0, 3, found),
        values.reshape(len(members), 2**hamiltonian.qubits),
        np.array([np.abs(coefficients[terms]).sum() for terms in members]),
    )


def _fits(letters: npt.NDArray[np.int64], basis: npt.NDArray[np.int64]) -> bool:
    return bool(((letters == basis) | (letters == 0) | (basis == 0)).all())


def _values(letters: npt.NDArray[np.int64], coefficients: Array) -> Array:
    """Return the sum of coefficient * (-1)^(measured ones under the letters) for each bit string (2^n,)."""
    qubits = letters.shape[1]
    masks = (letters > 0) @ (1 << np.arange(qubits)[::-1])
    parities = np.bitwise_count(np.arange(2**qubits) & masks[:, None]) & 1
    values: Array = coefficients @ (1.0 - 2.0 * parities)
    return values


def split(shots: int, weights: Array) -> npt.NDArray[np.int64]:
    """Return the shots of each group (G,), in proportion to the weights, at least 1: largest remainders first."""
    if not len(weights):
        return np.zeros(0, dtype=np.int64)
    exact = (shots - len(weights)) * weights / weights.sum()
    counts: npt.NDArray[np.int64] = exact.astype(np.int64)
    left = shots - len(weights) - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:left]] += 1
    return counts + 1
