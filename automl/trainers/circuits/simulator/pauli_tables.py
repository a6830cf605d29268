"""Noise and Hamiltonian in the form in which the compiled loops over a Pauli vector take them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array
from automl.trainers.circuits.simulator.observable import Real

UNIFORM, JOINT, SIDES = range(3)
"""Noise after a CNOT: one factor for all strings but II; any matrix on both; a factor, then a matrix on either."""
EVEN, ANY = range(2)
"""Noise after a rotation: one factor for X, Y and Z, about whatever axis the qubit is turned; or any matrix."""
EXACT = 4e-15
"""How far entries of a matrix may be from a simpler form, relative to its largest: the rounding of a few products."""
SINGULAR = 1e12
"""A matrix that would enlarge an error more than this when undone is not undone at all."""


class Tables(NamedTuple):
    """Noise of all gates, each in the three ways FORWARD, UNDO and PULL, and the observable.

    Attributes:
        numbers: (3, N) matrices by way, behind one another; the first one is the identity (4, 4). That of a rotation is
            (4, 4), those of a CNOT are two of (4, 4), control first (SIDES), or one of (16, 16) (JOINT).
        rules: (2, 3 + n, n): where in `numbers` the noise stands, and its form: EVEN or ANY, by axis and qubit;
            UNIFORM, JOINT or SIDES, by 3 + control and target.
        factors: (3 + n, n): what EVEN noise and that of CNOTs multiplies strings with, before any matrix.
        growth: (2, 3 + n, n): how many times undoing each matrix may enlarge an error.
        letters: (n, terms) the observable's Pauli strings, by qubit.
        weights: (terms,) what their expectations are multiplied with to give the energy that is read.
    """

    numbers: Real
    rules: npt.NDArray[np.int64]
    factors: Array
    growth: Array
    letters: npt.NDArray[np.int64]
    weights: Array


def tables(hamiltonian: Hamiltonian, noise: GateNoise, dtype: npt.DTypeLike = np.float64) -> Tables:
    """Write down noise and Hamiltonian for the compiled loops, matrices in `dtype`."""
    n = noise.qubits
    numbers, count = [np.tile(np.eye(4).ravel(), (3, 1))], 16
    rules, growth, factors = np.zeros((2, 3 + n, n), np.int64), np.ones((2, 3 + n, n)), np.ones((3 + n, n))
    for row, qubit in np.ndindex(3 + n, n):
        found = structure(noise.cnots[row - 3, qubit]) if row >= 3 else _rotation(noise.rotations[:, qubit], row)
        rules[:, row, qubit], factors[row, qubit] = (count, found[0]), found[1]
        for k, matrix in enumerate(found[2]):
            inverse, growth[k, row, qubit] = _undone(matrix)
            numbers.append(np.stack([matrix.ravel(), inverse.ravel(), matrix.T.ravel()]))
            count += matrix.size
    places, weights = observed(hamiltonian, noise.readout)
    letters = np.stack([places >> 2 * (n - 1 - qubit) & 3 for qubit in range(n)])
    joined = np.ascontiguousarray(np.concatenate(numbers, axis=1), dtype)
    return Tables(joined, rules, factors, growth, letters, weights)


def _rotation(noise: Array, axis: int) -> tuple[int, float, list[Array]]:
    """Return form, factor and matrices of the noise about one axis, given that about all three (3, 4, 4)."""
    factors = noise[:, 1, 1]
    even = all(np.array_equal(one, np.diag([1.0, f, f, f])) for one, f in zip(noise, factors, strict=True))
    return (EVEN, float(factors[axis]), []) if even else (ANY, 1.0, [noise[axis]])


def _undone(matrix: Array) -> tuple[Array, float]:
    """Return the inverse and how much it enlarges an error, its norm; the identity and infinity if there is none."""
    smallest = float(np.linalg.svd(matrix, compute_uv=False)[-1])
    if smallest * SINGULAR < 1:
        return np.eye(len(matrix)), math.inf
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64), 1 / smallest


def structure(matrix: Array) -> tuple[int, float, list[Array]]:
    """Return form, factor and matrices of the noise (16, 16) after a CNOT.

    SIDES: (A x B) diag(1, u, ..., u). Rows and columns of letter I give u A and u B, the others u A x B, so one of
    them gives u.
    """
    factor = float(matrix[1, 1])
    if np.array_equal(matrix, np.diag([1.0] + [factor] * 15)):
        return UNIFORM, factor, []
    blocks = matrix.reshape(4, 4, 4, 4)  # control, target; control before, target before
    control, target = blocks[:, 0, :, 0].copy(), blocks[0, :, 0, :].copy()
    i, j = (1 + int(k) for k in np.unravel_index(np.abs(control[1:, 1:]).argmax(), (3, 3)))
    k, m = (1 + int(k) for k in np.unravel_index(np.abs(target[1:, 1:]).argmax(), (3, 3)))
    both = float(blocks[i, k, j, m])
    factor = float(control[i, j] * target[k, m]) / both if both else 1.0
    if factor:
        control[:, 1:] /= factor
        target[:, 1:] /= factor
    product = np.kron(control, target) * np.array([1.0] + [factor] * 15)
    if np.abs(product - matrix).max() <= EXACT * np.abs(matrix).max():
        return SIDES, factor, [control, target]
    return JOINT, 1.0, [matrix]


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
