"""Noise and Hamiltonian in the form in which the compiled loops over a Pauli vector take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array
from automl.trainers.circuits.simulator.observable import Real

UNIFORM, SIDES, JOINT = range(3)
"""Noise after a CNOT: one factor for all strings but II; also a matrix on either qubit; any matrix on both."""
EXACT = 1e-15
"""How far entries of a matrix may be from a simpler form, relative to its largest: the rounding of one product."""
SINGULAR = 1e12
"""A matrix that grows an error more than this when undone is not undone at all."""


class Tables(NamedTuple):
    """Noise of all gates, each in the three ways FORWARD, UNDO and PULL, and the observable.

    Attributes:
        rotations: (3, 3, n, 4, 4) by way, axis, qubit.
        scaled: (3, n) whether that noise is diagonal.
        turn_growth: (3, n) most that undoing it enlarges an error.
        forms: (n, n) UNIFORM, SIDES or JOINT, by control and target, as all that follow.
        factors: (3, n, n).
        sides: (3, n, n, 2, 4, 4), control first; (3, 0, 0, 2, 4, 4) if there are none.
        joints: (3, n, n, 16, 16); (3, 0, 0, 16, 16) if there are none.
        cnot_growth: (n, n).
        places: (terms,) indices of Pauli strings.
        weights: (terms,) what their expectations are multiplied with to give the energy that is read.
    """

    rotations: Real
    scaled: npt.NDArray[np.bool_]
    turn_growth: Array
    forms: npt.NDArray[np.int64]
    factors: Real
    sides: Real
    joints: Real
    cnot_growth: Array
    places: npt.NDArray[np.int64]
    weights: Array


def tables(hamiltonian: Hamiltonian, noise: GateNoise, dtype: npt.DTypeLike = np.float64) -> Tables:
    """Write down noise and Hamiltonian for the compiled loops, matrices in `dtype`."""
    n = noise.qubits
    diagonal = np.abs(noise.rotations * (1 - np.eye(4))).max(axis=(-2, -1)) == 0
    undone, turn_growth = _undone(noise.rotations)
    forms, factors, sides = np.zeros((n, n), np.int64), np.ones((n, n)), np.tile(np.eye(4), (n, n, 2, 1, 1))
    for control in range(n):
        for target in range(n):
            forms[control, target], factors[control, target], sides[control, target] = structure(
                noise.cnots[control, target]
            )
    sides = sides if (forms == SIDES).any() else sides[:0, :0]
    cnots = noise.cnots if (forms == JOINT).any() else noise.cnots[:0, :0]
    back = np.where(factors == 0, 1.0, 1 / np.where(factors == 0, 1.0, factors))
    places, weights = observed(hamiltonian, noise.readout)
    return Tables(
        np.stack([noise.rotations, undone, np.swapaxes(noise.rotations, -1, -2)]).astype(dtype),
        diagonal,
        turn_growth,
        forms,
        np.stack([factors, back, factors]).astype(dtype),
        np.stack([sides, _undone(sides)[0], np.swapaxes(sides, -1, -2)]).astype(dtype),
        np.stack([cnots, _undone(cnots)[0], np.swapaxes(cnots, -1, -2)]).astype(dtype),
        _undone(noise.cnots)[1],
        places,
        weights,
    )


def _undone(matrices: Array) -> tuple[Array, Array]:
    """Return inverses and how much they enlarge an error (their norm); the identity and infinity if there is none."""
    if not matrices.size:
        return matrices, np.zeros(matrices.shape[:-2])
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
    if np.abs(np.kron(sides[0], sides[1]) @ uniform - matrix).max() <= 4 * EXACT * np.abs(matrix).max():
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
