"""Noise and Hamiltonian in the form in which the compiled loops over a Pauli vector take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array
from automl.trainers.circuits.simulator.observable import Real

UNIFORM, JOINT, SIDES = range(3)
"""Noise after a CNOT: one factor for all strings but II; any matrix on both; a factor, then a matrix on either."""
SCALED, ANY = range(2)
"""Noise after a rotation: a diagonal matrix, or any."""
EXACT = 4e-15
"""How far entries of a matrix may be from a simpler form, relative to its largest: the rounding of a few products."""
SINGULAR = 1e12
"""A matrix that would enlarge an error more than this when undone is not undone at all."""


class Tables(NamedTuple):
    """Noise of all gates, each in the three ways FORWARD, UNDO and PULL, and the observable.

    Attributes:
        rotations: (3, 3, n, 4, 4) by way, axis, qubit.
        cnots: (3, n, n, K) by way, control, target: the factor, and behind it, where any CNOT has them, two matrices
            (4, 4), control first (SIDES), or one (16, 16) (JOINT).
        forms: (3 + n, n): SCALED or ANY by axis and qubit; UNIFORM, JOINT or SIDES by 3 + control and target.
        growth: (3 + n, n): how many times undoing that noise may enlarge an error.
        letters: (n, terms) the observable's Pauli strings, by qubit.
        weights: (terms,) what their expectations are multiplied with to give the energy that is read.
    """

    rotations: Real
    cnots: Real
    forms: npt.NDArray[np.int64]
    growth: Array
    letters: npt.NDArray[np.int64]
    weights: Array


def tables(hamiltonian: Hamiltonian, noise: GateNoise, dtype: npt.DTypeLike = np.float64) -> Tables:
    """Write down noise and Hamiltonian for the compiled loops, matrices in `dtype`."""
    undone, turn_growth = _undone(noise.rotations)
    rotations = np.stack([noise.rotations, undone, np.swapaxes(noise.rotations, -1, -2)])
    off_diagonal = np.abs(noise.rotations * (1 - np.eye(4))).max(axis=(-2, -1))
    cnots, forms = _cnots(noise)
    places, weights = observed(hamiltonian, noise.readout)
    return Tables(
        np.ascontiguousarray(rotations, dtype),
        np.ascontiguousarray(cnots, dtype),
        np.concatenate([np.where(off_diagonal == 0, SCALED, ANY), forms]),
        np.concatenate([turn_growth, _undone(noise.cnots)[1]]),
        np.stack([places >> 2 * (noise.qubits - 1 - qubit) & 3 for qubit in range(noise.qubits)]),
        weights,
    )


def _cnots(noise: GateNoise) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return the CNOTs (3, n, n, K) and their forms (n, n)."""
    n = noise.qubits
    forms, cnots = np.zeros((n, n), dtype=np.int64), np.zeros((3, n, n, 257))
    for pair in np.ndindex(n, n):
        forms[pair], factor, sides = structure(noise.cnots[pair])
        cnots[:, *pair, 0] = factor, 1 / factor if factor else 1.0, factor
        parts = noise.cnots[pair][None] if forms[pair] == JOINT else sides
        ways = np.stack([parts, _undone(parts)[0], np.swapaxes(parts, -1, -2)])
        cnots[:, *pair, 1 : 1 + parts.size] = ways.reshape(3, -1)
    return cnots[
        ..., : {UNIFORM: 1, JOINT: 257, SIDES: 33}[JOINT if (forms == JOINT).any() else int(forms.max())]
    ], forms


def _undone(matrices: Array) -> tuple[Array, Array]:
    """Return inverses and how much they enlarge an error (their norm); the identity and infinity if there is none."""
    smallest = np.linalg.svd(matrices, compute_uv=False)[..., -1]
    singular = smallest * SINGULAR < 1
    safe = np.where(singular[..., None, None], np.eye(matrices.shape[-1]), matrices)
    return np.linalg.inv(safe), np.where(singular, np.inf, 1 / np.where(singular, 1.0, smallest))


def structure(matrix: Array) -> tuple[int, float, Array]:
    """Return the form of the noise (16, 16) after a CNOT, its factor, and its two sides (2, 4, 4), control first.

    SIDES: (A x B) diag(1, u, ..., u). Rows and columns of letter I give u A and u B, the others u A x B, so one of
    them gives u.
    """
    blocks = matrix.reshape(4, 4, 4, 4)  # control, target; control before, target before
    factor = float(matrix[1, 1])
    if np.array_equal(matrix, np.diag([1.0] + [factor] * 15)):
        return UNIFORM, factor, np.stack([np.eye(4)] * 2)
    control, target = blocks[:, 0, :, 0], blocks[0, :, 0, :]
    i, j = np.unravel_index(np.abs(control[1:, 1:]).argmax(), (3, 3))
    k, m = np.unravel_index(np.abs(target[1:, 1:]).argmax(), (3, 3))
    i, j, k, m = i + 1, j + 1, k + 1, m + 1
    both = blocks[i, k, j, m]
    factor = float(control[i, j] * target[k, m] / both) if both else 1.0
    sides = np.stack([control, target])
    if factor:
        sides[:, :, 1:] /= factor
    uniform = np.diag([1.0] + [factor] * 15)
    if np.abs(np.kron(sides[0], sides[1]) @ uniform - matrix).max() <= EXACT * np.abs(matrix).max():
        return SIDES, factor, sides
    return JOINT, 1.0, np.stack([np.eye(4)] * 2)


def observed(hamiltonian: Hamiltonian, readout: Array) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the Pauli strings (as indices) and weights whose sum is the energy that an imperfect readout gives.

    Each qubit is read by itself, so a string is read as the product of (offset + factor * letter) over its letters.
    """
    found: dict[int, float] = {}
    for letters, coefficient in zip(hamiltonian.letters, hamiltonian.coefficients, strict=True):
        parts = {0: float(coefficient)}
        for letter, (offset, factor) in zip(letters, readout, strict=True):
            choices = ((0, 1.0),) if letter == 0 else ((0, float(offset)), (int(letter), float(factor)))
            parts = {4 * at + k: weight * by for at, weight in parts.items() for k, by in choices if by}
        for at, weight in parts.items():
            found[at] = found.get(at, 0.0) + weight
    places = sorted(found)
    return np.array(places, dtype=np.int64), np.array([found[place] for place in places], dtype=np.float64)
