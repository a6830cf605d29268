"""Energies of circuits without noise, in NumPy: slower than `state`, and written in another way to check it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array, Minimum, Precision
from automl.trainers.circuits.simulator.observable import masks
from automl.trainers.circuits.simulator.program import Program
from automl.trainers.circuits.simulator.reference import extensions, minimise

States = npt.NDArray[np.complexfloating]

PAULIS = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
"""X, Y, Z, in the order of `program.KIND`."""


class StateReference:
    """The state vector of 2^n amplitudes, all sets of angles at once. Implements `contract.Simulator`.

    Args:
        hamiltonian: whose energy it is.
        precision: of the amplitudes; angles and energies are always float64.
    """

    def __init__(self, hamiltonian: Hamiltonian, precision: Precision = "float64") -> None:
        self.qubits = hamiltonian.qubits
        self._dtype = np.result_type(np.dtype(precision), np.complex64)
        self._masks = {flips: values.astype(self._dtype) for flips, values in masks(hamiltonian).items()}

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,); see `Simulator.energy`."""
        states = self._run(program, _sets(program, angles))
        return _inner(states, self._apply(states)).real

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives (B, P); see `Simulator.gradient`."""
        sets = _sets(program, angles)
        states = self._run(program, sets)
        duals = self._apply(states)
        values, slopes = _inner(states, duals).real, np.zeros(sets.shape)
        for kind, target, control, place in program.codes[::-1]:
            if place < 0:
                states, duals = self._flip(states, control, target), self._flip(duals, control, target)
                continue
            pauli = np.broadcast_to(PAULIS[kind], (len(sets), 2, 2))
            slopes[:, place] = _inner(duals, self._act(states, pauli, target)).imag
            undo = _rotations(kind, -sets[:, place])
            states, duals = self._act(states, undo, target), self._act(duals, undo, target)
        return values, slopes

    def minimise(self, program: Program, angles: Array, *, tolerance: float, iterations: int) -> Minimum:
        """Minimise over all angles (P,) by SciPy's L-BFGS-B; see `Simulator.minimise`."""
        return minimise(self, program, angles, tolerance, iterations)

    def extensions(self, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
        """Return the energies of the circuit followed by each path (K,); see `Simulator.extensions`."""
        return extensions(self, program, angles, paths)

    def _run(self, program: Program, sets: Array) -> States:
        """Return the states (B, 2^n) after all gates."""
        states = np.zeros((len(sets), 2**self.qubits), dtype=self._dtype)
        states[:, 0] = 1
        for kind, target, control, place in program.codes:
            if place < 0:
                states = self._flip(states, control, target)
            else:
                states = self._act(states, _rotations(kind, sets[:, place]), target)
        return states

    def _act(self, states: States, matrices: npt.NDArray[np.complex128], target: int) -> States:
        """Apply a matrix (B, 2, 2) to a qubit of each state."""
        split = states.reshape(len(states), 2**target, 2, -1)
        acted: States = np.einsum("bij,bajc->baic", matrices.astype(self._dtype), split)
        return acted.reshape(states.shape)

    def _flip(self, states: States, control: int, target: int) -> States:
        index = np.arange(2**self.qubits)
        return states[:, index ^ ((index >> (self.qubits - 1 - control) & 1) << (self.qubits - 1 - target))]

    def _apply(self, states: States) -> States:
        """Return H|psi> for each state."""
        index, product = np.arange(2**self.qubits), np.zeros_like(states)
        for flips, values in self._masks.items():
            product += (values * states)[:, index ^ flips]
        return product


def _sets(program: Program, angles: Array) -> Array:
    return angles if angles.ndim == 2 else angles.reshape(1, program.angles)


def _inner(left: States, right: States) -> npt.NDArray[np.complex128]:
    products: States = np.einsum("bk,bk->b", left.conj(), right)
    return products.astype(np.complex128)


def _rotations(kind: int, angles: Array) -> npt.NDArray[np.complex128]:
    """Return exp(-i a P / 2) (B, 2, 2)."""
    half = angles[:, None, None] / 2
    return np.asarray(np.cos(half) * np.eye(2) - 1j * np.sin(half) * PAULIS[kind])
